/** Owns a bounded table from ASCII bytes to strings, so that a URI seen again costs no new string. */

const SLOTS = 4096;
const LONGEST = 255;

/**
 * URIs repeat. Making a string from bytes crosses into C++ and gives an unhashed string; comparing
 * with the string of last time gives one whose hash is cached, which every Map lookup after it needs.
 * Direct-mapped: a collision replaces, so the table cannot grow.
 */
export class Interner {
  readonly #strings: string[] = new Array<string>(SLOTS).fill('');

  /** The string of `bytes[start, end)`, which must be ASCII. */
  get(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > LONGEST) return bytes.toString('latin1', start, end);
    let hash = length;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
    const known = this.#strings[slot]!;
    if (known.length === length && same(known, bytes, start)) return known;
    const fresh = bytes.toString('latin1', start, end);
    this.#strings[slot] = fresh;
    return fresh;
  }
}

function same(text: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
