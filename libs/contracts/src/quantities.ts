/** Units of numbers, for those who draw forms. A registry of its own: OpenAPI 3.0 knows no such keyword. */

import { z } from 'zod';

export interface Quantity {
  /** As `bytes`, `bytes/s`, `ns`, `s`, `commands`, `zones`, `share`. */
  readonly unit: string;
  /** Of a size: its schema is a union with text, which shows no bounds of its own. */
  readonly minimum?: number;
  readonly maximum?: number;
  readonly powerOfTwo?: boolean;
}

export const quantities = z.registry<Quantity>();

/** The same schema in its unit. */
export function measuredIn<T extends z.ZodType>(unit: string, schema: T): T {
  const measured = schema.clone() as T;
  quantities.add(measured, { ...quantities.get(schema), unit });
  return measured;
}
