/** `zonelab io`: a qemu-io that knows zones. */
import { createInterface } from 'node:readline';
import type { NamedImage } from '../img/arguments.ts';
import type { Output } from '../output.ts';
import { type OpenTargetOptions, openTarget } from './open-target.ts';
import { IoSession } from './session.ts';

export interface IoOptions extends OpenTargetOptions {
  /** Lines to run; without any, lines are read from standard input. */
  readonly commands: readonly string[];
}

/** Returns the exit code: 1 when any command failed. */
export async function runIo(image: NamedImage, options: IoOptions, out: Output): Promise<number> {
  const target = await openTarget(image, options);
  const session = new IoSession(target, { out, now: () => performance.now() });
  try {
    const lines = options.commands.length > 0 ? options.commands : standardInput();
    for await (const line of lines) {
      await session.run(line);
      if (session.ended) break;
    }
  } finally {
    await target.close();
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
