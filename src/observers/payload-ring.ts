/** Owns the payload octets of a trace: one ring of memory, so that keeping a payload pins nothing and allocates nothing. */

/** A payload longer than this part of the ring is not kept: it would push out everything else. */
const LARGEST_PART = 4;

/**
 * Places are numbers that only ever rise, also when the memory begins anew: so whether a payload is still there is one
 * comparison, and nothing is noted of any of them.
 */
export class PayloadRing {
  readonly #octets: Buffer;
  readonly #size: number;
  /** Place of the first octet of the memory, as it is filled now. */
  #origin = 0;
  #at = 0;

  constructor(size: number) {
    this.#octets = Buffer.allocUnsafeSlow(size);
    this.#size = size;
  }

  /** Payloads from this place on are there. */
  get oldest(): number {
    return this.#origin + this.#at - this.#size;
  }

  /** Keeps `bytes[start, end)`. Returns its place, or -1 when it is too long to be kept. */
  write(bytes: Uint8Array, start: number, end: number): number {
    // A view costs more than copying what stands around the payload, which is little in most messages.
    const whole = (end - start) * 2 >= bytes.length;
    const length = whole ? bytes.length : end - start;
    let at = this.#at;
    if (at + length > this.#size) {
      if (length > this.#size / LARGEST_PART) return -1;
      // What is left at the end is skipped, so that every payload lies in one piece.
      this.#origin += this.#size;
      at = 0;
    } else if (length * LARGEST_PART > this.#size) return -1;
    this.#octets.set(whole ? bytes : bytes.subarray(start, end), at);
    this.#at = at + length;
    return this.#origin + (whole ? at + start : at);
  }

  /** A view of the payload at `place`, valid until the next write. */
  read(place: number, length: number): Buffer {
    const at = place % this.#size;
    return this.#octets.subarray(at, at + length);
  }
}
