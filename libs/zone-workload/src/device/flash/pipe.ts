/**
 * A transfer path of a given rate: transfers share it in order of arrival, and its data does not pass faster than the
 * rate allows. A transfer whose data comes late does not hold up those behind it: what counts is the sum.
 */
const NS_PER_SECOND = 1e9;

export class Pipe {
  private busyUntilNs = 0;
  private readonly nsPerByte: number;

  constructor(bytesPerSecond: number) {
    this.nsPerByte = NS_PER_SECOND / bytesPerSecond;
  }

  lengthNs(bytes: number): number {
    return Math.round(bytes * this.nsPerByte);
  }

  /** When a transfer ends that was asked for at `askedNs` and whose data is there at `readyNs`. */
  pass(askedNs: number, readyNs: number, bytes: number): number {
    const lengthNs = this.lengthNs(bytes);
    this.busyUntilNs = Math.max(this.busyUntilNs, askedNs) + lengthNs;
    return Math.max(this.busyUntilNs, readyNs + lengthNs);
  }
}
