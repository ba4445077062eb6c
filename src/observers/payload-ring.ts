/** Owns the payload octets of a trace: one ring of memory, so that keeping a payload pins nothing and allocates nothing. */

/** A payload longer than this part of the ring is not kept: it would push out everything else. */
const LARGEST_PART = 4;

export class PayloadRing {
  readonly #octets: Buffer;
  /** What lies in the ring, oldest first: a queue of places, each with the newest record that it belongs to. */
  readonly #start: Uint32Array;
  readonly #end: Uint32Array;
  readonly #owner: Float64Array;
  readonly #mask: number;
  #oldest = 0;
  #newest = 0;
  #at = 0;
  /** The number after the newest record that lost its octets. */
  lost = 0;

  /** `records` is how many records may own a payload, a power of two. */
  constructor(records: number, size: number) {
    this.#octets = Buffer.allocUnsafeSlow(size);
    this.#start = new Uint32Array(records);
    this.#end = new Uint32Array(records);
    this.#owner = new Float64Array(records);
    this.#mask = records - 1;
  }

  /** Keeps `bytes[start, end)` for a record, newer than all before. Returns where, or -1 when it is too long to be kept. */
  write(record: number, bytes: Uint8Array, start: number, end: number): number {
    // A view costs more than copying what stands around the payload, which is little in most messages.
    const whole = (end - start) * 2 >= bytes.length;
    const length = whole ? bytes.length : end - start;
    const size = this.#octets.length;
    if (length > size / LARGEST_PART) return -1;
    // With more payloads than records the oldest one's record has been dropped already.
    if (this.#newest - this.#oldest > this.#mask) this.#oldest++;
    // What is left at the end is skipped, so that every payload lies in one piece; who lay there goes.
    if (this.#at + length > size) {
      this.#evict(this.#at, size);
      this.#at = 0;
    }
    const at = this.#at;
    this.#evict(at, at + length);
    this.#octets.set(whole ? bytes : bytes.subarray(start, end), at);
    const entry = this.#newest++ & this.#mask;
    this.#start[entry] = at;
    this.#end[entry] = at + length;
    this.#owner[entry] = record;
    this.#at = at + length;
    return whole ? at + start : at;
  }

  /** The payload that was written last is also that of this record. */
  share(record: number): void {
    this.#owner[(this.#newest - 1) & this.#mask] = record;
  }

  /** A view, valid until the next write. */
  read(start: number, length: number): Buffer {
    return this.#octets.subarray(start, start + length);
  }

  /** Drops the oldest payloads that lie in [from, to). */
  #evict(from: number, to: number): void {
    while (this.#oldest < this.#newest) {
      const entry = this.#oldest & this.#mask;
      if (this.#start[entry]! >= to || this.#end[entry]! <= from) return;
      this.lost = this.#owner[entry]! + 1;
      this.#oldest++;
    }
  }
}
