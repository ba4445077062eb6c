/** Owns the CBOR grammar over bytes (RFC 8949): finds where a data item ends, allocating nothing, or throws. */

import { ProtocolViolation } from '../errors.js';
import { deeper } from './json-scanner.js';
import { isText, uint16, uint32, uint64 } from './octets.js';

/** Major types. */
export const UNSIGNED = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const LIST = 4;
export const DICT = 5;
export const TAG = 6;

/** Additional information of a list, dict or string whose end is marked by `BREAK`. */
const INDEFINITE = 31;
export const BREAK = 0xff;

function bad(bytes: Buffer, p: number): ProtocolViolation {
  return new ProtocolViolation(
    p >= bytes.length ? 'undecodable message: CBOR ends too early' : `undecodable message: invalid CBOR at octet ${p}`,
  );
}

/** `q`, if the bytes reach that far. */
function within(bytes: Buffer, q: number, end: number): number {
  if (q > end) throw bad(bytes, bytes.length);
  return q;
}

/** The position after the head of the data item at `p`, which is not the end. */
export function headEnd(bytes: Buffer, p: number, end: number): number {
  const c = bytes[p]!;
  if ((c & 31) < 24) return p + 1;
  switch (c & 31) {
    case 24:
      return within(bytes, p + 2, end);
    case 25:
      return within(bytes, p + 3, end);
    case 26:
      return within(bytes, p + 5, end);
    case 27:
      return within(bytes, p + 9, end);
    case 28:
    case 29:
    case 30:
      throw bad(bytes, p);
    default:
      if (c >> 5 < BYTES || c >> 5 > DICT) throw bad(bytes, p);
      return p + 1;
  }
}

/** The argument in the head at `p`: a length, a count, an integer; -1 for an indefinite length, infinity above 2^53. */
export function argument(bytes: Buffer, p: number): number {
  const info = bytes[p]! & 31;
  if (info < 24) return info;
  switch (info) {
    case 24:
      return bytes[p + 1]!;
    case 25:
      return uint16(bytes, p + 1);
    case 26:
      return uint32(bytes, p + 1);
    case 27:
      return uint64(bytes, p + 1);
    default:
      return -1;
  }
}

/** Whether a list or dict ends at `p`, when `BREAK` ends it. */
export function isBreak(bytes: Buffer, p: number, end: number): boolean {
  if (p >= end) throw bad(bytes, p);
  return bytes[p] === BREAK;
}

/** The position after the data item that begins at `p`, tags included. */
export function skipValue(bytes: Buffer, p: number, end: number, depth: number): number {
  for (;;) {
    if (p >= end) throw bad(bytes, p);
    const c = bytes[p]!;
    switch (c >> 5) {
      case TEXT:
        if ((c & 31) < 24) return skipText(bytes, p + 1, p + 1 + (c & 31), end);
        return skipString(bytes, p, end);
      case BYTES:
        return skipString(bytes, p, end);
      case LIST:
        return skipList(bytes, p, end, deeper(depth));
      case DICT:
        return skipDict(bytes, p, end, deeper(depth), false);
      case TAG:
        p = headEnd(bytes, p, end);
        break;
      default: {
        const q = headEnd(bytes, p, end);
        // RFC 8949, 3.3: the two-octet form of a simple value below 32 is not well-formed.
        if (c === 0xf8 && bytes[p + 1]! < 32) throw bad(bytes, p);
        return q;
      }
    }
  }
}

function skipString(bytes: Buffer, p: number, end: number): number {
  const c = bytes[p]!;
  if ((c & 31) !== INDEFINITE) return skipChunk(bytes, p, end);
  p++;
  while (!isBreak(bytes, p, end)) {
    // RFC 8949, 3.2.3: chunks are definite strings of the same type, and each text chunk is valid by itself.
    if (bytes[p]! >> 5 !== c >> 5 || (bytes[p]! & 31) === INDEFINITE) throw bad(bytes, p);
    p = skipChunk(bytes, p, end);
  }
  return p + 1;
}

function skipChunk(bytes: Buffer, p: number, end: number): number {
  const start = headEnd(bytes, p, end);
  const q = start + argument(bytes, p);
  return bytes[p]! >> 5 === TEXT ? skipText(bytes, start, q, end) : within(bytes, q, end);
}

/** The text between `p` and `q`; returns `q`. */
function skipText(bytes: Buffer, p: number, q: number, end: number): number {
  if (q > end) throw bad(bytes, bytes.length);
  if (!isText(bytes, p, q)) throw new ProtocolViolation(`undecodable message: invalid UTF-8 at octet ${p}`);
  return q;
}

function skipList(bytes: Buffer, p: number, end: number, depth: number): number {
  let rest = argument(bytes, p);
  p = headEnd(bytes, p, end);
  if (rest >= 0) {
    while (rest-- > 0) p = skipValue(bytes, p, end, depth);
    return p;
  }
  while (!isBreak(bytes, p, end)) p = skipValue(bytes, p, end, depth);
  return p + 1;
}

/** `named`: keys must be strings (WAMP basic, "Serializers": a dict has string keys). */
export function skipDict(bytes: Buffer, p: number, end: number, depth: number, named: boolean): number {
  const size = argument(bytes, p);
  p = headEnd(bytes, p, end);
  for (let i = 0; i !== size; i++) {
    if (size < 0 && isBreak(bytes, p, end)) return p + 1;
    if (named && p < end && bytes[p]! >> 5 !== TEXT) {
      throw new ProtocolViolation(`dict key at octet ${p} must be a string`);
    }
    p = skipValue(bytes, p, end, depth);
    p = skipValue(bytes, p, end, depth);
  }
  return p;
}
