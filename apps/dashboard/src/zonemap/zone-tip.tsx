/** All fields of the zone under the pointer. */

import type { Zone } from '@zonelab/contracts';
import { formatBytes, formatCount } from '../format/units.ts';
import { LOOKS } from './conditions.ts';
import { writtenBytes } from './describe.ts';
import css from './map.module.css';
import { cellOf, type Viewport } from './viewport.ts';

const WIDTH = 240;

export function ZoneTip({ zone, view, ratio }: { zone: Zone; view: Viewport; ratio: number }) {
  const cell = cellOf(view, zone.index);
  const x = Math.min(cell.x / ratio, Math.max(0, view.width / ratio - WIDTH));
  const below = (cell.y + view.cell) / ratio + 6;
  const fitsBelow = below + 180 < view.height / ratio || cell.y / ratio < 190;
  const place = fitsBelow ? { top: below } : { bottom: (view.height - cell.y) / ratio + 6 };
  return (
    <div className={css.tip} style={{ left: Math.max(0, x), width: WIDTH, ...place }} aria-hidden>
      <strong>Zone {formatCount(zone.index)}</strong>
      <ZoneFields zone={zone} />
    </div>
  );
}

export function ZoneFields({ zone }: { zone: Zone }) {
  const { colour, name } = LOOKS[zone.condition];
  const written = writtenBytes(zone);
  const rows: readonly (readonly [string, React.ReactNode])[] = [
    [
      'condition',
      <span key="condition" className={css.condition}>
        <i style={{ background: colour }} />
        {name}
      </span>,
    ],
    ['type', zone.type],
    ['start', formatHex(zone.start)],
    ['write pointer', written === null ? 'none' : formatHex(zone.writePointer)],
    ['written', written === null ? '–' : formatBytes(written)],
    ['capacity', formatBytes(zone.capacity)],
    ['size', formatBytes(zone.size)],
    ['resets', formatCount(zone.resetCount)],
  ];
  return (
    <dl className={css.fields}>
      {rows.map(([field, value]) => (
        <div key={field}>
          <dt>{field}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const formatHex = (bytes: number) => `0x${bytes.toString(16)}`;
