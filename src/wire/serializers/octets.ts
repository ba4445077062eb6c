/** Owns what the binary formats share over bytes: numbers in network order, text. */

import { isUtf8 } from 'node:buffer';
import { ProtocolViolation } from '../errors.js';
import type { Interner } from '../interner.js';

/** From this length on, a call into C++ is cheaper than a loop. */
const LONG = 96;

/** The same bytes as a Buffer, not copied. */
export function view(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function uint16(bytes: Buffer, p: number): number {
  return (bytes[p]! << 8) | bytes[p + 1]!;
}

export function uint32(bytes: Buffer, p: number): number {
  return bytes[p]! * 0x100_0000 + ((bytes[p + 1]! << 16) | (bytes[p + 2]! << 8) | bytes[p + 3]!);
}

/** Infinity above 2^53: a value that would be rounded must neither pass for an id nor for a length. */
export function uint64(bytes: Buffer, p: number): number {
  const high = uint32(bytes, p);
  const low = uint32(bytes, p + 4);
  if (high >= 0x20_0000 && (high > 0x20_0000 || low > 0)) return Number.POSITIVE_INFINITY;
  return high * 0x1_0000_0000 + low;
}

export function putUint16(out: Buffer, p: number, value: number): void {
  out[p] = value >>> 8;
  out[p + 1] = value;
}

export function putUint32(out: Buffer, p: number, value: number): void {
  out[p] = value >>> 24;
  out[p + 1] = value >>> 16;
  out[p + 2] = value >>> 8;
  out[p + 3] = value;
}

/** `value` up to 2^53; a negative one in two's complement. */
export function putUint64(out: Buffer, p: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  putUint32(out, p, high);
  putUint32(out, p + 4, value - high * 0x1_0000_0000);
}

/** `bytes[start, end)` to `out` at `p`. Buffer.copy makes a view of a part first, which costs more than a short loop. */
export function copyTo(out: Buffer, p: number, bytes: Uint8Array, start: number, end: number): void {
  if (end - start > LONG) view(bytes).copy(out, p, start, end);
  else for (let i = start; i < end; i++) out[p++] = bytes[i]!;
}

export function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let p = start; p < end; p++) if (bytes[p]! > 0x7f) return false;
  return true;
}

/** Whether `bytes[start, end)` is UTF-8. */
export function isText(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > LONG) return isUtf8(bytes.subarray(start, end));
  for (let p = start; p < end; p++) if (bytes[p]! > 0x7f) return isShortText(bytes, p, end);
  return true;
}

/** The table of RFC 3629, section 4. */
function isShortText(bytes: Buffer, p: number, end: number): boolean {
  while (p < end) {
    const c = bytes[p++]!;
    if (c < 0x80) continue;
    if (c < 0xc2 || c > 0xf4) return false;
    const more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if (p + more > end) return false;
    // The second octet excludes overlong forms, surrogates and what is beyond U+10FFFF.
    const lowest = c === 0xe0 ? 0xa0 : c === 0xf0 ? 0x90 : 0x80;
    const highest = c === 0xed ? 0x9f : c === 0xf4 ? 0x8f : 0xbf;
    if (bytes[p]! < lowest || bytes[p]! > highest) return false;
    for (let i = 1; i < more; i++) if ((bytes[p + i]! & 0xc0) !== 0x80) return false;
    p += more;
  }
  return true;
}

/** A string of a message's head, which mostly was seen before; not checked yet. */
export function headText(bytes: Buffer, start: number, end: number, strings: Interner): string {
  if (isAscii(bytes, start, end)) return strings.get(bytes, start, end);
  if (!isText(bytes, start, end)) throw new ProtocolViolation(`undecodable message: invalid UTF-8 at octet ${start}`);
  return bytes.toString('utf8', start, end);
}

/** The key of a dict in checked bytes: keys repeat, values do not. */
export function keyText(bytes: Buffer, start: number, end: number, strings: Interner): string {
  return isAscii(bytes, start, end) ? strings.get(bytes, start, end) : bytes.toString('utf8', start, end);
}
