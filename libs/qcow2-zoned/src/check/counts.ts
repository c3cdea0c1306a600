/**
 * References counted for each host cluster: a byte for each cluster of the parts of the file that are used, wider
 * where a cluster has many. Memory follows what is referenced, not the length of the file.
 */

const PAGE_BITS = 12;
const PAGE_CLUSTERS = 2 ** PAGE_BITS;
const BYTE_MAX = 0xff;

type Page = Uint8Array | Float64Array;

export class ClusterCounts {
  readonly #pages = new Map<number, Page>();
  #end = 0;

  /** One past the last cluster that was counted. */
  get end(): number {
    return this.#end;
  }

  get(cluster: number): number {
    const page = this.#pages.get(Math.floor(cluster / PAGE_CLUSTERS));
    return page === undefined ? 0 : (page[cluster % PAGE_CLUSTERS] as number);
  }

  /** Adds references to one cluster, up to `max`; returns how many were too many. */
  add(cluster: number, times: number, max: number): number {
    const index = Math.floor(cluster / PAGE_CLUSTERS);
    const at = cluster % PAGE_CLUSTERS;
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = new Uint8Array(PAGE_CLUSTERS);
      this.#pages.set(index, page);
    }
    const count = (page[at] as number) + times;
    if (count > BYTE_MAX && page instanceof Uint8Array) {
      page = Float64Array.from(page);
      this.#pages.set(index, page);
    }
    page[at] = Math.min(count, max);
    if (cluster >= this.#end) this.#end = cluster + 1;
    return Math.max(0, count - max);
  }

  /** Takes references away again, where a repair dropped what made them. */
  remove(cluster: number): void {
    const page = this.#pages.get(Math.floor(cluster / PAGE_CLUSTERS));
    if (page !== undefined) page[cluster % PAGE_CLUSTERS] = this.get(cluster) - 1;
  }

  /** False where no cluster of [first, end) can have references; true says nothing. */
  mayHave(first: number, end: number): boolean {
    const last = Math.floor((end - 1) / PAGE_CLUSTERS);
    for (let index = Math.floor(first / PAGE_CLUSTERS); index <= last; index++)
      if (this.#pages.has(index)) return true;
    return false;
  }
}
