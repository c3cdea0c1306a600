/** What the colours mean, with the count of zones of each condition; each is a filter too. */

import { formatCount } from '../format/units.ts';
import { CONDITIONS, LOOKS } from './conditions.ts';
import css from './map.module.css';
import { wearGradient } from './painter.ts';
import type { ZoneTable } from './zone-table.ts';

interface LegendProps {
  table: ZoneTable;
  only: number | undefined;
  onOnly: (condition: number | undefined) => void;
}

export function Legend({ table, only, onOnly }: LegendProps) {
  return (
    <fieldset className={css.legend}>
      <legend className={css.spoken}>Conditions: choose one to make it stand out</legend>
      {CONDITIONS.map((condition, index) => {
        const count = table.counts[index] as number;
        const { name, about, colour, sign } = LOOKS[condition];
        return (
          <button
            key={condition}
            type="button"
            className={css.entry}
            aria-pressed={only === index}
            disabled={count === 0 && only !== index}
            title={about}
            onClick={() => onOnly(only === index ? undefined : index)}
          >
            <i className={css.swatch} style={{ background: colour }} aria-hidden>
              {sign}
            </i>
            {name}
            <b>{formatCount(count)}</b>
          </button>
        );
      })}
    </fieldset>
  );
}

export function WearLegend({ table }: { table: ZoneTable }) {
  return (
    <div className={css.legend}>
      <span>resets: 0</span>
      <span className={css.gradient} style={{ background: wearGradient() }} />
      <span>{formatCount(table.mostResets)}</span>
    </div>
  );
}
