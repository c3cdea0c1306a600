/** `zonelab up`, `down` and `status`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../errors.ts';
import { LAB_STOP_TIMEOUT_MS } from '../limits.ts';
import { jsonText, type Output, type OutputForm, tableText } from '../output.ts';
import { startLab } from './lab.ts';
import { isAlive, LAUNCHER, type LabFacts, labFile, readRunningLab } from './lab-file.ts';
import { poll } from './poll.ts';
import { lastLine } from './service.ts';

export interface LabPlace {
  readonly home: string;
  /** The checkout. */
  readonly root: string;
}

/** Runs a lab until SIGINT or SIGTERM, or until a part of it ends by itself, which is a failure. */
export async function upInForeground({ home, root }: LabPlace, out: Output): Promise<void> {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const signalled = Promise.race(signals.map((signal) => once(process, signal)));
  const onStep = (step: string) => out.warn(`zonelab: ${step}\n`);
  const lab = await startLab({ home, root, environment: process.env, onStep });
  out.write(factsText(home, lab.facts));
  process.send?.('ready');
  const broken = await Promise.race([lab.broken, signalled.then(() => undefined)]);
  out.warn('zonelab: stopping; the data stay\n');
  await lab.stop();
  if (broken !== undefined) {
    throw new CliError('failed', `${broken} ended by itself; logs are in ${join(home, 'logs')}`);
  }
}

/** Starts a lab in the background and returns when it is ready. A lab that runs already is left as it is. */
export async function upDetached({ home, root }: LabPlace, out: Output): Promise<void> {
  const running = await readRunningLab(home);
  if (running) {
    out.write(factsText(home, running));
    return;
  }
  mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o700 });
  const logFile = join(home, 'logs/lab.log');
  const log = openSync(logFile, 'a', 0o600);
  const launcher = join(root, LAUNCHER);
  const child = spawn(process.execPath, [launcher, 'up', '--dir', home], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const first = await Promise.race([
    once(child, 'message').then(() => 'ready' as const),
    once(child, 'exit').then(() => 'ended' as const),
  ]);
  const facts = first === 'ready' ? await readRunningLab(home) : undefined;
  if (!facts) {
    throw new CliError('failed', `the lab did not start: ${lastLine(logFile)}`);
  }
  child.disconnect();
  child.unref();
  out.write(factsText(home, facts));
}

/** Stops the lab and waits until every process of it is gone. Nothing to stop is fine. */
export async function down(home: string, out: Output): Promise<void> {
  const facts = await readRunningLab(home);
  if (!facts) {
    out.write(`no lab runs in ${home}\n`);
    return;
  }
  process.kill(facts.pids.lab, 'SIGTERM');
  const gone = () => (Object.values(facts.pids).some(isAlive) ? undefined : true);
  await poll(gone, { what: 'the lab stopped', timeoutMs: LAB_STOP_TIMEOUT_MS });
  out.write('stopped; the data stay\n');
}

/** Prints what runs; the exit code is 1 where nothing does. */
export async function status(home: string, form: OutputForm, out: Output): Promise<number> {
  const facts = await readRunningLab(home);
  if (form === 'json') out.write(jsonText(facts ?? null));
  else out.write(facts ? factsText(home, facts) : `no lab runs in ${home}\n`);
  return facts ? 0 : 1;
}

function factsText(home: string, { apiUrl, token, nbd, pids }: LabFacts): string {
  const rows = [
    ['dashboard', `${apiUrl}/`],
    ['REST API', `${apiUrl}/v1`],
    ['documentation', `${apiUrl}/docs`],
    ['key', token],
    ['NBD', `nbd://${nbd.host}:${nbd.port}`],
    ['facts', labFile(home)],
    [
      'processes',
      Object.entries(pids)
        .map(([name, pid]) => `${name} ${pid}`)
        .join(', '),
    ],
  ];
  return tableText(['the lab', 'is up'], rows);
}
