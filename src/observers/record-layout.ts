/** Owns where the numbers of a record lie in the memory of a ring. */

import { Code, type MessageCode } from '../wire/codes.js';
import type { Message } from '../wire/message.js';

/** A row: two doubles and three words, in 32 octets. `doubles` and `words` are how many a row has of each. */
export const enum Row {
  at = 0,
  frame = 1,
  bytes = 4,
  body = 5,
  flags = 6,
  doubles = 4,
  words = 8,
}

/** A body: four doubles, and from word 8 on its words, in 80 octets. */
export const enum Body {
  /** Doubles. The ids that the message has, see `firstId` and `secondId`. */
  first = 0,
  second = 1,
  payloadAt = 2,
  /** `firstFrame` of its action. */
  anchor = 3,
  /** Words: correlation id, trace id, span id. */
  ids = 8,
  span = 16,
  payloadLength = 18,
  kind = 19,
  doubles = 10,
  words = 20,
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
  /** It has options, and a URI of its own, which lie elsewhere. */
  options = 0x2000,
  uri = 0x4000,
}

// No message has three ids but EVENT and PUBLISHED, whose third is that of the publication.

export function firstId(m: Message): number {
  return m.code === Code.EVENT ? m.publication : m.request;
}

export function secondId(m: Message): number {
  return m.code === Code.PUBLISHED ? m.publication : m.subject;
}

/** Back from the two to the three. */
export function idsOf(
  code: MessageCode | 0,
  first: number,
  second: number,
): Pick<Message, 'request' | 'subject' | 'publication'> {
  if (code === Code.EVENT) return { request: 0, subject: second, publication: first };
  if (code === Code.PUBLISHED) return { request: first, subject: 0, publication: second };
  return { request: first, subject: second, publication: 0 };
}
