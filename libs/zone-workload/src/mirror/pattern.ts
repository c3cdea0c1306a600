/**
 * Data that says where it belongs: every eight bytes hold their address and how often the zone had been reset when they
 * were written, mixed, so that data of another place or another time is told from what should be there.
 */

const WORD = 8;
const TWO_POW_32 = 2 ** 32;

/** Fills `target` with the data of `offset`, a multiple of 8, in the zone's `generation`-th life. */
export function fillPattern(target: Uint8Array, offset: number, generation: number): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  for (let at = 0; at < target.length; at += WORD) {
    const address = (offset + at) / WORD;
    view.setUint32(at, Math.imul((address % TWO_POW_32) ^ generation, 0x9e3779b1) >>> 0, true);
    view.setUint32(
      at + 4,
      (Math.floor(address / TWO_POW_32) ^ Math.imul(generation + 1, 0x85ebca6b)) >>> 0,
      true,
    );
  }
}
