/** One service of the lab as a child process: started, waited for, stopped, and gone when this process is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { CliError } from '../errors.ts';
import {
  LOG_LINE_CHARS,
  SERVICE_START_ATTEMPTS,
  SERVICE_START_TIMEOUT_MS,
  SERVICE_STOP_TIMEOUT_MS,
} from '../limits.ts';
import { poll } from './poll.ts';

export interface ServicePlan {
  readonly name: string;
  /** The built entry. */
  readonly main: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Both output streams are added to it. */
  readonly logFile: string;
  /** Gives up starting. */
  readonly signal?: AbortSignal | undefined;
}

export interface Service {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** Settles when the process has ended, whoever ended it. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

class PortTaken extends Error {}

/** Starts a service on a free port and waits until it answers as ready. */
export async function startService(plan: ServicePlan): Promise<Service> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnPort(plan, await candidatePort());
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === SERVICE_START_ATTEMPTS) throw error;
    }
  }
}

async function startOnPort(plan: ServicePlan, port: number): Promise<Service> {
  const child = spawnService(plan, port);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const url = `http://127.0.0.1:${port}`;
  const stop = () => stopProcess(child, exited);
  const early = new AbortController();
  void exited.then(() => early.abort());
  const signal = AbortSignal.any([early.signal, ...(plan.signal ? [plan.signal] : [])]);
  try {
    const timeoutMs = SERVICE_START_TIMEOUT_MS;
    await poll(() => isReady(url, signal), { what: `${plan.name} ready`, timeoutMs, signal });
  } catch (cause) {
    await stop();
    plan.signal?.throwIfAborted();
    const reason = lastLine(plan.logFile);
    if (reason.includes('EADDRINUSE')) throw new PortTaken(reason);
    const ending = early.signal.aborted ? 'ended at start' : 'was not ready in time';
    throw new CliError('failed', `${plan.name} ${ending}: ${reason}`, { cause });
  }
  return { name: plan.name, url, pid: child.pid as number, exited, stop };
}

/**
 * A process group of its own: Ctrl-C in a terminal reaches the supervisor, which stops things in order. setpriv has
 * the kernel end the service should the supervisor be killed.
 */
function spawnService({ main, environment, logFile }: ServicePlan, port: number): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    const node = [process.execPath, '--enable-source-maps', main];
    return spawn('setpriv', ['--pdeathsig', 'TERM', ...node], {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...environment, PORT: String(port) },
    });
  } finally {
    closeSync(log);
  }
}

async function isReady(url: string, signal: AbortSignal): Promise<true | undefined> {
  try {
    const response = await fetch(`${url}/readyz`, { signal });
    await response.body?.cancel();
    return response.ok ? true : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined; // not listening yet
  }
}

async function stopProcess(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), SERVICE_STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

/** The last line of a log, with the place of the others. */
export function lastLine(logFile: string): string {
  const line = readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  return `${line.slice(-LOG_LINE_CHARS)} (${logFile})`;
}

async function candidatePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
