/** Tables of rows with named columns. */

import type { ReactNode } from 'react';
import css from './ui.module.css';

export interface Column<T> {
  readonly title: string;
  readonly number?: boolean;
  readonly cell: (row: T) => ReactNode;
}

interface TableProps<T> {
  /** Read out before the table. */
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
}

export function Table<T>({ caption, columns, rows, keyOf }: TableProps<T>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={css.tableFrame} aria-label={caption} tabIndex={0}>
      <table className={css.table}>
        <thead>
          <tr>
            {columns.map(({ title, number }) => (
              <th key={title} scope="col" className={number ? css.number : undefined}>
                {title || <span className={css.srOnly}>Actions</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ title, number, cell }) => (
                <td key={title} className={number ? css.number : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
