/** Which version this is. */

/** Of the workspace: package.json. */
const VERSION = '0.1.0';
const LIKE_QEMU = '7.2';

/** Scripts look for the version of qemu's tools that they can count on. */
export function versionText(tool: 'img' | 'io'): string {
  return `zonelab ${tool} version ${VERSION} (does what qemu-${tool} version ${LIKE_QEMU} does)`;
}
