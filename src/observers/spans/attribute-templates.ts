/** Owns the encoded form of attribute lists that were written before: most lists differ from an earlier one in numbers only. */

import { isVarint, ProtobufWriter, UUID_LENGTH, varintSize } from './protobuf-writer.js';
import type { AttributeValue } from './span-data.js';

/** How a value is replaced: not at all, by a UUID, by a double, by a text as long; or by an integer of at most so many octets. */
const CONSTANT = 0;
const UUID = -1;
const DOUBLE = -2;
const TEXT = -3;

/** Octets of an integer at least, so that most grow without a new template. */
const ROOM = 2;
/** Templates for each number of attributes and each kind of span, and kinds below this. */
const WAYS = 2;
const KINDS = 8;
/** After so many lists that fitted none of them, one is made anew. */
const PATIENCE = 16;

/** One list of attributes, in its bytes; those of a list that is alike are a few octets away. */
class AttributeTemplate {
  readonly #out = new ProtobufWriter(256);
  /** Key, value, key, value …, as far as it stays: what is replaced by numbers is that of the first list. */
  readonly #list: AttributeValue[];
  /** Of each value how it is replaced, and where its octets begin. */
  readonly #sizes: number[] = [];
  readonly #places: number[] = [];
  readonly bytes: Uint8Array;

  constructor(tag: number, list: readonly AttributeValue[]) {
    const out = this.#out;
    this.#list = [...list];
    for (let i = 0; i < list.length; i += 2) {
      const value = list[i + 1]!;
      const size = sizeOf(value);
      out.attribute(tag, list[i] as string, size > 0 ? smallestOf(size) : value);
      this.#sizes.push(size);
      this.#places.push(out.at - octetsOf(value, size));
    }
    this.bytes = out.view();
    this.fill(list);
  }

  /** Makes `bytes` those of `list`; false when that is another kind of list, and `bytes` mean nothing until the next call. */
  fill(list: readonly AttributeValue[]): boolean {
    const own = this.#list;
    const out = this.#out;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] !== own[i]) return false;
      const value = list[i + 1]!;
      const size = this.#sizes[i >> 1]!;
      out.at = this.#places[i >> 1]!;
      if (typeof value === 'number') {
        const needed = isVarint(value) ? varintSize(value) : DOUBLE;
        if (needed > size || (needed === DOUBLE) !== (size === DOUBLE)) return false;
        if (size === DOUBLE) out.double(value);
        else out.paddedVarint(value, size);
      } else if (typeof value === 'object') {
        if (size !== UUID) return false;
        out.uuid(value);
      } else if (value !== own[i + 1]) {
        if (size !== TEXT || typeof value !== 'string' || !this.#replace(i + 1, value)) return false;
      }
    }
    return true;
  }

  #replace(index: number, text: string): boolean {
    if (text.length !== (this.#list[index] as string).length || !isAscii(text)) return false;
    this.#list[index] = text;
    this.#out.ascii(text);
    return true;
  }
}

/** Writes lists of attributes under one tag. */
export class AttributeTemplates {
  readonly #tag: number;
  readonly #templates: (AttributeTemplate | undefined)[] = [];
  /** By slot: lists that fitted none of its templates, and the way that fitted last. */
  readonly #misses: number[] = [];
  readonly #fitted: number[] = [];

  constructor(tag: number) {
    this.#tag = tag;
  }

  /** `kind` is that of the span, below `KINDS`: lists of different kinds differ. */
  write(out: ProtobufWriter, list: readonly AttributeValue[], kind: number): void {
    const slot = (list.length >> 1) * KINDS + kind;
    for (let way = 0; way < WAYS; way++) {
      const template = this.#templates[slot * WAYS + way];
      if (template === undefined || !template.fill(list)) continue;
      this.#fitted[slot] = way;
      return out.raw(template.bytes);
    }
    out.attributes(this.#tag, list);
    this.#miss(slot, list);
  }

  #miss(slot: number, list: readonly AttributeValue[]): void {
    // So that no hole makes the lists slow.
    while (this.#misses.length <= slot) {
      this.#misses.push(0);
      this.#fitted.push(0);
      for (let way = 0; way < WAYS; way++) this.#templates.push(undefined);
    }
    if (this.#misses[slot]!++ % PATIENCE !== 0) return;
    const next = (this.#fitted[slot]! + 1) % WAYS;
    this.#templates[slot * WAYS + next] = new AttributeTemplate(this.#tag, list);
    this.#fitted[slot] = next;
  }
}

function sizeOf(value: AttributeValue): number {
  if (typeof value === 'object') return UUID;
  if (typeof value === 'string') return isAscii(value) ? TEXT : CONSTANT;
  if (typeof value === 'boolean') return CONSTANT;
  return isVarint(value) ? Math.max(varintSize(value), ROOM) : DOUBLE;
}

/** The smallest integer that takes so many octets. */
function smallestOf(size: number): number {
  return 2 ** (7 * (size - 1));
}

function octetsOf(value: AttributeValue, size: number): number {
  if (size === TEXT) return (value as string).length;
  if (size === UUID) return UUID_LENGTH;
  return size === DOUBLE ? 8 : size;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}
