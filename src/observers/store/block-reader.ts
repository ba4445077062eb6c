/** Owns the way back from a stored block to records. */

import type { Dict } from '../../wire/message.js';
import { EMPTY_DICT } from '../../wire/message.js';
import type { PayloadCodec } from '../../wire/payload.js';
import type { SerializerName } from '../../wire/serializers/serializer.js';
import type { Amendment } from '../amendments.js';
import type { LoggedMessage, LoggedSession } from '../logged-message.js';
import { Body, CODECS, Kind, Row } from '../record-layout.js';
import { payloadValues, readRecord } from '../record-reading.js';
import { type BlockLayout, openBlock, RecordBlockError } from './block-layout.js';
import { ValueReader } from './block-values.js';

/** The serializer that decodes payloads of that name. */
export type FindCodec = (name: SerializerName) => PayloadCodec;

/** What became known of records after they were stored, by the number of the frame. */
export interface FindAmendments {
  /** Of those frames, both included. */
  between(firstFrame: number, lastFrame: number): ReadonlyMap<number, Amendment>;
  /** Whether the spans of the action are kept that began with this frame. */
  isKept(anchor: number): boolean;
}

const NONE: FindAmendments = { between: () => new Map(), isKept: () => false };

/**
 * The records of a block, or those of them numbered `from` to `to`, both included.
 *
 * @throws RecordBlockError when the value is not a whole block.
 */
export function readRecordBlock(
  bytes: Uint8Array,
  serializers: FindCodec,
  from = 0,
  to = Number.POSITIVE_INFINITY,
  amendments: FindAmendments = NONE,
): LoggedMessage[] {
  const block = openBlock(bytes);
  const { firstSeq, count } = block.header;
  const records = new RecordReader(block, serializers, amendments);
  const list: LoggedMessage[] = [];
  const end = Math.min(count - 1, to - firstSeq);
  for (let i = Math.max(0, from - firstSeq); i <= end; i++) list.push(records.record(i));
  return list;
}

class RecordReader {
  readonly #block: BlockLayout;
  readonly #codec: FindCodec;
  readonly #strings: readonly string[];
  readonly #values: ValueReader;
  readonly #sessions: readonly LoggedSession[];
  readonly #find: FindAmendments;
  readonly #amendments: ReadonlyMap<number, Amendment>;
  /** What was asked of actions, by their first frames. */
  readonly #kept = new Map<number, boolean>();

  constructor(block: BlockLayout, serializers: FindCodec, amendments: FindAmendments) {
    this.#block = block;
    this.#codec = serializers;
    this.#find = amendments;
    this.#amendments = amendments.between(...extremes(block));
    this.#strings = stringsOf(block);
    this.#values = new ValueReader(block.values, this.#strings);
    this.#sessions = (this.#values.read(block.header.sessionsAt) as unknown[][]).map(sessionOf);
  }

  record(i: number): LoggedMessage {
    const b = this.#block;
    const { words } = b.rows;
    const body = words[i * Row.words + Row.body]!;
    const kind = b.bodies.words[body * Body.words + Body.kind]!;
    const amendment = this.#amendments.get(b.frame(i));
    return readRecord(b.header.firstSeq + i, b.rows, i, b.bodies, body, {
      session: this.#sessions[words[i * Row.words + Row.session]!]!,
      uri: amendment?.uri ?? this.#strings[b.uri[body]!]!,
      ownUri: kind & Kind.uri ? this.#strings[b.ownUri[body]!] : undefined,
      options: kind & Kind.options ? (this.#values.read(b.options[body]!) as Dict) : EMPTY_DICT,
      payload: this.#payload(body, kind),
      // Records of actions, which have no code, come when it is known.
      isKept: (kind & Kind.code) !== 0 && (kind & Kind.kept) === 0 && this.#isKept(b.anchor(body)),
      isLast: amendment?.last === true,
    });
  }

  #isKept(anchor: number): boolean {
    const isKept = this.#kept.get(anchor) ?? this.#find.isKept(anchor);
    this.#kept.set(anchor, isKept);
    return isKept;
  }

  #payload(body: number, kind: number): readonly unknown[] | undefined {
    const count = (kind & Kind.countMask) / Kind.count;
    if (count === 0) return undefined;
    const number = (kind & Kind.codecMask) / Kind.codec;
    const name = CODECS[number];
    if (name === undefined) throw new RecordBlockError(`a stored payload has serializer ${number}, which is unknown`);
    const { bodies, payloads } = this.#block;
    const at = bodies.doubles[body * Body.doubles + Body.payloadAt]!;
    const length = bodies.words[body * Body.words + Body.payloadLength]!;
    const octets = Buffer.from(payloads.buffer as ArrayBuffer, payloads.byteOffset + at, length);
    return payloadValues(this.#codec(name), octets, 0, length, count);
  }
}

/** Of held-back records the frames are not in order. */
function extremes(block: BlockLayout): [first: number, last: number] {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < block.header.count; i++) {
    const frame = block.frame(i);
    if (frame < first) first = frame;
    if (frame > last) last = frame;
  }
  return [first, last];
}

/** All strings are one text, cut by their lengths. */
function stringsOf(block: BlockLayout): string[] {
  const { buffer, byteOffset, byteLength } = block.text;
  const text = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString();
  let end = 0;
  return Array.from(block.stringUnits, units => {
    end += units;
    return text.slice(end - units, end);
  });
}

function sessionOf(fields: unknown[]): LoggedSession {
  const [id, realm, authid, authrole, serializer, internal] = fields as [
    number,
    string,
    string,
    string,
    SerializerName | undefined,
    boolean,
  ];
  return { id, realm, authid, authrole, serializer, internal };
}
