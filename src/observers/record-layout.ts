/** Owns where the numbers of a record lie, in the memory of a ring and in a stored block alike. */

import { Code, type MessageCode } from '../wire/codes.js';
import type { Message } from '../wire/message.js';
import type { SerializerName } from '../wire/serializers/serializer.js';

/** The same memory, as doubles and as words. */
export interface Numbers {
  readonly doubles: Float64Array;
  readonly words: Int32Array;
}

/** A row: two doubles and four words, in 32 octets. `doubles` and `words` are how many of each a row takes. */
export const enum Row {
  at = 0,
  frame = 1,
  bytes = 4,
  body = 5,
  flags = 6,
  /** In blocks; a ring keeps references. */
  session = 7,
  doubles = 4,
  words = 8,
}

/** A body: four doubles, and from word 8 on its words, in 72 octets. */
export const enum Body {
  /** Doubles. The ids that the message has, as `idsOf` reads them. */
  first = 0,
  second = 1,
  payloadAt = 2,
  /** First frame of its action. */
  anchor = 3,
  /** Words: correlation id, and the trace id if it is another. */
  id = 8,
  trace = 12,
  payloadLength = 16,
  kind = 17,
  doubles = 9,
  words = 18,
}

/** Parts of `kind`: the type code is its low octet. */
export const enum Kind {
  code = 0xff,
  /** Number of payload elements that were kept, times this. */
  count = 0x100,
  countMask = 0x300,
  /** Number of their serializer, times this. */
  codec = 0x400,
  codecMask = 0xc00,
  /** The spans of its action are kept. */
  kept = 0x1000,
  /** It has options, a URI that is not its action's, a trace id that is not the correlation id. */
  options = 0x2000,
  uri = 0x4000,
  joined = 0x8000,
  /** Number of the span that it belongs to, see `messageChild`; above all others. */
  childShift = 16,
  maxChild = 0x7fff,
}

/** Their numbers in `Kind.codec`, which are stored; only ever appended to. */
export const CODECS: readonly SerializerName[] = ['json', 'msgpack', 'cbor'];

/** `count` things of so many doubles each. */
export function numbersOf(count: number, doubles: number): Numbers {
  const memory = new Float64Array(count * doubles);
  return { doubles: memory, words: new Int32Array(memory.buffer) };
}

/**
 * The ids of a message from the two that are kept: in place of `request` that of the publication for EVENT, and in place
 * of `subject` for PUBLISHED.
 */
export function idsOf(
  code: MessageCode | 0,
  first: number,
  second: number,
): Pick<Message, 'request' | 'subject' | 'publication'> {
  if (code === Code.EVENT) return { request: 0, subject: second, publication: first };
  if (code === Code.PUBLISHED) return { request: first, subject: 0, publication: second };
  return { request: first, subject: second, publication: 0 };
}
