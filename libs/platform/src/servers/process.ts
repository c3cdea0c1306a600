/** A server that this process owns: started with a time limit, stopped when told, gone when its parent is. */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '../errors.ts';
import { LOG_TAIL_CHARS, PORT_ATTEMPTS, SERVER_STOP_TIMEOUT_MS } from '../limits.ts';

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Settles when the server has ended, whoever ended it. */
  readonly exited: Promise<void>;
  /** Ends the server and waits for that; the data stay. */
  stop(): Promise<void>;
}

export interface ServerCommand {
  program: string;
  args: readonly string[];
  /** Words before the program that change who runs it. */
  runAs?: readonly string[];
  /** Written to standard input, for what must not be seen in the process list. */
  input?: string;
  /** Text in the log that means: ready. */
  ready: string;
  /** Text in the log that means: this port is taken, try another. */
  portTaken: RegExp;
  timeoutMs: number;
  /** Asks for an orderly end at once. */
  stopSignal: NodeJS.Signals;
}

export interface StartedProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/** Thrown inside this folder only: the caller tries another port. */
export class PortTaken extends Error {}

/** Path of a program on PATH, or undefined. */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | undefined {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not here
    }
  }
  return undefined;
}

/**
 * Words of the command that starts a server. The kernel sends it `stopSignal` when this process dies, even by SIGKILL;
 * where setpriv (util-linux) is missing, only an orderly end stops the server. A change of user forgets that signal, so
 * it is asked for last.
 */
export function commandLine(
  server: Pick<ServerCommand, 'program' | 'args' | 'runAs' | 'stopSignal'>,
): string[] {
  const setpriv = findProgram('setpriv');
  const withParent = setpriv ? [setpriv, '--pdeathsig', server.stopSignal.replace('SIG', '')] : [];
  return [...(server.runAs ?? []), ...withParent, server.program, ...server.args];
}

/** Starts a server and waits until it says that it is ready. */
export async function startProcess(server: ServerCommand): Promise<StartedProcess> {
  const [command = server.program, ...args] = commandLine(server);
  // A process group of its own: Ctrl-C in a terminal reaches this process, which then stops things in order.
  const child = spawn(command, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined); // it ended before it read; the exit says why
  child.stdin.end(server.input ?? '');
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  let log = '';
  const isReady = new Promise<'ready'>((resolve) => {
    const onText = (chunk: Buffer): void => {
      log = (log + chunk.toString()).slice(-LOG_TAIL_CHARS);
      if (log.includes(server.ready)) resolve('ready');
    };
    child.stdout.on('data', onText);
    child.stderr.on('data', onText);
  });
  const stop = () => stopProcess(child, exited, server.stopSignal);
  const timer = new AbortController();
  const first = await Promise.race([
    isReady,
    exited.then(() => 'ended' as const),
    delay(server.timeoutMs, 'late' as const, { signal: timer.signal }),
  ]);
  timer.abort();
  if (first === 'ready') return { child, exited, stop };
  if (first === 'ended' && server.portTaken.test(log)) throw new PortTaken(log);
  child.kill('SIGKILL');
  await exited;
  const what = first === 'late' ? `was not ready after ${server.timeoutMs} ms` : 'ended at start';
  throw new PlatformError('server_start_failed', `${server.program} ${what}; its log:\n${log}`);
}

async function stopProcess(
  child: ChildProcess,
  exited: Promise<void>,
  signal: NodeJS.Signals,
): Promise<void> {
  for (const next of [signal, 'SIGKILL'] as const) {
    child.kill(next);
    const timer = new AbortController();
    const late = delay(SERVER_STOP_TIMEOUT_MS, 'late' as const, { signal: timer.signal });
    const first = await Promise.race([exited, late]);
    timer.abort();
    if (first !== 'late') return;
  }
  throw new PlatformError('server_stop_failed', `process ${child.pid} does not end on SIGKILL`);
}

/** Runs a program to its end; its output is part of the error if it fails. */
export async function runToEnd(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-LOG_TAIL_CHARS);
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) {
    throw new PlatformError('server_start_failed', `${command} ended with ${code}:\n${output}`);
  }
}

/** Starts a server on a port that was free a moment ago, and on another one whenever somebody was faster. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await candidatePort());
    } catch (error) {
      if (!(error instanceof PortTaken)) throw error;
      if (attempt < PORT_ATTEMPTS) continue;
      const message = `no free port in ${PORT_ATTEMPTS} attempts; the last log:\n${error.message}`;
      throw new PlatformError('server_start_failed', message);
    }
  }
}

async function candidatePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** The password kept in `file`; made up and written, for its owner only, if there is none yet. */
export async function keptPassword(file: string): Promise<string> {
  try {
    await writeFile(file, randomBytes(24).toString('base64url'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFile(file, 'utf8');
}
