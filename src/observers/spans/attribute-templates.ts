/** Owns the encoded form of attribute lists that were written before: most lists differ from an earlier one in numbers only. */

import { isVarint, ProtobufWriter, SHORT, UUID_LENGTH, varintSize } from './protobuf-writer.js';
import type { AttributeValue } from './span-data.js';

/** How a value is replaced: not at all, by a UUID, by a double, by a short text as long; or by an integer of at most so many octets. */
const CONSTANT = 0;
const UUID = -1;
const DOUBLE = -2;
const TEXT = -3;

/** Octets of an integer at least, so that most grow without a new template. */
const ROOM = 2;
/** Templates for each number of attributes and each SpanKind, whose numbers are below this. */
const WAYS = 4;
const KINDS = 8;
/** After so many lists that fitted none of them, one is made anew. */
const PATIENCE = 8;
/** When so many more did not fit than did, so many lists are written without asking. */
const DOUBT = 32;
const PAUSE = 256;

/** One list of attributes, in its bytes; those of a list that is alike are a few octets away. */
class AttributeTemplate {
  readonly #out: ProtobufWriter;
  /** Key, value, key, value …; numbers and ids in it stay those of the first list. */
  readonly #list: AttributeValue[];
  /** Of each value how it is replaced, and where its octets begin. */
  readonly #sizes: number[] = [];
  readonly #places: number[] = [];
  readonly bytes: Uint8Array;

  /** `scratch` knows the keys already. */
  constructor(tag: number, list: readonly AttributeValue[], scratch: ProtobufWriter) {
    scratch.at = 0;
    this.#list = [...list];
    for (let i = 0; i < list.length; i += 2) {
      const value = list[i + 1]!;
      const size = sizeOf(value);
      scratch.attribute(tag, list[i] as string, size > 0 ? smallestOf(size) : value);
      this.#sizes.push(size);
      this.#places.push(scratch.at - octetsOf(value, size));
    }
    this.#out = new ProtobufWriter(scratch.at);
    this.#out.raw(scratch.view());
    this.bytes = this.#out.view();
    this.fill(list);
  }

  /** Makes `bytes` those of `list`; false when that is another kind of list, and `bytes` mean nothing until the next call. */
  fill(list: readonly AttributeValue[]): boolean {
    const own = this.#list;
    const out = this.#out;
    if (list.length !== own.length) return false;
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

/** What is known of the lists of one length and kind. */
class Slot {
  readonly templates: AttributeTemplate[] = [];
  /** Lists that fitted none. */
  misses = 0;
  /** By how many the latest lists that did not fit outnumber those that did. */
  doubt = 0;
  /** Lists that are to be written without asking. */
  pause = 0;
}

/** Writes lists of attributes under one tag. */
export class AttributeTemplates {
  readonly #tag: number;
  readonly #slots: Slot[] = [];
  readonly #scratch: ProtobufWriter;

  /** `scratch` is overwritten. */
  constructor(tag: number, scratch: ProtobufWriter) {
    this.#tag = tag;
    this.#scratch = scratch;
  }

  /** `kind` is that of the span. */
  write(out: ProtobufWriter, list: readonly AttributeValue[], kind: number): void {
    const index = (list.length >> 1) * KINDS + kind;
    // So that no hole makes the list slow.
    while (this.#slots.length <= index) this.#slots.push(new Slot());
    const slot = this.#slots[index]!;
    if (slot.pause > 0) {
      slot.pause--;
      return out.attributes(this.#tag, list);
    }
    const { templates } = slot;
    for (let i = 0; i < templates.length; i++) {
      const template = templates[i]!;
      if (!template.fill(list)) continue;
      if (slot.doubt > 0) slot.doubt--;
      return out.raw(template.bytes);
    }
    out.attributes(this.#tag, list);
    this.#miss(slot, list);
  }

  #miss(slot: Slot, list: readonly AttributeValue[]): void {
    if (slot.misses % PATIENCE === 0) {
      slot.templates[(slot.misses / PATIENCE) % WAYS] = new AttributeTemplate(this.#tag, list, this.#scratch);
    }
    slot.misses++;
    if (++slot.doubt < DOUBT) return;
    slot.doubt = DOUBT / 2;
    slot.pause = PAUSE;
  }
}

function sizeOf(value: AttributeValue): number {
  if (typeof value === 'object') return UUID;
  if (typeof value === 'string') return value.length <= SHORT && isAscii(value) ? TEXT : CONSTANT;
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
