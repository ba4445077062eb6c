/** Owns the plain JavaScript values of MessagePack bytes that msgpack-scanner.ts has checked. It never throws. */

import { Interner } from '../interner.js';
import { memberName } from './json-values.js';
import { headSize, isDict, isList, isString, sizeAt } from './msgpack-scanner.js';
import { keyText, uint16, uint32, uint64 } from './octets.js';
import { type PlainDict, setMember } from './plain-dict.js';

const TIMESTAMP = 0xff;

/**
 * A reader of our own: peers choose the bytes, and the extensions that libraries interpret (records,
 * references, errors, regular expressions) are theirs, not WAMP's. Integers beyond 2^53 become BigInt,
 * binary a Buffer that owns its bytes, an extension its data, except the timestamp, which becomes a Date.
 */
export class MsgpackReader {
  readonly #keys = new Interner();
  #bytes: Buffer = Buffer.alloc(0);
  #p = 0;

  /** The value at `p`. */
  read(bytes: Buffer, p: number): unknown {
    this.#bytes = bytes;
    this.#p = p;
    return this.#value();
  }

  /** The value after the one read last. */
  next(): unknown {
    return this.#value();
  }

  #value(): unknown {
    const bytes = this.#bytes;
    const p = this.#p;
    const c = bytes[p]!;
    if (c < 0x80 || c >= 0xe0) {
      this.#p = p + 1;
      return c < 0x80 ? c : c - 0x100;
    }
    if (isString(c)) {
      const start = p + headSize(c);
      this.#p = start + sizeAt(bytes, p, bytes.length);
      return bytes.toString('utf8', start, this.#p);
    }
    if (isDict(c)) return this.#dict(c);
    if (isList(c)) return this.#list(c);
    if (c >= 0xd4 && c <= 0xd8) return this.#extension(p + 1, 1 << (c - 0xd4));
    switch (c) {
      case 0xc2:
      case 0xc3:
        this.#p = p + 1;
        return c === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#binary(p + headSize(c), sizeAt(bytes, p, bytes.length));
      case 0xc7:
        return this.#extension(p + 2, bytes[p + 1]!);
      case 0xc8:
        return this.#extension(p + 3, uint16(bytes, p + 1));
      case 0xc9:
        return this.#extension(p + 5, uint32(bytes, p + 1));
      case 0xc0:
        this.#p = p + 1;
        return null;
      default:
        return this.#number(c);
    }
  }

  #number(c: number): number | bigint {
    const bytes = this.#bytes;
    const p = this.#p + 1;
    switch (c) {
      case 0xca:
        this.#p = p + 4;
        return bytes.readFloatBE(p);
      case 0xcb:
        this.#p = p + 8;
        return bytes.readDoubleBE(p);
      case 0xcc:
        this.#p = p + 1;
        return bytes[p]!;
      case 0xcd:
        this.#p = p + 2;
        return uint16(bytes, p);
      case 0xce:
        this.#p = p + 4;
        return uint32(bytes, p);
      case 0xcf: {
        this.#p = p + 8;
        const value = uint64(bytes, p);
        return value === Number.POSITIVE_INFINITY ? bytes.readBigUInt64BE(p) : value;
      }
      case 0xd0:
        this.#p = p + 1;
        return bytes.readInt8(p);
      case 0xd1:
        this.#p = p + 2;
        return bytes.readInt16BE(p);
      case 0xd2:
        this.#p = p + 4;
        return bytes.readInt32BE(p);
      default: {
        this.#p = p + 8;
        const value = bytes.readBigInt64BE(p);
        return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;
      }
    }
  }

  #list(c: number): unknown[] {
    const size = sizeAt(this.#bytes, this.#p, this.#bytes.length);
    this.#p += headSize(c);
    const list: unknown[] = [];
    for (let i = 0; i < size; i++) list.push(this.#value());
    return list;
  }

  #dict(c: number): PlainDict {
    const size = sizeAt(this.#bytes, this.#p, this.#bytes.length);
    this.#p += headSize(c);
    const dict: PlainDict = {};
    for (let i = 0; i < size; i++) {
      const key = this.#key();
      setMember(dict, key, this.#value());
    }
    return dict;
  }

  #key(): string {
    const bytes = this.#bytes;
    const p = this.#p;
    const c = bytes[p]!;
    if (!isString(c)) return memberName(this.#value());
    const start = p + headSize(c);
    this.#p = start + sizeAt(bytes, p, bytes.length);
    return keyText(bytes, start, this.#p, this.#keys);
  }

  #binary(start: number, size: number): Buffer {
    this.#p = start + size;
    return Buffer.from(this.#bytes.subarray(start, this.#p));
  }

  /** `p` is at the type. */
  #extension(p: number, size: number): unknown {
    const bytes = this.#bytes;
    const type = bytes[p++]!;
    if (type === TIMESTAMP) {
      this.#p = p + size;
      if (size === 4) return new Date(uint32(bytes, p) * 1000);
      if (size === 8) {
        const high = uint32(bytes, p);
        return new Date(((high & 3) * 0x1_0000_0000 + uint32(bytes, p + 4)) * 1000 + Math.floor((high >>> 2) / 1e6));
      }
      if (size === 12) {
        return new Date(Number(bytes.readBigInt64BE(p + 4)) * 1000 + Math.floor(uint32(bytes, p) / 1e6));
      }
    }
    // What encoders for JavaScript make of undefined.
    if (type === 0 && size === 1 && bytes[p] === 0) {
      this.#p = p + 1;
      return undefined;
    }
    return this.#binary(p, size);
  }
}
