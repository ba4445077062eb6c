/** Owns the life of a payload: passed through, transcoded once, kept. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_PAYLOAD, Payload } from '../../src/wire/payload.js';
import { Serializers } from '../../src/wire/serializers/index.js';
import { encode, ORACLES, serializers } from './samples.js';

test('a payload passes through in the octets it came in, odd ones included', () => {
  const cases: [keyof typeof ORACLES, string, string][] = [
    ['json', '[48,1,{},"a",[ 1.0 , "\\u00e4" ],{ "k":1e0 } ]', '[ 1.0 , "\\u00e4" ],{ "k":1e0 }'],
    ['msgpack', '953001 80 a161 dc0001 d30000000000000001', 'dc0001d30000000000000001'],
    ['msgpack', '953001 80 a161 92 d60500000000 c0', '92d60500000000c0'],
    ['msgpack', '953001 80 a161 91 8101d6ff5a4af6a5', '918101d6ff5a4af6a5'],
    ['cbor', '9f183001a0 6161 9f0102ff bf616bf7ff ff', '9f0102ffbf616bf7ff'],
    ['cbor', '851830 01 a0 6161 82 c11a514b67b0 f97e00', '82c11a514b67b0f97e00'],
    ['cbor', '851830 01 a0 6161 83 7f61616162ff e0 f8ff', '837f61616162ffe0f8ff'],
  ];
  const all = new Serializers();
  for (const [name, text, payload] of cases) {
    const octets = (part: string): Buffer =>
      name === 'json' ? Buffer.from(part) : Buffer.from(part.replaceAll(' ', ''), 'hex');
    const m = all[name].decode(octets(text));
    assert.deepEqual(Buffer.from(m.payload.bytes.subarray(m.payload.start, m.payload.end)), octets(payload));
    assert.ok(encode(all[name], m).includes(octets(payload)), text);
  }
});

test('a payload is transcoded once for each serializer', () => {
  const { json, msgpack, cbor } = new Serializers();
  const m = json.decode(Buffer.from('[50,1,{},[1]]'));
  assert.equal(m.payload.in(json), m.payload);
  assert.equal(m.payload.in(msgpack), m.payload.in(msgpack));
  assert.notEqual(m.payload.in(msgpack), m.payload.in(cbor));
  assert.deepEqual(Buffer.from(m.payload.in(msgpack).bytes), Buffer.from([0x91, 1]));
});

test('a kept payload outlives the octets that it came in', () => {
  for (const s of serializers()) {
    const bytes = ORACLES[s.name].encode([50, 1, {}, ['a', Buffer.from('raw')], { k: 'v' }]);
    const m = s.decode(bytes);
    const kept = m.payload.keep();
    const size = m.payload.byteLength;
    bytes.fill(0x20);
    assert.equal(kept.byteLength, size);
    assert.deepEqual(kept.args, ['a', Buffer.from('raw')]);
    assert.deepEqual(kept.kwargs, { k: 'v' });
  }
});

test('decoded binary does not share the octets that it came in', () => {
  for (const s of serializers()) {
    const bytes = ORACLES[s.name].encode([50, 1, {}, [Buffer.from('raw')]]);
    const [raw] = s.decode(bytes).payload.args!;
    bytes.fill(0);
    assert.deepEqual(raw, Buffer.from('raw'));
  }
});

test('keywords alone come with empty arguments', () => {
  assert.deepEqual(Payload.of(undefined, { k: 1 }).args, []);
  for (const s of serializers()) {
    const payload = Payload.of(undefined, { k: 1 }).in(s);
    assert.deepEqual(s.decodePayload(payload.bytes, payload.start, payload.end, 2), { args: [], kwargs: { k: 1 } });
  }
});

test('no payload is the same in all serializers', () => {
  assert.equal(Payload.of(), NO_PAYLOAD);
  for (const s of serializers()) assert.equal(NO_PAYLOAD.in(s), NO_PAYLOAD);
});
