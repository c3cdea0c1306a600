/** Goes on when whoever reads the output has gone, as in `zonelab io … | head -1`: an image that is open must be closed. */

export function outliveReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
