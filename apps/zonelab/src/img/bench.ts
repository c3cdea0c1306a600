/** `zonelab img bench`: how fast requests of one size are served. */
import { benchDisk, ImageError } from '@zonelab/qcow2-zoned';
import { countArgument } from '../numbers.ts';
import type { Output } from '../output.ts';
import { failure, type NamedImage, sizeOrRefuse } from './arguments.ts';
import { openToRead, openToWrite } from './open.ts';

/** As commander hands them over; numbers are texts still. */
export interface BenchFlags {
  readonly c: string;
  readonly d: string;
  readonly o: string;
  readonly s: string;
  readonly S?: string;
  readonly w?: true;
  readonly pattern?: string;
  readonly flushInterval?: string;
  readonly i?: string;
  /** False: --no-drain. */
  readonly drain: boolean;
}

const AIO_MODES = ['threads', 'native', 'io_uring'];

export async function imgBench(image: NamedImage, flags: BenchFlags, out: Output): Promise<void> {
  const plan = readPlan(flags);
  const disk = await (plan.write ? openToWrite(image, out) : openToRead(image));
  try {
    const { requests, requestBytes, depth, offset, stepBytes, write } = plan;
    out.write(
      `Sending ${requests} ${write ? 'write' : 'read'} requests, ${requestBytes} bytes each, ` +
        `${depth} in parallel (starting at offset ${offset}, step size ${stepBytes})\n`,
    );
    if (write && write.flushInterval > 0) {
      out.write(`Sending flush every ${write.flushInterval} requests\n`);
    }
    const durationMs = await benchDisk(disk, { ...plan, now: () => performance.now() });
    out.write(`Run completed in ${(durationMs / 1000).toFixed(3)} seconds.\n`);
  } catch (error) {
    if (error instanceof ImageError && error.code === 'lba_out_of_range')
      throw failure('Failed request: Input/output error', { cause: error });
    throw error;
  } finally {
    await disk.close();
  }
}

/** The queue depth is told and otherwise means nothing: requests are served one after the other. */
function readPlan(flags: BenchFlags) {
  const requestBytes = sizeOrRefuse('buffer size', flags.s);
  const stepBytes = sizeOrRefuse('step size', flags.S ?? flags.s) || requestBytes;
  const depth = count('queue depth', flags.d, 1);
  const plan = {
    ...{ requests: count('request count', flags.c), depth, requestBytes, stepBytes },
    offset: sizeOrRefuse('offset', flags.o),
  };
  if (flags.i !== undefined && !AIO_MODES.includes(flags.i))
    throw failure(`Invalid aio option: ${flags.i}`);
  const pattern = count('pattern byte', flags.pattern ?? '0', 0, 0xff);
  const flushInterval = count('flush interval', flags.flushInterval ?? '0');
  if (flags.w === undefined) {
    if (flushInterval > 0) throw failure('--flush-interval is only available in write tests');
    return { ...plan, write: undefined };
  }
  if (flushInterval > 0 && flushInterval < depth && flags.drain)
    throw failure("Flush interval can't be smaller than depth");
  return { ...plan, write: { pattern, flushInterval } };
}

function count(what: string, text: string, min = 0, max = 0x7fff_ffff): number {
  try {
    const decimal = /^0x[0-9a-f]+$/i.test(text) ? String(Number(text)) : text;
    return countArgument(what, decimal, { min, max });
  } catch {
    throw failure(`Invalid ${what} specified`);
  }
}
