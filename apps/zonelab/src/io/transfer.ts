/** How transfers are told of, in qemu-io's form. */
import { statisticSize } from '../numbers.ts';
import type { CommandLine } from './arguments.ts';
import type { IoContext } from './commands.ts';

export interface Transfer {
  readonly verb: string;
  readonly offset: number;
  readonly length: number;
  readonly durationMs: number;
}

/** qemu-io's two lines of statistics, or one of comma-separated values with -C; none with -q. */
export function tell({ out }: IoContext, { flags }: CommandLine, transfer: Transfer): void {
  if (flags.has('q')) return;
  const { verb, offset, length, durationMs } = transfer;
  const seconds = Math.max(durationMs, 0.001) / 1000;
  if (flags.has('C')) {
    const time = `0:00:${seconds.toFixed(2).padStart(5, '0')}`;
    out.write(`${length},1,${time},${(length / seconds).toFixed(3)},${(1 / seconds).toFixed(3)}\n`);
    return;
  }
  out.write(`${verb} ${length}/${length} bytes at offset ${offset}\n`);
  const rate = `${statisticSize(length / seconds)}/sec and ${(1 / seconds).toFixed(4)} ops/sec`;
  const time = `${seconds.toFixed(2).padStart(5, '0')} sec`;
  out.write(`${statisticSize(length)}, 1 ops; ${time} (${rate})\n`);
}

export function hexDump(offset: number, data: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < data.length; at += 16) {
    const row = data.subarray(at, at + 16);
    const bytes = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? byte : 0x2e));
    const place = (offset + at).toString(16).padStart(8, '0');
    lines.push(`${place}:  ${bytes}  ${String.fromCharCode(...text)}\n`);
  }
  return lines.join('');
}
