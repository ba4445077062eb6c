/** Owns that each message survives each serializer, and reads the same to other people's codecs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageCode } from '../../src/wire/codes.js';
import { type Dict, EMPTY_DICT, type Message, message } from '../../src/wire/message.js';
import { NO_PAYLOAD, Payload } from '../../src/wire/payload.js';
import { rowOf, Slot } from '../../src/wire/spec.js';
import { encode, ORACLES, plain, SAMPLES, serializers, WITH_PAYLOAD } from './samples.js';

const PAYLOADS: readonly (readonly unknown[])[] = [
  [],
  [[]],
  [[1, 'zwei', null, [true]]],
  [[], {}],
  [[], { firstname: 'John' }],
  [['johnny'], { firstname: 'John', age: 30, raw: Buffer.from([0, 1, 255]) }],
];

/** Every sample with every payload it may carry, and with and without the details it may carry. */
function cases(): unknown[][] {
  const all: unknown[][] = [];
  for (const sample of SAMPLES) {
    if (WITH_PAYLOAD.includes(sample[0])) for (const payload of PAYLOADS) all.push([...sample, ...payload]);
    else all.push([...sample]);
  }
  all.push([35, 85346237, { subscription: 5512315355, reason: 'wamp.authentication.lost' }]);
  all.push([67, 788923562, { registration: 2103333224 }]);
  return all;
}

/** The message of a wire form, by the names of the slots. */
function messageOf(wire: readonly unknown[]): Message {
  const row = rowOf(wire[0] as number)!;
  const at = (slot: number): unknown => wire[1 + row.fields.findIndex(field => field.slot === slot)];
  const has = (slot: number): boolean => row.fields.findIndex(field => field.slot === slot) in wire.slice(1);
  const number = (slot: number): number => (has(slot) ? (at(slot) as number) : 0);
  const text = (slot: number): string => (has(slot) ? (at(slot) as string) : '');
  const dict = has(Slot.options) ? (at(Slot.options) as Dict) : EMPTY_DICT;
  const start = 1 + row.fields.findIndex(field => field.slot === Slot.payload);
  const [args, kwargs] = start > 0 ? (wire.slice(start) as [unknown[]?, Dict?]) : [];
  return message(
    wire[0] as MessageCode,
    number(Slot.request),
    row.fields.some(field => field.slot === Slot.requestType) ? number(Slot.requestType) : number(Slot.subject),
    number(Slot.publication),
    text(Slot.uri),
    text(Slot.text),
    Object.keys(dict).length === 0 ? EMPTY_DICT : dict,
    args ? Payload.of(args, kwargs) : NO_PAYLOAD,
  );
}

function same(actual: Message, expected: Message): void {
  const { payload, options, ...head } = actual;
  const { payload: expectedPayload, options: expectedOptions, ...expectedHead } = expected;
  assert.deepEqual(head, expectedHead);
  assert.deepEqual(plain(options), plain(expectedOptions));
  assert.equal(payload.count, expectedPayload.count);
  assert.deepEqual(plain(payload.args), plain(expectedPayload.args));
  assert.deepEqual(plain(payload.kwargs), plain(expectedPayload.kwargs));
}

for (const s of serializers()) {
  test(`${s.name}: decodes what others encode`, () => {
    for (const wire of cases()) same(s.decode(ORACLES[s.name].encode(wire)), messageOf(wire));
  });

  test(`${s.name}: others decode what it encodes`, () => {
    for (const wire of cases()) {
      const bytes = encode(s, messageOf(wire));
      const expected = s.name === 'json' ? ORACLES.json.decode(ORACLES.json.encode(wire)) : wire;
      assert.deepEqual(plain(ORACLES[s.name].decode(bytes)), plain(expected));
      assert.deepEqual(plain(s.decodeAll(bytes)), plain(wire));
      same(s.decode(bytes), messageOf(wire));
    }
  });

  test(`${s.name}: an absent payload, empty arguments and empty keywords stay different`, () => {
    for (const payload of [[], [[]], [[], {}]]) {
      const m = s.decode(ORACLES[s.name].encode([50, 1, {}, ...payload]));
      assert.equal(m.payload.count, payload.length);
      for (const other of serializers()) {
        assert.deepEqual(other.decodeAll(encode(other, m)), [50, 1, {}, ...payload]);
      }
    }
  });

  test(`${s.name}: an empty dict is the one empty dict`, () => {
    assert.equal(s.decode(ORACLES[s.name].encode([48, 1, {}, 'a.b'])).options, EMPTY_DICT);
  });

  test(`${s.name}: a message larger than the buffer grows it, trim gives it back`, () => {
    const big = 'x'.repeat(3 << 20);
    const m = message(48, 1, 0, 0, 'a.b', '', { big }, Payload.of([big]));
    assert.deepEqual(s.decodeAll(encode(s, m)), [48, 1, { big }, 'a.b', [big]]);
    assert.ok(s.out.length > 1 << 20);
    s.trim();
    assert.equal(s.out.length, 4096);
    assert.deepEqual(s.decodeAll(encode(s, m)), [48, 1, { big }, 'a.b', [big]]);
  });

  test(`${s.name}: encoding a payload leaves the encoded message alone`, () => {
    const end = s.encode(message(17, 1, 0, 2, '', '', EMPTY_DICT, NO_PAYLOAD));
    const out = s.out;
    const before = Buffer.from(out.subarray(0, end));
    s.encodePayload(['other', 'x'.repeat(5000)], { more: true });
    assert.equal(s.out, out);
    assert.deepEqual(out.subarray(0, end), before);
  });
}
