/** Owns WAMP over CBOR (RFC 8949): heads read and written here, payloads passed through. */

import { ProtocolViolation } from '../errors.js';
import { Interner } from '../interner.js';
import type { Field, Row } from '../spec.js';
import { BinarySerializer } from './binary.js';
import {
  argument,
  BREAK,
  BYTES,
  DICT,
  headEnd,
  isBreak,
  LIST,
  NEGATIVE,
  skipDict,
  skipValue,
  TEXT,
  UNSIGNED,
} from './cbor-scanner.js';
import { CborReader, floatAt } from './cbor-values.js';
import { headText, putUint16, putUint32, putUint64 } from './octets.js';
import { wrong } from './serializer.js';

const INDEFINITE = -1;

export class CborSerializer extends BinarySerializer {
  readonly name = 'cbor';
  readonly subprotocol = 'wamp.2.cbor';
  readonly rawSocketId = 3;

  protected readonly reader = new CborReader();
  readonly #strings = new Interner();
  /** Elements that are still to come, or `INDEFINITE`. */
  #rest = 0;

  protected open(bytes: Buffer): void {
    if (bytes.length === 0 || bytes[0]! >> 5 !== LIST) {
      throw new ProtocolViolation('undecodable message: CBOR list expected');
    }
    this.bytes = bytes;
    this.p = headEnd(bytes, 0, bytes.length);
    this.#rest = argument(bytes, 0);
  }

  protected more(): boolean {
    if (this.#rest === 0) return false;
    if (this.#rest !== INDEFINITE) {
      this.#rest--;
      return true;
    }
    if (!isBreak(this.bytes, this.p, this.bytes.length)) return true;
    this.p++;
    this.#rest = 0;
    return false;
  }

  protected number(): number {
    const bytes = this.bytes;
    const p = this.p;
    this.p = skipValue(bytes, p, bytes.length, 0);
    const c = bytes[p]!;
    if (c >> 5 === UNSIGNED) return argument(bytes, p);
    if (c >> 5 === NEGATIVE) return -1 - argument(bytes, p);
    return c >= 0xf9 && c <= 0xfb ? floatAt(bytes, p) : Number.NaN;
  }

  protected readString(row: Row, field: Field): string {
    if (this.here() >> 5 !== TEXT) throw wrong(row, field, 'a string');
    const bytes = this.bytes;
    const p = this.p;
    const size = argument(bytes, p);
    if (size === INDEFINITE) {
      this.p = skipValue(bytes, p, bytes.length, 0);
      return this.reader.read(bytes, p) as string;
    }
    const start = headEnd(bytes, p, bytes.length);
    const end = start + size;
    if (end > bytes.length) throw new ProtocolViolation('undecodable message: CBOR ends too early');
    this.p = end;
    return headText(bytes, start, end, this.#strings);
  }

  protected isList(c: number): boolean {
    return c >> 5 === LIST;
  }

  protected isDict(c: number): boolean {
    return c >> 5 === DICT;
  }

  protected isEmptyDict(p: number): boolean {
    const size = argument(this.bytes, p);
    return size === 0 || (size === INDEFINITE && this.bytes[p + 1] === BREAK);
  }

  protected skip(p: number, depth: number): number {
    return skipValue(this.bytes, p, this.bytes.length, depth);
  }

  protected skipDict(p: number): number {
    return skipDict(this.bytes, p, this.bytes.length, 1, true);
  }

  protected begin(elements: number, code: number): void {
    this.writeListHead(elements);
    this.writeInt(code);
  }

  protected finish(): void {}

  protected writeInt(value: number): void {
    this.room(9);
    if (value >= 0) this.#head(UNSIGNED, value);
    else this.#head(NEGATIVE, -1 - value);
  }

  protected writeNull(): void {
    this.out[this.at++] = 0xf6;
  }

  protected writeBoolean(value: boolean): void {
    this.out[this.at++] = value ? 0xf5 : 0xf4;
  }

  protected writeFloat(value: number): void {
    this.out[this.at] = 0xfb;
    this.at = this.out.writeDoubleBE(value, this.at + 1);
  }

  protected writeBigInt(value: bigint): void {
    const negative = value < 0n;
    const rest = negative ? -1n - value : value;
    if (rest < 2n ** 64n) {
      this.out[this.at] = negative ? 0x3b : 0x1b;
      this.at = this.out.writeBigUInt64BE(rest, this.at + 1);
      return;
    }
    // RFC 8949, 3.4.3: a bignum.
    const digits = rest.toString(16);
    const octets = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
    this.room(octets.length + 10);
    this.out[this.at++] = negative ? 0xc3 : 0xc2;
    this.writeBytesHead(octets.length);
    this.at += octets.copy(this.out, this.at);
  }

  protected writeTextHead(octets: number): void {
    this.#head(TEXT, octets);
  }

  protected writeBytesHead(octets: number): void {
    this.#head(BYTES, octets);
  }

  protected writeListHead(elements: number): void {
    this.#head(LIST, elements);
  }

  protected writeDictHead(pairs: number): void {
    this.#head(DICT, pairs);
  }

  #head(major: number, value: number): void {
    const out = this.out;
    const p = this.at;
    const c = major << 5;
    if (value < 24) {
      out[p] = c | value;
      this.at = p + 1;
    } else if (value < 0x100) {
      out[p] = c | 24;
      out[p + 1] = value;
      this.at = p + 2;
    } else if (value < 0x1_0000) {
      out[p] = c | 25;
      putUint16(out, p + 1, value);
      this.at = p + 3;
    } else if (value < 0x1_0000_0000) {
      out[p] = c | 26;
      putUint32(out, p + 1, value);
      this.at = p + 5;
    } else {
      out[p] = c | 27;
      putUint64(out, p + 1, value);
      this.at = p + 9;
    }
  }
}
