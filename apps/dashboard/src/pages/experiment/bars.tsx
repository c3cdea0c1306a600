/** Shares of a whole, as bars with their values. */

import css from './report.module.css';

interface Bar {
  readonly name: string;
  readonly share: number;
  readonly text: string;
}

export function Bars({ of }: { of: readonly Bar[] }) {
  const most = Math.max(...of.map(({ share }) => share));
  return (
    <dl className={css.bars}>
      {of.map(({ name, share, text }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span style={{ width: `${(share / most) * 60}%` }} />
            {text}
          </dd>
        </div>
      ))}
    </dl>
  );
}
