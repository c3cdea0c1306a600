/** What surrounds every page: the ways to the others, and whether the page is live. */

import { type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useLive } from '../api/live.tsx';
import { useSession } from '../api/session.tsx';
import { Button } from '../ui/basics.tsx';
import ui from '../ui/ui.module.css';
import { setTheme, storedTheme, type Theme } from '../ui/use-dark.ts';
import css from './shell.module.css';

const PAGES: readonly (readonly [path: string, name: string])[] = [
  ['/images', 'Images'],
  ['/exports', 'Exports'],
  ['/experiments', 'Experiments'],
  ['/sweeps', 'Sweeps'],
  ['/fleets', 'Fleets'],
  ['/system', 'System'],
];

export function Shell({ children }: { children: ReactNode }) {
  const [location] = useLocation();
  const { connected } = useLive();
  const { end } = useSession();
  return (
    <div className={css.shell}>
      <button
        type="button"
        className={css.skip}
        onClick={() => document.getElementById('main')?.focus()}
      >
        Skip to the page
      </button>
      <nav className={css.side} aria-label="Pages">
        <Link href="/images" className={css.brand}>
          <img src="./icon.svg" alt="" width={26} height={26} />
          zonelab
        </Link>
        {PAGES.map(([path, name]) => (
          <Link
            key={path}
            href={path}
            className={css.link}
            aria-current={location.startsWith(path) ? 'page' : undefined}
          >
            {name}
          </Link>
        ))}
        <div className={css.foot}>
          <span className={css.live} data-live={connected} role="status">
            {connected ? 'Live' : 'Reconnecting'}
          </span>
          <ThemeChoice />
          <Button small onClick={() => end()}>
            Log out
          </Button>
        </div>
      </nav>
      <main id="main" tabIndex={-1} className={css.main}>
        {children}
      </main>
    </div>
  );
}

function ThemeChoice() {
  const [theme, choose] = useState(storedTheme);
  return (
    <select
      className={ui.input}
      aria-label="Colours"
      value={theme}
      onChange={({ target }) => {
        choose(target.value as Theme);
        setTheme(target.value as Theme);
      }}
    >
      <option value="system">System colours</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  );
}
