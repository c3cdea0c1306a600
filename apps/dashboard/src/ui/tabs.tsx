/** Tabs: arrow keys go from one to the next. */

import { Tabs as BaseTabs } from '@base-ui/react/tabs';
import type { ReactNode } from 'react';
import css from './ui.module.css';

export interface TabPanel {
  readonly name: string;
  readonly content: ReactNode;
}

export function Tabs({ panels, label }: { panels: readonly TabPanel[]; label: string }) {
  return (
    <BaseTabs.Root defaultValue={panels[0]?.name}>
      <BaseTabs.List className={css.tabs} aria-label={label}>
        {panels.map(({ name }) => (
          <BaseTabs.Tab key={name} value={name} className={css.tab}>
            {name}
          </BaseTabs.Tab>
        ))}
      </BaseTabs.List>
      {panels.map(({ name, content }) => (
        <BaseTabs.Panel key={name} value={name}>
          {content}
        </BaseTabs.Panel>
      ))}
    </BaseTabs.Root>
  );
}
