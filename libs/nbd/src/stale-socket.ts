/** A unix socket that a killed server left behind keeps the next one from listening there. */
import { lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';

/** Removes the socket file at `path` where nobody listens on it. Anything else there stays. */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isSocket()) return;
  const refused = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (refused) await rm(path, { force: true });
}
