/** `zonelab io`: a qemu-io that knows zones. */
import { createInterface } from 'node:readline';
import type { NamedImage } from '../img/arguments.ts';
import type { Output } from '../output.ts';
import { IoFile, type OpenFlags } from './io-file.ts';
import { IoSession } from './session.ts';

export interface IoOptions extends OpenFlags {
  /** Lines to run; without any, lines are read from standard input. */
  readonly commands: readonly string[];
}

/** Returns the exit code: 1 when any command failed. Without `image` a command has to open one. */
export async function runIo(
  image: NamedImage | undefined,
  options: IoOptions,
  out: Output,
): Promise<number> {
  const file = new IoFile();
  if (image !== undefined) await file.open(image, options);
  const session = new IoSession(file, { out, now: () => performance.now() });
  try {
    const lines = options.commands.length > 0 ? options.commands : standardInput();
    for await (const line of lines) {
      await session.run(line);
      if (session.ended) break;
    }
  } finally {
    await file.close();
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
