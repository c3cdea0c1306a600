/** The one error class of this library, and the translation of the database's own errors into it. */

import { Prisma } from './generated/client.ts';

export type CatalogErrorCode =
  | 'not_found'
  | 'name_taken'
  /** An export stands in the way. */
  | 'image_exported'
  /** Overlays show its data: it must not change. */
  | 'image_has_overlays'
  /** The row has changed since the caller read it. */
  | 'version_conflict'
  /** Another process may write the image now. */
  | 'image_leased'
  /** This process may not write the image any more. */
  | 'lease_lost'
  /** The row is in a state that does not allow this. */
  | 'state_conflict'
  /** The key's holder would have more than it may. */
  | 'quota_exceeded'
  /** It was kept for as long as reports are kept. */
  | 'report_expired'
  /** No live gateway reaches the pool. */
  | 'no_gateway'
  /** A migration failed before, or was edited after it was applied. */
  | 'migration_failed';

export interface CatalogErrorContext {
  resource?: string;
  id?: string;
  name?: string;
  state?: string;
  owner?: string;
  exportId?: string;
  overlayId?: string;
  gatewayId?: string;
  pool?: string;
}

export class CatalogError extends Error {
  override readonly name = 'CatalogError';

  constructor(
    readonly code: CatalogErrorCode,
    message: string,
    readonly context: CatalogErrorContext = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

export function notFound(resource: string, id: string): CatalogError {
  return new CatalogError('not_found', `${resource} ${id}: there is none`, { resource, id });
}

export function reportExpired(resource: string, id: string): CatalogError {
  const message = `${resource} ${id}: its report was kept for as long as reports are kept, and dropped`;
  return new CatalogError('report_expired', message, { resource, id });
}

const UNIQUE_VIOLATION = 'P2002';

/** Passes `row` on; a broken unique constraint on its name becomes `name_taken`. */
export async function refusingTakenName<T>(
  resource: string,
  name: string,
  row: Promise<T>,
): Promise<T> {
  try {
    return await row;
  } catch (cause) {
    if (
      !(cause instanceof Prisma.PrismaClientKnownRequestError && cause.code === UNIQUE_VIOLATION)
    ) {
      throw cause;
    }
    const message = `name: got ${name}, allowed is one that no other ${resource} has`;
    throw new CatalogError('name_taken', message, { resource, name }, { cause });
  }
}
