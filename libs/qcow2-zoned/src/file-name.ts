/**
 * Names of other files that an image carries: its backing file and its external data file. They come from whoever made
 * the image, so only plain names of local files are taken, and nothing outside the directories that the caller allows.
 */
import fs from 'node:fs';
import path from 'node:path';
import { ImageError } from './errors.ts';

const PLAIN = 'the plain name of a local file';

/** What QEMU reads as a protocol: all before a colon that no slash precedes. */
function protocolOf(name: string): string | undefined {
  return /^([^/:]*):/.exec(name)?.[1];
}

/**
 * Path of the backing file `name` of the image at `image`: a relative name starts from the image's directory, one
 * written `file:name` from the working directory, as in QEMU. Throws `unsupported_feature` for `json:` and for
 * other protocols.
 */
export function backingPath(image: string, name: string): string {
  const plain = plainName(image, 'backing_file', name);
  if (plain !== name || path.isAbsolute(name)) return plain;
  return image.slice(0, image.lastIndexOf('/') + 1) + name;
}

/**
 * Path of the external data file `name`: relative names start from the working directory, as in QEMU 7.2, so that both
 * open the same file.
 */
export function dataFilePath(image: string, name: string): string {
  return plainName(image, 'data_file', name);
}

function plainName(image: string, field: string, name: string): string {
  const protocol = protocolOf(name);
  const plain = protocol === 'file' ? name.slice('file:'.length) : name;
  if ((protocol === undefined || protocol === 'file') && plain !== '' && !plain.includes('\0'))
    return plain;
  const given = JSON.stringify(name);
  const what = protocol === undefined ? 'the name' : `the protocol ${JSON.stringify(protocol)}`;
  throw new ImageError(
    'unsupported_feature',
    `${image}: ${field} ${given}: ${what} is not supported, allowed is ${PLAIN}`,
    { path: image, field, given: name, allowed: PLAIN },
  );
}

/**
 * The file that `file` really is, all symbolic links followed. Throws `path_not_allowed` where that is in none of
 * `directories` (or below), `file_not_found` where there is none.
 */
export function confine(file: string, directories: readonly string[]): string {
  const real = realPath(file);
  const roots = directories.map(realPath);
  if (roots.some((root) => real === root || real.startsWith(root === '/' ? root : `${root}/`)))
    return real;
  const allowed = directories.join(', ') || 'no directory';
  const place = real === file ? file : `${file} (really ${real})`;
  throw new ImageError(
    'path_not_allowed',
    `${place}: outside of the allowed directories: ${allowed}`,
    { path: file, field: 'path', given: real, allowed },
  );
}

function realPath(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new ImageError(
      missing ? 'file_not_found' : 'io_error',
      missing ? `${file}: no such file` : `${file}: cannot be resolved: ${code}`,
      { path: file },
      { cause },
    );
  }
}
