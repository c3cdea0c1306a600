/** Creates raw images. */
import type { Preallocation } from '../create-options.ts';
import { invalidOption } from '../errors.ts';
import { type Durability, FileDraft } from '../file-draft.ts';
import { roundUp } from '../format/bytes.ts';
import { writeZeroes } from '../image/data-writer.ts';

export interface CreateRawOptions {
  /** Bytes; rounded up to whole sectors of 512. */
  readonly size: number;
  /** `falloc` takes the space, `full` writes zeroes. Default `off`: the file is one hole. */
  readonly preallocation?: Preallocation;
}

/**
 * Replaces what stands at `file`. Errors: `invalid_option`, `image_in_use`,
 * `file_not_found`, `no_space`, `io_error`.
 */
export async function createRaw(
  file: string,
  { size, preallocation = 'off' }: CreateRawOptions,
  { durable }: Durability = {},
): Promise<void> {
  if (preallocation === 'metadata')
    throw invalidOption('preallocation', preallocation, 'off, falloc or full for a raw disk');
  const draft = FileDraft.begin(file, { overwrite: true, durable });
  try {
    const bytes = roundUp(size, 512);
    draft.file.truncate(bytes);
    const taken = preallocation === 'falloc' && draft.file.allocate(0, bytes);
    if (preallocation !== 'off' && !taken) writeZeroes(draft.file, 0, bytes);
    await draft.publish();
  } finally {
    draft.discard();
  }
}
