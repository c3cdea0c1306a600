/** `zonelab img bitmap`: adds, removes and changes persistent dirty bitmaps, as many steps as are given, in order. */
import { type BitmapAction, BitmapEditor, ImageError, type OpenedDisk } from '@zonelab/qcow2-zoned';
import { describeError } from '../errors.ts';
import type { Output } from '../output.ts';
import { failure, type NamedImage } from './arguments.ts';
import { openToRead, openToWrite } from './open.ts';

/** A step as the command line has it. */
export type BitmapStep = { readonly kind: BitmapAction['kind']; readonly source?: string };

export interface BitmapArguments {
  readonly bitmap: string;
  readonly steps: readonly BitmapStep[];
  /** Bytes; undefined: qemu-img's default. */
  readonly granularity: number | undefined;
  /** Where bitmaps to be merged come from; undefined: the image itself. */
  readonly from: NamedImage | undefined;
}

export async function imgBitmap(image: NamedImage, args: BitmapArguments, out: Output) {
  const disk = await openToWrite(image, out);
  try {
    const source = args.from && (await openToRead(args.from));
    try {
      if (disk.image === undefined) throw stepFailure(args, args.steps[0], UNSUPPORTED);
      const editor = new BitmapEditor(disk.image);
      try {
        for (const step of args.steps) {
          takeStep(editor, args, step, source);
        }
      } finally {
        // what came before a step that failed holds, as with qemu-img
        await editor.store();
      }
    } finally {
      source?.abandon();
    }
    await disk.close();
  } catch (error) {
    disk.abandon();
    throw error;
  }
}

const UNSUPPORTED = "Can't store persistent bitmaps: Operation not supported";

function takeStep(
  editor: BitmapEditor,
  args: BitmapArguments,
  step: BitmapStep,
  from: OpenedDisk | undefined,
): void {
  const { kind, source = '' } = step;
  const { granularity } = args;
  try {
    editor.apply(args.bitmap, { kind, source, from, granularity } as BitmapAction);
  } catch (error) {
    if (error instanceof ImageError) throw stepFailure(args, step, describeError(error));
    throw error;
  }
}

const stepFailure = ({ bitmap }: BitmapArguments, step: BitmapStep | undefined, reason: string) =>
  failure(`Operation ${step?.kind} on bitmap ${bitmap} failed: ${reason}`);
