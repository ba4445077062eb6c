/** Owns what a block of records promises: every row comes back as it was, and nothing else is taken for a block. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flag, type LoggedMessage, type LoggedSession } from '../../src/observers/logged-message.js';
import {
  type BlockRow,
  type RecordBlock,
  RecordBlockError,
  RecordBlockWriter,
  readRecordBlock,
} from '../../src/observers/record-block.js';
import { idsOf } from '../../src/observers/record-layout.js';
import { seal } from '../../src/observers/store/block-layout.js';
import { hexWord, uuid } from '../../src/trace/action.js';
import { CODES } from '../../src/wire/codes.js';
import { Serializers } from '../../src/wire/serializers/index.js';
import type { SerializerName } from '../../src/wire/serializers/serializer.js';
import { Random } from '../helpers/random.js';

const SERIALIZERS: readonly SerializerName[] = ['json', 'msgpack', 'cbor'];
const STRINGS = ['', 'a', 'com.example.add', 'ä€😀', 'x'.repeat(300), '\0', '__proto__', 'constructor', '\r\n"\\'];
const NUMBERS = [0, 1, -1, 127, 128, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 53, 0.5, -0, 1e300];

const codecs = new Serializers();
const find = (name: SerializerName) => codecs[name];

class Rows {
  readonly #random: Random;
  readonly #sessions: readonly LoggedSession[];

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#sessions = Array.from({ length: 1 + this.#random.below(40) }, (_, i) => this.#session(i));
  }

  #session(i: number): LoggedSession {
    const serializer = this.#random.pick([...SERIALIZERS, undefined]);
    const authid = this.#random.pick(STRINGS);
    return { id: 2 ** 53 - i, realm: `realm${i}`, authid, authrole: 'user', serializer, internal: i % 7 === 0 };
  }

  value(depth = 0): unknown {
    const r = this.#random;
    switch (r.below(depth > 3 ? 6 : 8)) {
      case 0:
        return null;
      case 1:
        return r.below(2) === 1;
      case 2:
        return r.pick(NUMBERS);
      case 3:
        return r.pick(STRINGS);
      case 4:
        return Buffer.from(Array.from({ length: r.below(200) }, () => r.below(256)));
      case 5:
        return 2n ** 60n + BigInt(r.below(1000));
      case 6:
        return Array.from({ length: r.below(5) }, () => this.value(depth + 1));
      default:
        return this.dict(depth);
    }
  }

  dict(depth = 0): { readonly [key: string]: unknown } {
    const r = this.#random;
    return Object.fromEntries(Array.from({ length: r.below(5) }, () => [r.pick(STRINGS), this.value(depth + 1)]));
  }

  next(): { row: BlockRow; expected: Omit<LoggedMessage, 'seq'> } {
    const r = this.#random;
    const int = () => r.below(2 ** 32) | 0;
    const [correlation, trace] = [Int32Array.from({ length: 4 }, int), Int32Array.from({ length: 4 }, int)];
    const c = (i: number) => correlation[i]!;
    const flags = r.below(128);
    const payloadSerializer = r.pick(SERIALIZERS);
    const payloadCount = r.below(3);
    const codec = codecs[payloadSerializer];
    const args = Array.from({ length: r.below(4) }, () => this.value());
    const octets = Buffer.from(codec.encodePayload(args, payloadCount === 2 ? this.dict() : undefined));
    const decoded = codec.decodePayload(octets, 0, octets.length, payloadCount || 1);
    const common = {
      at: 1.7e12 + r.below(1e6) / 8,
      session: r.pick(this.#sessions),
      code: r.pick(Object.values(CODES)),
      messageUri: r.pick(STRINGS),
      options: r.below(2) ? {} : this.dict(),
      bytes: r.below(2 ** 32),
    };
    const [first, second] = [r.below(2 ** 32) * 2 ** 21, r.below(2 ** 32) * 2 ** 20];
    const uri = r.pick(STRINGS);
    const payload = payloadCount === 0 ? undefined : octets;
    const known = (flags & Flag.KNOWN) !== 0;
    return {
      row: {
        ...{ ...common, frame: r.below(2 ** 40), flags, uri, first, second, correlation, trace },
        ...{ payload, payloadCount, payloadSerializer },
      },
      expected: {
        ...common,
        ...idsOf(common.code, first, second),
        direction: flags & Flag.SENT ? 'sent' : 'received',
        payload: [undefined, [decoded.args], [decoded.args, decoded.kwargs]][payloadCount],
        payloadOmitted: (flags & Flag.OMITTED) !== 0,
        dropped: (flags & Flag.DROPPED) !== 0,
        correlation: known ? uuid(c(0), c(1), c(2), c(3)) : null,
        traceId: known ? Array.from(trace, hexWord).join('') : null,
        spanId: null,
        uri: known ? uri : null,
        anchor: (flags & Flag.ANCHOR) !== 0,
        last: (flags & Flag.LAST) !== 0,
        late: (flags & Flag.LATE) !== 0,
      },
    };
  }
}

/** As the thread that writes does it. */
function sealed({ buffer }: RecordBlock): Buffer {
  const bytes = Buffer.from(buffer);
  seal(bytes);
  return bytes;
}

