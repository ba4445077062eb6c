/** Owns the two kinds of WAMP ids that the router makes: global scope (random) and router scope (counted). */

/** Ids lie in [1, 2^53], both ends included (WAMP basic, "IDs"); 2^53 is not `Number.MAX_SAFE_INTEGER`. */
export const MAX_ID = 2 ** 53;

export function isId(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= MAX_ID && Number.isInteger(value);
}

/** The id after `id` in session scope: wraps to 1 after 2^53. */
export function nextId(id: number): number {
  return id === MAX_ID ? 1 : id + 1;
}

/** Fills `words` with uniformly distributed 32-bit values. */
export type RandomSource = (words: Int32Array) => void;

/** Words: so many that a call to the source, which pushes much out of the processor's caches, is rare. */
const POOL = 4096;

/**
 * Random numbers in bulk: session ids are quasi-secrets of the meta API, so they must come from a
 * cryptographic source, and one call of it costs as much as routing a message.
 */
export class RandomIds {
  readonly #fill: RandomSource;
  /** See `take`. */
  readonly pool = new Int32Array(POOL);
  #next = POOL;

  constructor(fill: RandomSource) {
    this.#fill = fill;
  }

  /** Where in `pool` the next `count` random words lie, which are the caller's alone. */
  take(count: number): number {
    if (this.#next + count > POOL) {
      this.#fill(this.pool);
      this.#next = 0;
    }
    const at = this.#next;
    this.#next = at + count;
    return at;
  }

  /** 32 random bits. */
  word(): number {
    return this.pool[this.take(1)]! >>> 0;
  }

  /** An id of global scope, uniform over [1, 2^53] (WAMP basic, "IDs"). */
  global(): number {
    return (this.word() >>> 11) * 0x1_0000_0000 + this.word() + 1;
  }
}
