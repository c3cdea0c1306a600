/** `zonelab io`: a qemu-io for zoned images. */
import { createInterface } from 'node:readline';
import { type FaultPlan, ZonedDevice } from '@zonelab/qcow2-zoned';
import type { Output } from '../output.ts';
import { IoSession } from './session.ts';

export interface IoOptions {
  readonly readOnly: boolean;
  /** Lines to run; without any, lines are read from standard input. */
  readonly commands: readonly string[];
  /** What is to go wrong. */
  readonly faults?: FaultPlan | undefined;
}

/** Returns the exit code: 1 when any command failed. */
export async function runIo(path: string, options: IoOptions, out: Output): Promise<number> {
  const device = await ZonedDevice.open(path, options);
  const session = new IoSession({ device, out, now: () => performance.now() });
  try {
    const lines = options.commands.length > 0 ? options.commands : standardInput();
    for await (const line of lines) {
      await session.run(line);
      if (session.ended) break;
    }
  } finally {
    await device.close();
  }
  return session.failures === 0 ? 0 : 1;
}

/** Lines of standard input, with a prompt where a person types them. */
async function* standardInput(): AsyncGenerator<string> {
  const terminal = process.stdin.isTTY === true;
  const reader = createInterface({
    input: process.stdin,
    output: terminal ? process.stdout : undefined,
    prompt: 'zonelab io> ',
  });
  if (terminal) reader.prompt();
  for await (const line of reader) {
    yield line;
    if (terminal) reader.prompt();
  }
}
