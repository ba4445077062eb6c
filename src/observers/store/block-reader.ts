/** Owns the way back from a stored block to records. */

import { hexWord, uuid } from '../../trace/action.js';
import { type Dict, EMPTY_DICT } from '../../wire/message.js';
import type { PayloadCodec } from '../../wire/payload.js';
import type { SerializerName } from '../../wire/serializers/serializer.js';
import type { Amendment } from '../amendments.js';
import { Flag, type LoggedMessage, type LoggedSession } from '../logged-message.js';
import { type BlockLayout, openBlock, RecordBlockError } from './block-layout.js';
import { ValueReader } from './block-values.js';

/** Their numbers in a block; only ever appended to. */
export const STORED_SERIALIZERS: readonly SerializerName[] = ['json', 'msgpack', 'cbor'];

/** The serializer that decodes payloads of that name. */
export type FindCodec = (name: SerializerName) => PayloadCodec;

/** What became known of the records of a block after it was stored, by the number of the frame. */
export type FindAmendments = (firstFrame: number, lastFrame: number) => ReadonlyMap<number, Amendment>;

const NONE: ReadonlyMap<number, Amendment> = new Map();

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
  amendments: FindAmendments = () => NONE,
): LoggedMessage[] {
  const block = openBlock(bytes);
  const { firstSeq, count } = block.header;
  const records = new RecordReader(block, serializers, amendments(...extremes(block.frame)));
  const list: LoggedMessage[] = [];
  const end = Math.min(count - 1, to - firstSeq);
  let payloadAt = 0;
  for (let i = 0; i <= end; i++) {
    if (firstSeq + i >= from) list.push(records.record(i, payloadAt));
    payloadAt += block.payloadBytes[i]!;
  }
  return list;
}

class RecordReader {
  readonly #block: BlockLayout;
  readonly #codec: FindCodec;
  readonly #strings: readonly string[];
  readonly #values: ValueReader;
  readonly #sessions: readonly LoggedSession[];
  readonly #amendments: ReadonlyMap<number, Amendment>;

  constructor(block: BlockLayout, serializers: FindCodec, amendments: ReadonlyMap<number, Amendment>) {
    this.#block = block;
    this.#codec = serializers;
    this.#amendments = amendments;
    this.#strings = stringsOf(block);
    this.#values = new ValueReader(block.values, this.#strings);
    this.#sessions = (this.#values.read(block.header.sessionsAt) as unknown[][]).map(sessionOf);
  }

  record(i: number, payloadAt: number): LoggedMessage {
    const b = this.#block;
    const flags = b.flags[i]!;
    const known = (flags & Flag.KNOWN) !== 0;
    const id = (word: number): number => b.ids[i * 8 + word]!;
    const optionsAt = b.options[i]!;
    const amendment = this.#amendments.get(b.frame[i]!);
    return {
      seq: b.header.firstSeq + i,
      at: b.at[i]!,
      session: this.#sessions[b.session[i]!]!,
      direction: flags & Flag.SENT ? 'sent' : 'received',
      code: b.code[i]!,
      request: b.request[i]!,
      subject: b.subject[i]!,
      publication: b.publication[i]!,
      messageUri: this.#strings[b.messageUri[i]!]!,
      options: optionsAt === 0 ? EMPTY_DICT : (this.#values.read(optionsAt) as Dict),
      payload: this.#payload(i, payloadAt),
      payloadOmitted: (flags & Flag.OMITTED) !== 0,
      bytes: b.bytes[i]!,
      dropped: (flags & Flag.DROPPED) !== 0,
      correlation: known ? uuid(id(0), id(1), id(2), id(3)) : null,
      traceId: known ? hexWord(id(4)) + hexWord(id(5)) + hexWord(id(6)) + hexWord(id(7)) : null,
      uri: known ? (amendment?.uri ?? this.#strings[b.uri[i]!]!) : null,
      anchor: (flags & Flag.ANCHOR) !== 0,
      last: (flags & Flag.LAST) !== 0 || amendment?.last === true,
      late: (flags & Flag.LATE) !== 0,
    };
  }

  #payload(i: number, at: number): readonly unknown[] | undefined {
    const kind = this.#block.payloadKind[i]!;
    const count = kind & 3;
    if (count === 0) return undefined;
    const name = STORED_SERIALIZERS[kind >> 2];
    if (name === undefined)
      throw new RecordBlockError(`a stored payload has serializer ${kind >> 2}, which is unknown`);
    const { buffer, byteOffset } = this.#block.payloads;
    const octets = Buffer.from(buffer as ArrayBuffer, byteOffset + at, this.#block.payloadBytes[i]!);
    const { args, kwargs } = this.#codec(name).decodePayload(octets, 0, octets.length, count);
    return count === 2 ? [args, kwargs] : [args];
  }
}

/** Of held-back records the frames are not in order. */
function extremes(frames: Float64Array): [first: number, last: number] {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const frame of frames) {
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
