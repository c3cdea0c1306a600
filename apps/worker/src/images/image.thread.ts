/** Entry of an image thread: does the one task that it was started with, and tells its owner. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  checkImage,
  convertToFile,
  convertZonedToFile,
  ImageError,
  openDisk,
} from '@zonelab/qcow2-zoned';
import type { ImageMessage, ImageTask, ImageTaskResult } from './messages.ts';

const tell = (message: ImageMessage) => parentPort?.postMessage(message);

async function perform(task: ImageTask): Promise<ImageTaskResult> {
  if (task.kind === 'check') return checkImage(task.path, { repair: task.repair });
  const { source, target, create, compress } = task;
  if (task.keepZones) {
    await convertZonedToFile(source, target, create);
    return undefined;
  }
  const allowedDirectories = task.folders;
  const disk = await openDisk(source, { format: 'qcow2', readOnly: true, allowedDirectories });
  try {
    const onProgress = (done: number, total: number) =>
      tell({ kind: 'progress', progress: total === 0 ? 1 : done / total });
    await convertToFile(disk, target, { create, compress, onProgress });
  } finally {
    disk.abandon();
  }
  return undefined;
}

try {
  tell({ kind: 'done', result: await perform(workerData as ImageTask) });
} catch (error) {
  if (!(error instanceof ImageError)) throw error;
  const { code, message, context } = error;
  tell({ kind: 'refused', refusal: { code, message, context } });
}
