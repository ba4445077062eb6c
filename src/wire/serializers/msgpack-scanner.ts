/** Owns the MessagePack grammar over bytes: finds where a value ends, allocating nothing, or throws. */

import { ProtocolViolation } from '../errors.js';
import { deeper } from './json-scanner.js';
import { isText, uint16, uint32 } from './octets.js';

function bad(bytes: Buffer, p: number): ProtocolViolation {
  return new ProtocolViolation(
    p >= bytes.length
      ? 'undecodable message: MessagePack ends too early'
      : `undecodable message: invalid MessagePack at octet ${p}`,
  );
}

/** `q`, if the bytes reach that far. */
function within(bytes: Buffer, q: number, end: number): number {
  if (q > end) throw bad(bytes, bytes.length);
  return q;
}

export function isString(c: number): boolean {
  return (c >= 0xa0 && c < 0xc0) || (c >= 0xd9 && c <= 0xdb);
}

export function isList(c: number): boolean {
  return (c >= 0x90 && c < 0xa0) || c === 0xdc || c === 0xdd;
}

export function isDict(c: number): boolean {
  return (c >= 0x80 && c < 0x90) || c === 0xde || c === 0xdf;
}

/** Octets before the content of the string, list, dict or binary that begins with `c`. */
export function headSize(c: number): number {
  switch (c) {
    case 0xc4:
    case 0xd9:
      return 2;
    case 0xc5:
    case 0xda:
    case 0xdc:
    case 0xde:
      return 3;
    case 0xc6:
    case 0xdb:
    case 0xdd:
    case 0xdf:
      return 5;
    default:
      return 1;
  }
}

/** Octets of the string or binary, elements of the list, pairs of the dict at `p`. */
export function sizeAt(bytes: Buffer, p: number, end: number): number {
  const c = bytes[p]!;
  const head = headSize(c);
  within(bytes, p + head, end);
  switch (head) {
    case 1:
      return c >= 0xa0 ? c & 31 : c & 15;
    case 2:
      return bytes[p + 1]!;
    case 3:
      return uint16(bytes, p + 1);
    default:
      return uint32(bytes, p + 1);
  }
}

/** The position after the value that begins at `p`. */
export function skipValue(bytes: Buffer, p: number, end: number, depth: number): number {
  if (p >= end) throw bad(bytes, p);
  const c = bytes[p]!;
  if (c < 0x80 || c >= 0xe0) return p + 1;
  if (c >= 0xa0 && c < 0xc0) return skipText(bytes, p + 1, p + 1 + (c & 31), end);
  if (isDict(c)) return skipDict(bytes, p, end, deeper(depth), false);
  if (isList(c)) return skipList(bytes, p, end, deeper(depth));
  switch (c) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return p + 1;
    case 0xc4: // bin
    case 0xc5:
    case 0xc6:
      return within(bytes, p + headSize(c) + sizeAt(bytes, p, end), end);
    case 0xd9: // str
    case 0xda:
    case 0xdb:
      return skipText(bytes, p + headSize(c), p + headSize(c) + sizeAt(bytes, p, end), end);
    case 0xc7: // ext, whose type follows its length
      within(bytes, p + 2, end);
      return within(bytes, p + 3 + bytes[p + 1]!, end);
    case 0xc8:
      within(bytes, p + 3, end);
      return within(bytes, p + 4 + uint16(bytes, p + 1), end);
    case 0xc9:
      within(bytes, p + 5, end);
      return within(bytes, p + 6 + uint32(bytes, p + 1), end);
    case 0xcc: // uint 8, int 8
    case 0xd0:
      return within(bytes, p + 2, end);
    case 0xcd: // uint 16, int 16, fixext 1
    case 0xd1:
    case 0xd4:
      return within(bytes, p + 3, end);
    case 0xd5: // fixext 2
      return within(bytes, p + 4, end);
    case 0xca: // float 32, uint 32, int 32
    case 0xce:
    case 0xd2:
      return within(bytes, p + 5, end);
    case 0xd6: // fixext 4
      return within(bytes, p + 6, end);
    case 0xcb: // float 64, uint 64, int 64
    case 0xcf:
    case 0xd3:
      return within(bytes, p + 9, end);
    case 0xd7: // fixext 8
      return within(bytes, p + 10, end);
    case 0xd8: // fixext 16
      return within(bytes, p + 18, end);
    default: // 0xc1 is never used
      throw bad(bytes, p);
  }
}

/** The text between `p` and `q`; returns `q`. */
function skipText(bytes: Buffer, p: number, q: number, end: number): number {
  if (q > end) throw bad(bytes, bytes.length);
  if (!isText(bytes, p, q)) throw new ProtocolViolation(`undecodable message: invalid UTF-8 at octet ${p}`);
  return q;
}

function skipList(bytes: Buffer, p: number, end: number, depth: number): number {
  let rest = sizeAt(bytes, p, end);
  p += headSize(bytes[p]!);
  while (rest-- > 0) p = skipValue(bytes, p, end, depth);
  return p;
}

/** `named`: keys must be strings (WAMP basic, "Serializers": a dict has string keys). */
export function skipDict(bytes: Buffer, p: number, end: number, depth: number, named: boolean): number {
  let rest = sizeAt(bytes, p, end);
  p += headSize(bytes[p]!);
  while (rest-- > 0) {
    if (named && p < end && !isString(bytes[p]!)) {
      throw new ProtocolViolation(`dict key at octet ${p} must be a string`);
    }
    p = skipValue(bytes, p, end, depth);
    p = skipValue(bytes, p, end, depth);
  }
  return p;
}
