/** Owns the fast source of random numbers, for ids that only have to differ. */

import type { RandomIds, RandomSource } from './ids.js';

/**
 * xoshiro128** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators"), seeded by `seed`. A call into a
 * cryptographic source evicts more from the processor's caches than the rest of an action takes.
 */
export function fastSource(seed: RandomIds): RandomSource {
  // A state of nothing but zeros would stay one.
  let [a, b, c, d] = [seed.word() | 1, seed.word() | 0, seed.word() | 0, seed.word() | 0];
  return words => {
    for (let i = 0; i < words.length; i++) {
      words[i] = Math.imul(rotated(Math.imul(b, 5), 7), 9);
      const t = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = rotated(d, 11);
    }
  };
}

function rotated(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
