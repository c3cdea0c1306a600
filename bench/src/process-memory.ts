/** A command as a process, and the most memory that it had. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';

const SAMPLE_EVERY_MS = 50;
const KIB_PER_MIB = 1024;

export interface Ended {
  readonly seconds: number;
  readonly peakMiB: number;
}

/** Throws where it fails. */
export async function runMeasured(command: string, ...words: string[]): Promise<Ended> {
  const start = performance.now();
  const child = spawn(command, words, { stdio: 'ignore' });
  let peakKib = 0;
  const timer = setInterval(() => {
    peakKib = Math.max(peakKib, peakMemoryKib(child.pid as number));
  }, SAMPLE_EVERY_MS);
  const [exitCode] = await once(child, 'exit');
  clearInterval(timer);
  if (exitCode !== 0) throw new Error(`${command} ${words.join(' ')}: exit ${exitCode}`);
  return { seconds: (performance.now() - start) / 1000, peakMiB: peakKib / KIB_PER_MIB };
}

/** The kernel's own high-water mark; 0 of a process that has just ended. */
function peakMemoryKib(pid: number): number {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
