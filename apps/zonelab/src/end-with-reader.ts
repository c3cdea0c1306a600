/** Ends the process quietly when whoever reads its output has gone. */

/** `zonelab zones … | head` ends the reader first: nothing is left to say then. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
