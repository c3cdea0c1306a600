/** The zones of an image: read in pieces, side by side, painted as they come, and kept as they are by a stream. */

import { resultOf } from '@zonelab/client';
import type { Zone } from '@zonelab/contracts';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { followEvents } from '../api/server-sent-events.ts';
import { useSession } from '../api/session.tsx';
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
  const { client, key } = useSession();
  const table = useMemo(() => new ZoneTable(zoneCount, zoneSize), [zoneCount, zoneSize]);
  const [error, setError] = useState<unknown>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    const read = async (from: number, count: number): Promise<void> => {
      const askedIn = table.version;
      const params = { path: { id }, query: { from, count } };
      const call = client.GET('/v1/images/{id}/zones', { params, signal: stop.signal });
      const { items } = await resultOf(call);
      table.takeReport(items as Zone[], askedIn);
    };
    const readAll = async (): Promise<void> => {
      await read(0, Math.min(FIRST_PIECE, zoneCount));
      const starts: number[] = [];
      for (let from = FIRST_PIECE; from < zoneCount; from += PIECE) starts.push(from);
      await Promise.all(starts.map((from) => read(from, Math.min(PIECE, zoneCount - from))));
    };
    const refresh = () =>
      readAll()
        .then(() => setError(undefined))
        .catch((problem: unknown) => {
          if (!stop.signal.aborted) setError(problem);
        });
    let begun = false;
    followEvents({
      url: `/v1/images/${id}/zones/events`,
      key,
      signal: stop.signal,
      // without a stream the zones are shown all the same, as they are now
      onState: (connected) => {
        if (!connected && !begun) refresh();
      },
      onEvent: ({ type, data }) => {
        if (type === 'reset') {
          begun = true;
          refresh();
        } else if (type === 'zones') table.take((JSON.parse(data) as { items: Zone[] }).items);
      },
    });
    return () => stop.abort();
  }, [client, key, table, id, zoneCount, round]);
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