test('random rows come back as they were, block after block', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const rows = new Rows(seed);
    const writer = new RecordBlockWriter(seed % 3 === 0 ? 2 ** 40 : 0);
    for (let block = 0; block < 3; block++) {
      const expected: LoggedMessage[] = [];
      for (let n = 1 + ((seed * 37) % 511); n > 0; n--) {
        const next = rows.next();
        expected.push({ seq: writer.nextSeq, ...next.expected });
        if (writer.add(next.row)) break;
      }
      const taken = writer.take()!;
      assert.equal(taken.count, expected.length);
      assert.equal(taken.firstSeq, expected[0]!.seq);
      assert.deepStrictEqual(readRecordBlock(sealed(taken), find), expected, `seed ${seed}`);
    }
    assert.equal(writer.take(), undefined);
  }
});

test('a part of a block is read without the rest, at any alignment', () => {
  const rows = new Rows(7);
  const writer = new RecordBlockWriter(1000);
  const expected = Array.from({ length: 100 }, (_, i) => {
    const next = rows.next();
    writer.add(next.row);
    return { seq: 1000 + i, ...next.expected };
  });
  const block = sealed(writer.take()!);
  for (const shift of [0, 1, 3, 4]) {
    const shifted = new Uint8Array(block.length + shift);
    shifted.set(block, shift);
    assert.deepStrictEqual(readRecordBlock(shifted.subarray(shift), find, 1020, 1029), expected.slice(20, 30));
  }
  assert.deepEqual(readRecordBlock(block, find, 1100, 2000), []);
  assert.deepEqual(readRecordBlock(block, find, 0, 999), []);
});

test('what was torn, changed or is no block is an error, never a record', () => {
  const rows = new Rows(11);
  const writer = new RecordBlockWriter();
  for (let i = 0; i < 50; i++) writer.add(rows.next().row);
  const block = sealed(writer.take()!);
  const refuse = (bytes: Uint8Array, what: string) =>
    assert.throws(() => readRecordBlock(bytes, find), RecordBlockError, what);
  for (let length = 0; length < block.length; length += 101) refuse(block.subarray(0, length), `${length} octets`);
  refuse(Buffer.concat([block, Buffer.alloc(8)]), 'longer');
  for (let at = 0; at < block.length; at += 13) {
    const changed = Buffer.from(block);
    changed[at]! ^= 0x40;
    refuse(changed, `octet ${at} changed`);
  }
  refuse(Buffer.from(JSON.stringify({ some: 'value'.repeat(50) })), 'foreign');
  const newer = Buffer.from(block);
  newer[4] = 9;
  assert.throws(() => readRecordBlock(newer, find), /format 9; this version reads format 2/);
});

test('a block is full by records or by octets, and numbers may be skipped between blocks', () => {
  const rows = new Rows(3);
  const { row } = rows.next();
  const small: BlockRow = { ...row, options: {}, payload: undefined, payloadCount: 0 };
  const writer = new RecordBlockWriter();
  let count = 1;
  while (!writer.add(small)) count++;
  assert.equal(count, 1024);
  assert.throws(() => writer.skipTo(1200), RangeError);
  assert.equal(writer.take()!.count, 1024);
  writer.skipTo(1200);
  const large: BlockRow = { ...row, payload: new Uint8Array(3 << 20), payloadCount: 1 };
  assert.equal(writer.add(large), true);
  const taken = writer.take()!;
  assert.deepEqual([taken.firstSeq, taken.count, writer.nextSeq], [1200, 1, 1201]);
  assert.ok(taken.buffer.byteLength > 3 << 20);
});
