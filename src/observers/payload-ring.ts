/** Owns the payload octets of a trace: one ring of memory, so that keeping a payload pins nothing and allocates nothing. */

/** A payload longer than this part of the ring is not kept: it would push out everything else. */
const LARGEST_PART = 4;

export class PayloadRing {
  readonly #octets: Buffer;
  readonly #start: Uint32Array;
  readonly #length: Uint32Array;
  /** Which records own octets, oldest first: a queue of record numbers. */
  readonly #owners: Float64Array;
  #oldest = 0;
  #newest = 0;
  #at = 0;
  /** The number after the newest record that lost its octets. */
  #dropped = 0;

  /** `slots` is the number of records that may own a payload, a power of two. */
  constructor(slots: number, size: number) {
    this.#octets = Buffer.allocUnsafeSlow(size);
    this.#start = new Uint32Array(slots);
    this.#length = new Uint32Array(slots);
    this.#owners = new Float64Array(slots);
  }

  /**
   * Keeps `bytes[start, end)` for record `seq` in slot `i`. Returns the number of the oldest record
   * whose octets are all there still, or -1 when this payload is too long to be kept.
   */
  write(i: number, seq: number, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const size = this.#octets.length;
    const mask = this.#owners.length - 1;
    // Records that the caller has dropped since: their slot tells of another payload now.
    while (this.#oldest < this.#newest && this.#owners[this.#oldest & mask]! <= seq - this.#owners.length) {
      this.#oldest++;
    }
    if (length > size / LARGEST_PART) return -1;
    // What is left at the end is skipped, so that every payload lies in one piece; who lay there goes.
    if (this.#at + length > size) {
      this.#evict(this.#at, size);
      this.#at = 0;
    }
    const first = this.#evict(this.#at, this.#at + length);
    this.#octets.set(bytes.subarray(start, end), this.#at);
    this.#start[i] = this.#at;
    this.#length[i] = length;
    this.#at += length;
    this.#owners[this.#newest++ & mask] = seq;
    return first;
  }

  read(i: number): Buffer {
    return this.#octets.subarray(this.#start[i]!, this.#start[i]! + this.#length[i]!);
  }

  /** Drops the oldest owners whose octets lie in [from, to); returns the number after the last one ever dropped. */
  #evict(from: number, to: number): number {
    const mask = this.#owners.length - 1;
    while (this.#oldest < this.#newest) {
      const seq = this.#owners[this.#oldest & mask]!;
      const i = seq & mask;
      const start = this.#start[i]!;
      if (start >= to || start + this.#length[i]! <= from) break;
      this.#oldest++;
      this.#dropped = seq + 1;
    }
    return this.#dropped;
  }
}
