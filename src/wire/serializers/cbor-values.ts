/** Owns the plain JavaScript values of CBOR bytes that cbor-scanner.ts has checked. It never throws. */

import { Interner } from '../interner.js';
import { argument, BREAK, BYTES, DICT, headEnd, LIST, NEGATIVE, TAG, TEXT, UNSIGNED } from './cbor-scanner.js';
import { memberName } from './json-values.js';
import { keyText } from './octets.js';
import { type PlainDict, setMember } from './plain-dict.js';

const NO_TAG = -1;
const EPOCH = 1;
const BIGNUM = 2;
const NEGATIVE_BIGNUM = 3;
/** A longer bignum stays binary: its decimal digits would take the router a long time. */
const MAX_BIGNUM = 1024;

/**
 * A reader of our own: peers choose the bytes, and the tags that libraries interpret (records, references,
 * packed tables, errors) are theirs, not WAMP's. Integers beyond 2^53 become BigInt, byte strings a Buffer
 * that owns its bytes, a tagged value what it is without its tag, except bignums and the epoch, which becomes a Date.
 */
export class CborReader {
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
    let tag = NO_TAG;
    while (bytes[this.#p]! >> 5 === TAG) {
      tag = argument(bytes, this.#p);
      this.#p = this.#headEnd();
    }
    const value = this.#untagged();
    return tag === NO_TAG ? value : tagged(tag, value);
  }

  #headEnd(): number {
    return headEnd(this.#bytes, this.#p, this.#bytes.length);
  }

  #untagged(): unknown {
    const bytes = this.#bytes;
    const p = this.#p;
    switch (bytes[p]! >> 5) {
      case UNSIGNED: {
        this.#p = this.#headEnd();
        const value = argument(bytes, p);
        return value === Number.POSITIVE_INFINITY ? bytes.readBigUInt64BE(p + 1) : value;
      }
      case NEGATIVE: {
        this.#p = this.#headEnd();
        const value = argument(bytes, p);
        return value >= 2 ** 53 ? -1n - bytes.readBigUInt64BE(p + 1) : -1 - value;
      }
      case BYTES:
        return this.#binary();
      case TEXT:
        return this.#text();
      case LIST:
        return this.#list();
      case DICT:
        return this.#dict();
      default:
        return this.#simple();
    }
  }

  #simple(): unknown {
    const bytes = this.#bytes;
    const p = this.#p;
    this.#p = this.#headEnd();
    switch (bytes[p]) {
      case 0xf4:
      case 0xf5:
        return bytes[p] === 0xf5;
      case 0xf6:
        return null;
      case 0xf9:
      case 0xfa:
      case 0xfb:
        return floatAt(bytes, p);
      default:
        return undefined;
    }
  }

  #binary(): Buffer {
    const bytes = this.#bytes;
    const size = argument(bytes, this.#p);
    const start = this.#headEnd();
    if (size >= 0) {
      this.#p = start + size;
      return Buffer.from(bytes.subarray(start, this.#p));
    }
    const chunks: Buffer[] = [];
    this.#p = start;
    while (!this.#ends()) chunks.push(this.#binary());
    return Buffer.concat(chunks);
  }

  #text(): string {
    const bytes = this.#bytes;
    const size = argument(bytes, this.#p);
    const start = this.#headEnd();
    if (size >= 0) {
      this.#p = start + size;
      return bytes.toString('utf8', start, this.#p);
    }
    let text = '';
    this.#p = start;
    while (!this.#ends()) text += this.#text();
    return text;
  }

  /** Steps over the break that ends an indefinite item, if it is here. */
  #ends(): boolean {
    if (this.#bytes[this.#p] !== BREAK) return false;
    this.#p++;
    return true;
  }

  #list(): unknown[] {
    const size = argument(this.#bytes, this.#p);
    this.#p = this.#headEnd();
    const list: unknown[] = [];
    for (let i = 0; i !== size; i++) {
      if (size < 0 && this.#ends()) break;
      list.push(this.#value());
    }
    return list;
  }

  #dict(): PlainDict {
    const size = argument(this.#bytes, this.#p);
    this.#p = this.#headEnd();
    const dict: PlainDict = {};
    for (let i = 0; i !== size; i++) {
      if (size < 0 && this.#ends()) break;
      const key = this.#key();
      setMember(dict, key, this.#value());
    }
    return dict;
  }

  #key(): string {
    const bytes = this.#bytes;
    const p = this.#p;
    const size = argument(bytes, p);
    if (bytes[p]! >> 5 !== TEXT || size < 0) return memberName(this.#value());
    const start = this.#headEnd();
    this.#p = start + size;
    return keyText(bytes, start, this.#p, this.#keys);
  }
}

function tagged(tag: number, value: unknown): unknown {
  if (tag === EPOCH && typeof value === 'number') return new Date(value * 1000);
  if ((tag !== BIGNUM && tag !== NEGATIVE_BIGNUM) || !Buffer.isBuffer(value) || value.length > MAX_BIGNUM) return value;
  const magnitude = BigInt(`0x0${value.toString('hex')}`);
  const integer = tag === BIGNUM ? magnitude : -1n - magnitude;
  return integer >= -(2n ** 53n) && integer <= 2n ** 53n ? Number(integer) : integer;
}

/** The number of the float whose head is at `p`. */
export function floatAt(bytes: Buffer, p: number): number {
  if (bytes[p] === 0xfb) return bytes.readDoubleBE(p + 1);
  if (bytes[p] === 0xfa) return bytes.readFloatBE(p + 1);
  // RFC 8949, appendix D.
  const exponent = (bytes[p + 1]! >> 2) & 31;
  const mantissa = ((bytes[p + 1]! & 3) << 8) | bytes[p + 2]!;
  const sign = bytes[p + 1]! & 0x80 ? -1 : 1;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}
