/** The zones of an image: read in pieces, side by side, and painted as they come. */

import { resultOf } from '@zonelab/client';
import type { Zone } from '@zonelab/contracts';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useClient } from '../api/session.tsx';
import { ZoneTable } from './zone-table.ts';

/** Zones asked for at once: the most that the API answers, some 1.5 MB. */
const PIECE = 10_000;
/** A first piece that is there at once. */
const FIRST_PIECE = 1_000;

interface Geometry {
  readonly id: string;
  readonly zoneCount: number;
  readonly zoneSize: number;
}

export interface Zones {
  readonly table: ZoneTable;
  readonly error: unknown;
  /** Reads all of them again. */
  reload(): void;
}

export function useZones({ id, zoneCount, zoneSize }: Geometry): Zones {
  const client = useClient();
  const table = useMemo(() => new ZoneTable(zoneCount, zoneSize), [zoneCount, zoneSize]);
  const [error, setError] = useState<unknown>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    const read = async (from: number, count: number): Promise<void> => {
      const params = { path: { id }, query: { from, count } };
      const call = client.GET('/v1/images/{id}/zones', { params, signal: stop.signal });
      const { items } = await resultOf(call);
      table.take(items as Zone[]);
    };
    const readAll = async (): Promise<void> => {
      await read(0, Math.min(FIRST_PIECE, zoneCount));
      const starts: number[] = [];
      for (let from = FIRST_PIECE; from < zoneCount; from += PIECE) starts.push(from);
      await Promise.all(starts.map((from) => read(from, Math.min(PIECE, zoneCount - from))));
    };
    readAll()
      .then(() => setError(undefined))
      .catch((problem: unknown) => {
        if (!stop.signal.aborted) setError(problem);
      });
    return () => stop.abort();
  }, [client, table, id, zoneCount, round]);
  return { table, error, reload: () => setRound((before) => before + 1) };
}

/** Renders again with every change of the table, at most once a frame. */
export function useTableVersion(table: ZoneTable): number {
  const subscribe = useMemo(() => {
    return (onChange: () => void) => {
      let frame = 0;
      const later = () => {
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          onChange();
        });
      };
      const unsubscribe = table.subscribe(later);
      return () => {
        unsubscribe();
        cancelAnimationFrame(frame);
      };
    };
  }, [table]);
  return useSyncExternalStore(subscribe, () => table.version);
}
