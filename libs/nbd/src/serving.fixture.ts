/** A server on a unix socket in its own folder, torn down after each test, and how tests run real tools. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ByteStream } from './byte-stream.ts';
import { type ListenAddress, NbdServer, type NbdServerOptions } from './server.ts';
import { formatNbdUri } from './uri.ts';

export interface Serving {
  readonly server: NbdServer;
  /** Folder of the test; removed with it. */
  readonly folder: string;
  readonly path: string;
  uri(name: string): string;
  /** A bare connection, for what no decent client would send. */
  raw(address?: ListenAddress): { socket: Socket; stream: ByteStream };
  stop(): Promise<void>;
}

export async function serve(options: NbdServerOptions = {}): Promise<Serving> {
  const folder = await mkdtemp(join(tmpdir(), 'nbd-'));
  const path = join(folder, 'socket');
  const server = new NbdServer({ drainTimeoutMs: 500, ...options });
  await server.listen({ path });
  const sockets: Socket[] = [];
  return {
    server,
    folder,
    path,
    uri: (name) => formatNbdUri({ path, name }),
    raw: (address = { path }) => {
      const socket = connect(address);
      sockets.push(socket);
      return { socket, stream: new ByteStream(socket) };
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

export interface ToolResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a failure is a result, not an exception. */
export function run(program: string, ...args: string[]): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

/** Resolves once `condition` holds; looks again whenever the event loop has turned. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
