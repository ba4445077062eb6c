/** Owns the way back from the numbers of a record, in a ring or in a stored block, to what they say. */

import { actionSpan0, actionSpan1, childSpan, hexWord, uuid } from '../trace/action.js';
import type { MessageCode } from '../wire/codes.js';
import type { Dict } from '../wire/message.js';
import type { PayloadCodec } from '../wire/payload.js';
import { Flag, type LoggedMessage, type LoggedSession } from './logged-message.js';
import { Body, idsOf, Kind, type Numbers, Row } from './record-layout.js';

/** What of a record is no number. */
export interface Apart {
  readonly session: LoggedSession;
  /** Of its action. */
  readonly uri: string;
  /** Of the message; not looked at when it is that of the action. */
  readonly ownUri: string | undefined;
  readonly options: Dict;
  readonly payload: readonly unknown[] | undefined;
  /** The spans of its action are kept, though the record does not say so. */
  readonly isKept: boolean;
  /** It is the last of its action, though the record does not say so. */
  readonly isLast: boolean;
}

export function readRecord(
  seq: number,
  rows: Numbers,
  row: number,
  bodies: Numbers,
  body: number,
  apart: Apart,
): LoggedMessage {
  const d = row * Row.doubles;
  const w = row * Row.words;
  const flags = rows.words[w + Row.flags]!;
  const kind = bodies.words[body * Body.words + Body.kind]!;
  const code = (kind & Kind.code) as MessageCode;
  const b = body * Body.doubles;
  const known = (flags & Flag.KNOWN) !== 0;
  const isKept = apart.isKept || (kind & Kind.kept) !== 0;
  return {
    seq,
    at: rows.doubles[d + Row.at]!,
    session: apart.session,
    direction: flags & Flag.SENT ? 'sent' : 'received',
    code,
    ...idsOf(code, bodies.doubles[b + Body.first]!, bodies.doubles[b + Body.second]!),
    messageUri: kind & Kind.uri ? (apart.ownUri ?? '') : apart.uri,
    options: apart.options,
    payload: apart.payload,
    payloadOmitted: (flags & Flag.OMITTED) !== 0,
    bytes: rows.words[w + Row.bytes]! >>> 0,
    dropped: (flags & Flag.DROPPED) !== 0,
    correlation: known ? correlationOf(bodies.words, body) : null,
    traceId: known ? traceIdOf(bodies.words, body) : null,
    spanId: known && isKept ? spanIdOf(bodies.words, body) : null,
    uri: known ? apart.uri : null,
    anchor: (flags & Flag.ANCHOR) !== 0,
    last: apart.isLast || (flags & Flag.LAST) !== 0,
    late: (flags & Flag.LATE) !== 0,
  };
}

/** The elements of a payload whose octets are `bytes[start, end)`. */
export function payloadValues(
  codec: PayloadCodec,
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
): readonly unknown[] {
  const { args, kwargs } = codec.decodePayload(bytes, start, end, count);
  return count === 2 ? [args, kwargs] : [args];
}

function correlationOf(words: Int32Array, body: number): string {
  const at = body * Body.words + Body.id;
  return uuid(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
}

function traceIdOf(words: Int32Array, body: number): string {
  const w = body * Body.words;
  const at = w + (words[w + Body.kind]! & Kind.joined ? Body.trace : Body.id);
  return hexWord(words[at]!) + hexWord(words[at + 1]!) + hexWord(words[at + 2]!) + hexWord(words[at + 3]!);
}

function spanIdOf(words: Int32Array, body: number): string {
  const w = body * Body.words;
  const at = w + Body.id;
  const span1 = actionSpan1(words[at + 1]!, words[at + 3]!);
  const child = words[w + Body.kind]! >>> Kind.childShift;
  return hexWord(actionSpan0(words[at]!, words[at + 2]!)) + hexWord(child === 0 ? span1 : childSpan(span1, child - 1));
}
