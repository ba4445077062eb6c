/** Owns the payload octets of a trace: one ring of memory, so that keeping a payload pins nothing and allocates nothing. */

/** A payload longer than this part of the ring is not kept: it would push out everything else. */
const LARGEST_PART = 4;
/** Octets of the front at most, and which part of the ring it may be. */
const FRONT_BYTES = 16_384;
const FRONT_PART = 8;

/**
 * Payloads are written to a front, small enough to stay in the processor's first cache, which goes to the ring as a whole
 * when it is full: written one by one, each would wait for the memory that it goes to.
 *
 * Places are numbers that only ever rise, also when the memory begins anew: so whether a payload is still there is one
 * comparison, and nothing is noted of any of them.
 */
export class PayloadRing {
  readonly #octets: Buffer;
  readonly #size: number;
  readonly #front: Buffer;
  readonly #room: number;
  /** Place of the first octet of the front, for which there is room in the ring from there on; and how full it is. */
  #base = 0;
  #used = 0;

  constructor(size: number) {
    this.#octets = Buffer.allocUnsafeSlow(size);
    this.#size = size;
    this.#room = Math.min(FRONT_BYTES, Math.floor(size / FRONT_PART));
    this.#front = Buffer.allocUnsafeSlow(this.#room);
  }

  /** Payloads from this place on are there. */
  get oldest(): number {
    return this.#base + this.#room - this.#size;
  }

  /** Keeps `bytes[start, end)`. Returns its place, or -1 when it is too long to be kept. */
  write(bytes: Uint8Array, start: number, end: number): number {
    // A view costs more than copying what stands around the payload, which is little in most messages.
    const whole = (end - start) * 2 >= bytes.length;
    const length = whole ? bytes.length : end - start;
    const before = whole ? start : 0;
    if (this.#used + length > this.#room) {
      this.#retire();
      if (length > this.#room) return this.#writeLong(whole ? bytes : bytes.subarray(start, end), before);
    }
    const at = this.#used;
    this.#front.set(whole ? bytes : bytes.subarray(start, end), at);
    this.#used = at + length;
    return this.#base + at + before;
  }

  /** To the ring itself: the front is empty. */
  #writeLong(bytes: Uint8Array, before: number): number {
    const { length } = bytes;
    if (length * LARGEST_PART > this.#size) return -1;
    this.#makeRoom(length);
    const place = this.#base;
    this.#octets.set(bytes, place % this.#size);
    this.#base += length;
    this.#makeRoom(this.#room);
    return place + before;
  }

  #retire(): void {
    this.#octets.set(this.#front.subarray(0, this.#used), this.#base % this.#size);
    this.#base += this.#used;
    this.#used = 0;
    this.#makeRoom(this.#room);
  }

  /** What is left at the end of the memory is skipped when it is not enough, so that everything lies in one piece. */
  #makeRoom(octets: number): void {
    const at = this.#base % this.#size;
    if (at + octets > this.#size) this.#base += this.#size - at;
  }

  /** A view of the payload at `place`, valid until the next write. */
  read(place: number, length: number): Buffer {
    if (place >= this.#base) return this.#front.subarray(place - this.#base, place - this.#base + length);
    const at = place % this.#size;
    return this.#octets.subarray(at, at + length);
  }
}
