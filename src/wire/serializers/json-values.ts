/** Owns what JSON cannot say by itself: binary as "\0" + base64 (WAMP basic, "Binary Data in JSON") and integers beyond 2^53. */

import { type PlainDict, setMember } from './plain-dict.js';

// JSON.parse would round such an integer. A dot before the digits makes them a fraction.
const LONG_INTEGER = /(?<![.\d])\d{16}/;
/** Longer ones are numbers after all: making a BigInt of a megabyte of digits takes long. */
const MAX_DIGITS = 1024;

/** The value of JSON text that json-scanner.ts has checked; strings that begin with U+0000 become Buffers. */
export function fromJson(text: string): unknown {
  return text.includes('\\u0000') || LONG_INTEGER.test(text) ? new Parser(text).value() : JSON.parse(text);
}

/** For the texts whose values JSON.parse does not tell. */
class Parser {
  readonly #text: string;
  #p = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): unknown {
    switch (this.#peek()) {
      case 0x22:
        return fromString(this.#string());
      case 0x5b:
        return this.#list();
      case 0x7b:
        return this.#dict();
      case 0x74:
        this.#p += 4;
        return true;
      case 0x66:
        this.#p += 5;
        return false;
      case 0x6e:
        this.#p += 4;
        return null;
      default:
        return this.#number();
    }
  }

  /** The next character that is no space. */
  #peek(): number {
    let c = this.#text.charCodeAt(this.#p);
    while (c <= 0x20) c = this.#text.charCodeAt(++this.#p);
    return c;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#p;
    let end = text.indexOf('"', start + 1);
    while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
    this.#p = end + 1;
    const inside = text.slice(start + 1, end);
    return inside.includes('\\') ? (JSON.parse(`"${inside}"`) as string) : inside;
  }

  #list(): unknown[] {
    const list: unknown[] = [];
    this.#p++;
    while (this.#peek() !== 0x5d) {
      if (list.length > 0) this.#p++;
      list.push(this.value());
    }
    this.#p++;
    return list;
  }

  #dict(): PlainDict {
    const dict: PlainDict = {};
    this.#p++;
    for (let first = true; this.#peek() !== 0x7d; first = false) {
      if (!first) this.#p++;
      this.#peek();
      const key = this.#string();
      this.#peek();
      this.#p++;
      setMember(dict, key, this.value());
    }
    this.#p++;
    return dict;
  }

  #number(): number | bigint {
    const start = this.#p;
    const text = this.#text;
    while (this.#p < text.length && isNumeric(text.charCodeAt(this.#p))) this.#p++;
    const digits = text.slice(start, this.#p);
    const value = Number(digits);
    if (Math.abs(value) < 2 ** 53 || digits.length > MAX_DIGITS || !/^-?\d+$/.test(digits)) return value;
    const integer = BigInt(digits);
    return BigInt(value) === integer && Math.abs(value) === 2 ** 53 ? value : integer;
  }
}

function fromString(text: string): string | Buffer {
  return text.charCodeAt(0) === 0 ? Buffer.from(text.slice(1), 'base64') : text;
}

/** Whether an odd number of backslashes stands before `p`. */
function isEscaped(text: string, p: number): boolean {
  let q = p;
  while (text.charCodeAt(q - 1) === 0x5c) q--;
  return (p - q) % 2 === 1;
}

/** A digit, or one of `+-.eE`. */
function isNumeric(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || c === 0x2b || c === 0x2d || c === 0x2e || (c | 0x20) === 0x65;
}

/** The member name for a key that is no string: payloads may have such, plain objects and JSON cannot. */
export function memberName(key: unknown): string {
  if (typeof key === 'string') return key;
  return Buffer.isBuffer(key) ? key.toString() : stringify(key);
}

/** JSON text of any value that a serializer can decode. */
export function stringify(value: unknown): string {
  return isPlain(value) ? (JSON.stringify(value) ?? 'null') : write(value);
}

/** Whether JSON.stringify says all there is to say. */
function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case 'bigint':
    case 'undefined':
      return false;
    case 'number':
      return true;
    case 'object':
      if (value === null) return true;
      if (Array.isArray(value)) return value.every(isPlain);
      if (value instanceof Map || ArrayBuffer.isView(value)) return false;
      return Object.values(value).every(isPlain);
    default:
      return true;
  }
}

function write(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === undefined) return 'null';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return `"\\u0000${bytes.toString('base64')}"`;
  }
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (value instanceof Map) return writeDict([...value].map(([k, v]) => [String(k), v]));
  if (value instanceof Date) return JSON.stringify(value);
  return writeDict(Object.entries(value));
}

function writeDict(entries: [string, unknown][]): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(',')}}`;
}
