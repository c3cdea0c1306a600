/** Which page is shown where. Paths are in the fragment: every one can be linked to, and the server knows one page. */

import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { ApiError } from '@zonelab/client';
import { useMemo } from 'react';
import { Redirect, Route, Router, Switch } from 'wouter';
import { useHashLocation } from 'wouter/use-hash-location';
import { LiveProvider } from './api/live.tsx';
import { type Session, SessionProvider, useSessionState } from './api/session.tsx';
import { Compare } from './pages/compare/compare.tsx';
import { ExperimentPage } from './pages/experiment/experiment.tsx';
import { Experiments } from './pages/experiments/experiments.tsx';
import { NewExperiment } from './pages/experiments/new-experiment.tsx';
import { ExportPage } from './pages/exports/export.tsx';
import { Exports } from './pages/exports/exports.tsx';
import { FleetPage } from './pages/fleets/fleet.tsx';
import { Fleets } from './pages/fleets/fleets.tsx';
import { ImagePage } from './pages/image/image.tsx';
import { Images } from './pages/images/images.tsx';
import { Login } from './pages/login/login.tsx';
import { SweepPage } from './pages/sweeps/sweep.tsx';
import { Sweeps } from './pages/sweeps/sweeps.tsx';
import { System } from './pages/system/system.tsx';
import { Shell } from './shell/shell.tsx';
import { Empty } from './ui/basics.tsx';
import { Toasts } from './ui/toasts.tsx';

export function App() {
  return (
    <SessionProvider>
      <Door />
      <Toasts />
    </SessionProvider>
  );
}

function Door() {
  const { session } = useSessionState();
  return session ? <Inside key={session.key} session={session} /> : <Login />;
}

function Inside({ session }: { session: Session }) {
  const queries = useMemo(() => queryClientFor(session), [session]);
  return (
    <QueryClientProvider client={queries}>
      <LiveProvider>
        <Router hook={useHashLocation}>
          <Shell>
            <Pages />
          </Shell>
        </Router>
      </LiveProvider>
    </QueryClientProvider>
  );
}

function Pages() {
  return (
    <Switch>
      <Route path="/">
        <Redirect to="/images" replace />
      </Route>
      <Route path="/images" component={Images} />
      <Route path="/images/:id">{({ id }) => <ImagePage key={id} id={id} />}</Route>
      <Route path="/experiments" component={Experiments} />
      <Route path="/experiments/new" component={NewExperiment} />
      <Route path="/experiments/:id">{({ id }) => <ExperimentPage key={id} id={id} />}</Route>
      <Route path="/compare/:ids">{({ ids }) => <Compare key={ids} ids={ids.split(',')} />}</Route>
      <Route path="/sweeps" component={Sweeps} />
      <Route path="/sweeps/:id">{({ id }) => <SweepPage key={id} id={id} />}</Route>
      <Route path="/fleets" component={Fleets} />
      <Route path="/fleets/:id">{({ id }) => <FleetPage key={id} id={id} />}</Route>
      <Route path="/system" component={System} />
      <Route path="/exports" component={Exports} />
      <Route path="/exports/:id">{({ id }) => <ExportPage key={id} id={id} />}</Route>
      <Route>
        <Empty title="There is no such page" />
      </Route>
    </Switch>
  );
}

/** A key that the API no longer takes ends the session, whatever asked. */
function queryClientFor(session: Session): QueryClient {
  const isRefusal = (error: unknown) => error instanceof ApiError && error.code !== 'unreachable';
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof ApiError && error.code === 'unauthorized') {
          session.end('The key is no longer valid.');
        }
      },
    }),
    defaultOptions: {
      queries: { staleTime: 5_000, retry: (count, error) => !isRefusal(error) && count < 3 },
    },
  });
}
