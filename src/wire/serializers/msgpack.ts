/** Owns WAMP over MessagePack (with `bin`, "MessagePack spec v5"): heads read and written here, payloads passed through. */

import { ProtocolViolation } from '../errors.js';
import { Interner } from '../interner.js';
import type { Field, Row } from '../spec.js';
import { BinarySerializer } from './binary.js';
import { headSize, isDict, isList, isString, sizeAt, skipDict, skipValue } from './msgpack-scanner.js';
import { MsgpackReader } from './msgpack-values.js';
import { headText, putUint16, putUint32, putUint64, uint16, uint32, uint64 } from './octets.js';
import { wrong } from './serializer.js';

export class MsgpackSerializer extends BinarySerializer {
  readonly name = 'msgpack';
  readonly subprotocol = 'wamp.2.msgpack';
  readonly rawSocketId = 2;

  protected readonly reader = new MsgpackReader();
  readonly #strings = new Interner();
  /** Elements that are still to come. */
  #rest = 0;

  protected open(bytes: Buffer): void {
    if (bytes.length === 0 || !isList(bytes[0]!)) {
      throw new ProtocolViolation('undecodable message: MessagePack list expected');
    }
    this.bytes = bytes;
    this.#rest = sizeAt(bytes, 0, bytes.length);
    this.p = headSize(bytes[0]!);
  }

  protected more(): boolean {
    if (this.#rest === 0) return false;
    this.#rest--;
    return true;
  }

  protected number(): number {
    const bytes = this.bytes;
    const start = this.p;
    this.p = skipValue(bytes, start, bytes.length, 0);
    const c = bytes[start]!;
    if (c < 0x80) return c;
    if (c >= 0xe0) return c - 0x100;
    const p = start + 1;
    switch (c) {
      case 0xca:
        return bytes.readFloatBE(p);
      case 0xcb:
        return bytes.readDoubleBE(p);
      case 0xcc:
        return bytes[p]!;
      case 0xcd:
        return uint16(bytes, p);
      case 0xce:
        return uint32(bytes, p);
      case 0xcf:
        return uint64(bytes, p);
      case 0xd0:
        return bytes.readInt8(p);
      case 0xd1:
        return bytes.readInt16BE(p);
      case 0xd2:
        return bytes.readInt32BE(p);
      case 0xd3:
        // Negative ones come out as infinity, which no id is either.
        return uint64(bytes, p);
      default:
        return Number.NaN;
    }
  }

  protected readString(row: Row, field: Field): string {
    if (!isString(this.here())) throw wrong(row, field, 'a string');
    const bytes = this.bytes;
    const start = this.p + headSize(bytes[this.p]!);
    const end = start + sizeAt(bytes, this.p, bytes.length);
    if (end > bytes.length) throw new ProtocolViolation('undecodable message: MessagePack ends too early');
    this.p = end;
    return headText(bytes, start, end, this.#strings);
  }

  protected isList(c: number): boolean {
    return isList(c);
  }

  protected isDict(c: number): boolean {
    return isDict(c);
  }

  protected isEmptyDict(p: number): boolean {
    return sizeAt(this.bytes, p, this.bytes.length) === 0;
  }

  protected skip(p: number, depth: number): number {
    return skipValue(this.bytes, p, this.bytes.length, depth);
  }

  protected skipDict(p: number): number {
    return skipDict(this.bytes, p, this.bytes.length, 1, true);
  }

  protected begin(elements: number, code: number): void {
    this.out[this.at++] = 0x90 | elements;
    this.out[this.at++] = code;
  }

  protected finish(): void {}

  protected writeInt(value: number): void {
    this.room(9);
    const out = this.out;
    const p = this.at;
    if (value >= 0) {
      if (value < 0x80) {
        out[p] = value;
        this.at = p + 1;
      } else if (value < 0x100) {
        out[p] = 0xcc;
        out[p + 1] = value;
        this.at = p + 2;
      } else if (value < 0x1_0000) {
        out[p] = 0xcd;
        putUint16(out, p + 1, value);
        this.at = p + 3;
      } else if (value < 0x1_0000_0000) {
        out[p] = 0xce;
        putUint32(out, p + 1, value);
        this.at = p + 5;
      } else {
        out[p] = 0xcf;
        putUint64(out, p + 1, value);
        this.at = p + 9;
      }
    } else if (value >= -0x20) {
      out[p] = value;
      this.at = p + 1;
    } else if (value >= -0x80) {
      out[p] = 0xd0;
      out[p + 1] = value;
      this.at = p + 2;
    } else if (value >= -0x8000) {
      out[p] = 0xd1;
      putUint16(out, p + 1, value);
      this.at = p + 3;
    } else if (value >= -0x8000_0000) {
      out[p] = 0xd2;
      putUint32(out, p + 1, value);
      this.at = p + 5;
    } else {
      out[p] = 0xd3;
      putUint64(out, p + 1, value);
      this.at = p + 9;
    }
  }

  protected writeNull(): void {
    this.out[this.at++] = 0xc0;
  }

  protected writeBoolean(value: boolean): void {
    this.out[this.at++] = value ? 0xc3 : 0xc2;
  }

  protected writeFloat(value: number): void {
    this.out[this.at] = 0xcb;
    this.at = this.out.writeDoubleBE(value, this.at + 1);
  }

  protected writeBigInt(value: bigint): void {
    if (value >= 0n && value < 2n ** 64n) {
      this.out[this.at] = 0xcf;
      this.at = this.out.writeBigUInt64BE(value, this.at + 1);
    } else if (value < 0n && value >= -(2n ** 63n)) {
      this.out[this.at] = 0xd3;
      this.at = this.out.writeBigInt64BE(value, this.at + 1);
    } else {
      // MessagePack has no wider integer.
      this.writeFloat(Number(value));
    }
  }

  protected writeTextHead(octets: number): void {
    if (octets < 0x20) this.out[this.at++] = 0xa0 | octets;
    else if (octets < 0x100) {
      this.out[this.at] = 0xd9;
      this.out[this.at + 1] = octets;
      this.at += 2;
    } else this.#head(0xda, octets);
  }

  protected writeBytesHead(octets: number): void {
    if (octets < 0x100) {
      this.out[this.at] = 0xc4;
      this.out[this.at + 1] = octets;
      this.at += 2;
    } else this.#head(0xc5, octets);
  }

  protected writeListHead(elements: number): void {
    if (elements < 0x10) this.out[this.at++] = 0x90 | elements;
    else this.#head(0xdc, elements);
  }

  protected writeDictHead(pairs: number): void {
    if (pairs < 0x10) this.out[this.at++] = 0x80 | pairs;
    else this.#head(0xde, pairs);
  }

  /** `c` with a length of 16 bits, or the code after it with one of 32. */
  #head(c: number, size: number): void {
    if (size < 0x1_0000) {
      this.out[this.at] = c;
      putUint16(this.out, this.at + 1, size);
      this.at += 3;
    } else {
      this.out[this.at] = c + 1;
      putUint32(this.out, this.at + 1, size);
      this.at += 5;
    }
  }
}
