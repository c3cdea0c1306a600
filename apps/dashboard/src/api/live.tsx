/** The stream of the lab's events: what changed is asked for again, and the last ones can be listened to. */

import { useQueryClient } from '@tanstack/react-query';
import type { LabEvent } from '@zonelab/contracts';
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { followEvents } from './server-sent-events.ts';
import { useSession } from './session.tsx';

type Listener = (event: LabEvent) => void;

interface Live {
  readonly connected: boolean;
  /** Answers how to stop listening. */
  listen(listener: Listener): () => void;
  /** The last events, newest first. */
  recent(): readonly LabEvent[];
}

const LiveContext = createContext<Live | undefined>(undefined);

/** Changes within so long are one: an experiment reports its progress many times a second. */
const GATHER_MS = 250;
const KEPT_EVENTS = 200;

export function LiveProvider({ children }: { children: ReactNode }) {
  const { key } = useSession();
  const queries = useQueryClient();
  const [connected, setConnected] = useState(false);
  const listeners = useRef(new Set<Listener>());
  const kept = useRef<LabEvent[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const stale = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      timer = undefined;
      for (const resource of stale) queries.invalidateQueries({ queryKey: [resource] });
      stale.clear();
    };
    followEvents({
      url: '/v1/events',
      key,
      signal: stop.signal,
      onState: (now) => {
        setConnected(now);
        if (now) queries.invalidateQueries();
      },
      onEvent: ({ type, data }) => {
        if (type === 'heartbeat') return;
        const event = JSON.parse(data) as LabEvent;
        kept.current = [event, ...kept.current].slice(0, KEPT_EVENTS);
        for (const listener of listeners.current) listener(event);
        stale.add(event.resource);
        timer ??= setTimeout(refresh, GATHER_MS);
      },
    });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, queries]);
  const live = useMemo(
    () => ({
      connected,
      recent: () => kept.current,
      listen: (listener: Listener) => {
        listeners.current.add(listener);
        return () => {
          listeners.current.delete(listener);
        };
      },
    }),
    [connected],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error('no LiveProvider');
  return live;
}
