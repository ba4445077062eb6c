/** Owns the JSON grammar over bytes (RFC 8259): finds where a value ends, allocating nothing, or throws. UTF-8 is the transport's. */

import { ProtocolViolation } from '../errors.js';

/** Deeper nesting is refused: the scanner recurses, and so does every peer's parser. */
export const MAX_DEPTH = 256;

function bad(bytes: Buffer, p: number): ProtocolViolation {
  return new ProtocolViolation(
    p >= bytes.length ? 'undecodable message: JSON ends too early' : `undecodable message: invalid JSON at octet ${p}`,
  );
}

export function skipSpace(bytes: Buffer, p: number, end: number): number {
  while (p < end) {
    const c = bytes[p]!;
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
    p++;
  }
  return p;
}

export function skipDigits(bytes: Buffer, p: number, end: number): number {
  while (p < end) {
    const c = bytes[p]!;
    if (c < 0x30 || c > 0x39) break;
    p++;
  }
  return p;
}

/**
 * The first octet from `p` on at which a string does not simply go on, or `end`. Most of a message is text, and most of that
 * are letters, which one comparison lets pass; the zeros make the loop count in machine words.
 */
function skipText(bytes: Buffer, p: number, end: number): number {
  const last = end | 0;
  let i = p | 0;
  for (; i < last; i = (i + 1) | 0) {
    const c = bytes[i]!;
    if (c <= 0x5c && (c === 0x22 || c === 0x5c || c < 0x20)) break;
  }
  return i;
}

/** `p` is after the opening quote; returns the position after the closing one. */
export function skipString(bytes: Buffer, p: number, end: number): number {
  p = skipText(bytes, p, end);
  while (p < end && bytes[p] === 0x5c) p = skipText(bytes, skipEscape(bytes, p + 1, end), end);
  if (p >= end || bytes[p] !== 0x22) throw bad(bytes, p);
  return p + 1;
}

/** `p` is after the backslash. */
function skipEscape(bytes: Buffer, p: number, end: number): number {
  if (p >= end) throw bad(bytes, p);
  switch (bytes[p]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return p + 1;
    case 0x75: // uXXXX
      for (let i = p + 1; i < p + 5; i++) if (i >= end || !isHex(bytes[i]!)) throw bad(bytes, i);
      return p + 5;
    default:
      throw bad(bytes, p);
  }
}

function isHex(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66);
}

function skipNumber(bytes: Buffer, p: number, end: number): number {
  if (bytes[p] === 0x2d) p++;
  const integer = p;
  p = skipDigits(bytes, p, end);
  if (p === integer || (p > integer + 1 && bytes[integer] === 0x30)) throw bad(bytes, p);
  if (p < end && bytes[p] === 0x2e) {
    const fraction = ++p;
    p = skipDigits(bytes, p, end);
    if (p === fraction) throw bad(bytes, p);
  }
  if (p < end && (bytes[p]! | 0x20) === 0x65) {
    p++;
    if (p < end && (bytes[p] === 0x2b || bytes[p] === 0x2d)) p++;
    const exponent = p;
    p = skipDigits(bytes, p, end);
    if (p === exponent) throw bad(bytes, p);
  }
  return p;
}

function skipWord(bytes: Buffer, p: number, end: number, word: string): number {
  for (let i = 0; i < word.length; i++) {
    if (p + i >= end || bytes[p + i] !== word.charCodeAt(i)) throw bad(bytes, p + i);
  }
  return p + word.length;
}

/** The position after the value that begins at `p` (no leading space). */
export function skipValue(bytes: Buffer, p: number, end: number, depth: number): number {
  if (p >= end) throw bad(bytes, p);
  switch (bytes[p]) {
    case 0x22:
      return skipString(bytes, p + 1, end);
    case 0x7b:
      return skipDict(bytes, p + 1, end, deeper(depth));
    case 0x5b:
      return skipList(bytes, p + 1, end, deeper(depth));
    case 0x74:
      return skipWord(bytes, p, end, 'true');
    case 0x66:
      return skipWord(bytes, p, end, 'false');
    case 0x6e:
      return skipWord(bytes, p, end, 'null');
    default:
      return skipNumber(bytes, p, end);
  }
}

export function deeper(depth: number): number {
  if (depth >= MAX_DEPTH) throw new ProtocolViolation(`message nested deeper than ${MAX_DEPTH} levels`);
  return depth + 1;
}

function skipList(bytes: Buffer, p: number, end: number, depth: number): number {
  p = skipSpace(bytes, p, end);
  if (p < end && bytes[p] === 0x5d) return p + 1;
  for (;;) {
    p = skipValue(bytes, p, end, depth);
    p = skipSpace(bytes, p, end);
    if (p >= end) throw bad(bytes, p);
    const c = bytes[p];
    if (c === 0x5d) return p + 1;
    if (c !== 0x2c) throw bad(bytes, p);
    p = skipSpace(bytes, p + 1, end);
  }
}

function skipDict(bytes: Buffer, p: number, end: number, depth: number): number {
  p = skipSpace(bytes, p, end);
  if (p < end && bytes[p] === 0x7d) return p + 1;
  for (;;) {
    if (p >= end || bytes[p] !== 0x22) throw bad(bytes, p);
    p = skipString(bytes, p + 1, end);
    p = skipSpace(bytes, p, end);
    if (p >= end || bytes[p] !== 0x3a) throw bad(bytes, p);
    p = skipSpace(bytes, p + 1, end);
    p = skipValue(bytes, p, end, depth);
    p = skipSpace(bytes, p, end);
    if (p >= end) throw bad(bytes, p);
    const c = bytes[p];
    if (c === 0x7d) return p + 1;
    if (c !== 0x2c) throw bad(bytes, p);
    p = skipSpace(bytes, p + 1, end);
  }
}
