/** The zone map with all that belongs to it: views, filter, the chosen zone and what can be done to it. */

import { type ReactNode, useState } from 'react';
import { formatBytes, formatCount, formatPercent } from '../format/units.ts';
import { Button, Card, ProblemNotice } from '../ui/basics.tsx';
import css from '../ui/ui.module.css';
import { useDark } from '../ui/use-dark.ts';
import { Legend, WearLegend } from './legend.tsx';
import map from './map.module.css';
import type { MapView } from './painter.ts';
import { useTableVersion, type Zones } from './use-zones.ts';
import { ZoneCanvas } from './zone-canvas.tsx';
import type { ZoneTable } from './zone-table.ts';
import { ZoneFields } from './zone-tip.tsx';

interface ZonePanelProps {
  zones: Zones;
  title?: string;
  /** Beside the chosen zone. */
  actions?: (index: number) => ReactNode;
  /** At the top right. */
  tools?: ReactNode;
}

export function ZonePanel(props: ZonePanelProps) {
  const { zones, title = 'Zones', actions, tools } = props;
  const { table, error, reload } = zones;
  const dark = useDark();
  const [view, setView] = useState<MapView>('conditions');
  const [only, setOnly] = useState<number>();
  const [selected, setSelected] = useState<number>();
  useTableVersion(table);
  return (
    <Card title={title} actions={tools}>
      {error !== undefined && <ProblemNotice error={error} onRetry={reload} />}
      <div className={map.tools}>
        <Summary table={table} />
        <fieldset className={`${css.row} ${map.legend}`}>
          <legend className={css.srOnly}>What the map shows</legend>
          {(['conditions', 'wear'] as const).map((one) => (
            <Button
              key={one}
              small
              look={view === one ? 'primary' : 'plain'}
              aria-pressed={view === one}
              onClick={() => setView(one)}
            >
              {one === 'wear' ? 'Wear' : 'Conditions'}
            </Button>
          ))}
        </fieldset>
      </div>
      <div className={map.side}>
        <ZoneCanvas
          table={table}
          view={view}
          only={only}
          dark={dark}
          selected={selected}
          onSelect={setSelected}
        />
        <Chosen table={table} index={selected} onChoose={setSelected} actions={actions} />
      </div>
      <div className={map.below}>
        {view === 'wear' ? (
          <WearLegend table={table} />
        ) : (
          <Legend table={table} only={only} onOnly={setOnly} />
        )}
        <span className={css.hint}>Wheel zooms, drag or Shift + wheel moves, 0 shows all</span>
      </div>
    </Card>
  );
}

function Summary({ table }: { table: ZoneTable }) {
  let written = 0;
  let capacity = 0;
  for (let index = 0; index < table.zoneCount; index++) {
    written += table.written[index] as number;
    capacity += table.capacities[index] as number;
  }
  const share = capacity === 0 ? 0 : written / capacity;
  return (
    <span className={css.muted}>
      {formatCount(table.zoneCount)} zones, {formatBytes(written)} of {formatBytes(capacity)} behind
      write pointers ({formatPercent(share)})
    </span>
  );
}

interface ChosenProps {
  table: ZoneTable;
  index: number | undefined;
  onChoose: (index: number) => void;
  actions: ZonePanelProps['actions'];
}

function Chosen({ table, index, onChoose, actions }: ChosenProps) {
  return (
    <aside className={css.stack} aria-label="Chosen zone">
      <label className={css.field}>
        <span className={css.fieldLabel}>Zone</span>
        <input
          className={css.input}
          type="number"
          min={0}
          max={table.zoneCount - 1}
          value={index ?? ''}
          placeholder="choose in the map, or type"
          onChange={({ target }) => {
            const wanted = target.valueAsNumber;
            if (Number.isInteger(wanted) && wanted >= 0 && wanted < table.zoneCount)
              onChoose(wanted);
          }}
        />
      </label>
      {index !== undefined && table.known[index] === 1 && (
        <>
          <ZoneFields zone={table.zone(index)} />
          {actions?.(index)}
        </>
      )}
    </aside>
  );
}
