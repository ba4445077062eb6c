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
export type RandomSource = (words: Uint32Array) => void;

/**
 * Random numbers in bulk: session ids are quasi-secrets of the meta API, so they must come from a
 * cryptographic source, and one call of it costs as much as routing a message.
 */
export class RandomIds {
  readonly #fill: RandomSource;
  readonly #pool = new Uint32Array(1024);
  #next = 1024;

  constructor(fill: RandomSource) {
    this.#fill = fill;
  }

  /** 32 random bits. */
  word(): number {
    if (this.#next === 1024) {
      this.#fill(this.#pool);
      this.#next = 0;
    }
    return this.#pool[this.#next++]!;
  }

  /** An id of global scope, uniform over [1, 2^53] (WAMP basic, "IDs"). */
  global(): number {
    return (this.word() >>> 11) * 0x1_0000_0000 + this.word() + 1;
  }
}

/**
 * 32-bit words for ids that must be unique but keep no secret, such as trace and span ids: xoshiro128**, seeded at
 * random (Blackman and Vigna, "Scrambled linear pseudorandom number generators"). A tenth of the cost of `RandomIds`.
 */
export class FastIds {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: RandomIds) {
    // The all-zero state has no successor.
    this.#a = seed.word() | 1;
    this.#b = seed.word() | 0;
    this.#c = seed.word() | 0;
    this.#d = seed.word() | 0;
  }

  /** 32 random bits, signed. */
  word(): number {
    const scrambled = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotate(this.#d, 11);
    return scrambled;
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
