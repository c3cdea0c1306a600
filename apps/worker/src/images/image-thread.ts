/** Runs a task on a thread of its own: checks and repairs keep a thread busy for as long as an image is large. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ImageError, type ImageErrorCode } from '@zonelab/qcow2-zoned';
import type { ImageMessage, ImageTask, ImageTaskResult } from './messages.ts';

/** Module that image threads run. */
export const IMAGE_THREAD = new URL(`./image.thread${extname(import.meta.url)}`, import.meta.url);

export interface TaskOptions {
  readonly onProgress: (progress: number) => void;
  /** Ends the thread at once. */
  readonly signal: AbortSignal;
  readonly thread: URL;
}

/** Throws ImageError where the image is at fault, the signal's reason if it was aborted, and whatever else ended the thread. */
export async function runTask(
  task: ImageTask,
  { onProgress, signal, thread }: TaskOptions,
): Promise<ImageTaskResult> {
  signal.throwIfAborted();
  const worker = new Worker(thread, { workerData: task });
  let abort: (() => void) | undefined;
  try {
    return await new Promise<ImageTaskResult>((resolve, reject) => {
      worker.on('message', (message: ImageMessage) => {
        if (message.kind === 'progress') onProgress(message.progress);
        else if (message.kind === 'done') resolve(message.result);
        else {
          const { code, message: text, context } = message.refusal;
          reject(new ImageError(code as ImageErrorCode, text, context));
        }
      });
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new Error(`the image thread ended with ${code}`)));
      abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort);
    });
  } finally {
    if (abort) signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
