/** A set of clusters as bits, in pages: memory follows the parts of a file that have members, not its length. */
const PAGE_BITS = 15;
const PAGE_CLUSTERS = 2 ** PAGE_BITS;

export class ClusterSet {
  readonly #pages = new Map<number, Uint32Array>();

  has(cluster: number): boolean {
    const page = this.#pages.get(Math.floor(cluster / PAGE_CLUSTERS));
    if (page === undefined) return false;
    const bit = cluster % PAGE_CLUSTERS;
    return (((page[bit >>> 5] as number) >>> (bit & 31)) & 1) === 1;
  }

  add(cluster: number): void {
    const index = Math.floor(cluster / PAGE_CLUSTERS);
    const page = this.#pages.get(index) ?? new Uint32Array(PAGE_CLUSTERS / 32);
    this.#pages.set(index, page);
    const bit = cluster % PAGE_CLUSTERS;
    page[bit >>> 5] = (page[bit >>> 5] as number) | (1 << (bit & 31));
  }

  delete(cluster: number): void {
    const page = this.#pages.get(Math.floor(cluster / PAGE_CLUSTERS));
    const bit = cluster % PAGE_CLUSTERS;
    if (page !== undefined) page[bit >>> 5] = (page[bit >>> 5] as number) & ~(1 << (bit & 31));
  }
}
