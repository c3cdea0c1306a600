/** Files up and down: by hand, since the progress of an upload is told by XMLHttpRequest alone. */

import { type ApiError, toApiError } from '@zonelab/client';
import type { Image } from '@zonelab/contracts';

export interface UploadOptions {
  readonly key: string;
  readonly file: File;
  readonly name: string;
  readonly format: 'qcow2' | 'raw';
  /** Share that has been sent. */
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal;
}

/** Imports a file as an image. Throws `ApiError`; an `AbortError` where the signal ended it. */
export function uploadImage(options: UploadOptions): Promise<Image> {
  const { key, file, name, format, onProgress, signal } = options;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const query = new URLSearchParams({ name, format });
    request.open('POST', `/v1/images/import?${query}`);
    request.setRequestHeader('authorization', `Bearer ${key}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total);
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as Image);
      else asError(request).then(reject, reject);
    };
    request.onerror = () =>
      reject(new Error('the upload broke off: the API refused it, or cannot be reached'));
    request.onabort = () => reject(new DOMException('the upload was given up', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

function asError(request: XMLHttpRequest): Promise<ApiError> {
  return toApiError(new Response(request.responseText, { status: request.status }));
}

/** Has the browser save what a path answers, under a file name. Throws `ApiError`. */
export async function download(key: string, path: string, fileName: string): Promise<void> {
  const answer = await fetch(path, { headers: { authorization: `Bearer ${key}` } });
  if (!answer.ok) throw await toApiError(answer);
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // the browser takes the bytes over soon after the click, and says nothing of it
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A document of the API as text. Throws `ApiError`. */
export async function readText(key: string, path: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(path, { headers: { authorization: `Bearer ${key}` }, signal });
  if (!answer.ok) throw await toApiError(answer);
  return answer.text();
}
