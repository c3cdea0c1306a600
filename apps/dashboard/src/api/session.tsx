/** Who is logged in: the API key, kept for this tab's session only, and the client that sends it. */

import { type ApiClient, createApiClient, resultOf } from '@zonelab/client';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';

const STORED = 'zonelab.key';

export interface Session {
  readonly key: string;
  readonly client: ApiClient;
  end(reason?: string): void;
}

interface SessionState {
  readonly session: Session | undefined;
  /** Why the last one ended, where its user did not end it. */
  readonly ended: string | undefined;
  begin(key: string): Promise<void>;
}

const SessionContext = createContext<SessionState | undefined>(undefined);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [key, setKey] = useState(() => sessionStorage.getItem(STORED));
  const [ended, setEnded] = useState<string>();
  const end = useCallback((reason?: string) => {
    sessionStorage.removeItem(STORED);
    setEnded(reason);
    setKey(null);
  }, []);
  const begin = useCallback(async (given: string) => {
    await resultOf(connect(given).GET('/v1/gateways'));
    sessionStorage.setItem(STORED, given);
    setEnded(undefined);
    setKey(given);
  }, []);
  const state = useMemo(() => {
    const session = key === null ? undefined : { key, client: connect(key), end };
    return { session, ended, begin };
  }, [key, ended, end, begin]);
  return <SessionContext value={state}>{children}</SessionContext>;
}

export function useSessionState(): SessionState {
  const state = useContext(SessionContext);
  if (!state) throw new Error('no SessionProvider');
  return state;
}

/** The session of a page that is only shown to who is logged in. */
export function useSession(): Session {
  const { session } = useSessionState();
  if (!session) throw new Error('nobody is logged in');
  return session;
}

export function useClient(): ApiClient {
  return useSession().client;
}

function connect(key: string): ApiClient {
  return createApiClient({ url: location.origin, token: key });
}
