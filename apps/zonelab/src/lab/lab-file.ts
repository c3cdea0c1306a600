/** `lab.json`: how scripts and other commands find a running lab. Readable by its owner only, as it holds the token. */
import { readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CliError } from '../errors.ts';

const pid = z.int().positive();

/** Part of the command line of every process that supervises a lab, relative to the checkout. */
export const LAUNCHER = 'tools/launch/main.mjs';

const labFactsSchema = z.object({
  apiUrl: z.url(),
  /** Admin key of the REST API. */
  token: z.string(),
  nbd: z.object({ host: z.string(), port: z.int() }),
  databaseUrl: z.string(),
  redisUrl: z.string(),
  /** `lab` supervises the others; servers that were there already are not listed. */
  pids: z.object({ lab: pid }).catchall(pid),
});
export type LabFacts = z.infer<typeof labFactsSchema>;

export function labFile(home: string): string {
  return join(home, 'lab.json');
}

/** Facts of the lab in `home`, or undefined where none is running. */
export async function readRunningLab(home: string): Promise<LabFacts | undefined> {
  const file = labFile(home);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const facts = labFactsSchema.safeParse(JSON.parse(text));
  if (!facts.success) throw new CliError('failed', `${file}: not written by this version`);
  return isSupervisor(facts.data.pids.lab) ? facts.data : undefined;
}

/** Appears whole: a reader never sees half of it. */
export async function writeLabFile(home: string, facts: LabFacts): Promise<void> {
  const file = labFile(home);
  await writeFile(`${file}.new`, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

export async function removeLabFile(home: string): Promise<void> {
  await rm(labFile(home), { force: true });
}

/** Whether the process runs; one that has ended and is only not yet waited for does not. */
export function isAlive(processId: number): boolean {
  const state = readProcess(processId, 'stat')?.replace(/^.*\) /s, '')[0];
  return state !== undefined && state !== 'Z';
}

/** A stale file may name a number that another program has by now. */
function isSupervisor(processId: number): boolean {
  return isAlive(processId) && (readProcess(processId, 'cmdline') ?? '').includes(LAUNCHER);
}

function readProcess(processId: number, file: 'stat' | 'cmdline'): string | undefined {
  try {
    return readFileSync(`/proc/${processId}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
