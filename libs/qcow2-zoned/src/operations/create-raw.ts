/** Creates raw images. */
import { FileDraft } from '../file-draft.ts';
import { roundUp } from '../format/bytes.ts';
import { COPY_BUFFER_BYTES } from './limits.ts';

export interface CreateRawOptions {
  /** Bytes; rounded up to whole sectors of 512. */
  readonly size: number;
  /** Zeroes are written to take the space. Default false: the file is one hole. */
  readonly preallocated?: boolean;
}

/** Replaces what stands at `file`. Errors: `image_in_use`, `file_not_found`, `no_space`, `io_error`. */
export async function createRaw(
  file: string,
  { size, preallocated = false }: CreateRawOptions,
): Promise<void> {
  const draft = FileDraft.begin(file, true);
  try {
    const bytes = roundUp(size, 512);
    draft.file.truncate(bytes);
    const zeroes = Buffer.alloc(preallocated ? Math.min(bytes, COPY_BUFFER_BYTES) : 0);
    for (let at = 0; preallocated && at < bytes; at += zeroes.length)
      draft.file.write(zeroes.subarray(0, Math.min(zeroes.length, bytes - at)), at);
    await draft.publish();
  } finally {
    draft.discard();
  }
}
