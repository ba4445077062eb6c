/** Owns the range of ids, on the wire and in the making. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isId, MAX_ID, nextId, RandomIds } from '../../src/wire/ids.js';
import type { SerializerName } from '../../src/wire/serializers/serializer.js';
import { encode, ORACLES, Random, serializers, violation } from './samples.js';

/** `[CANCEL, <id>, {}]` around the octets of an id. */
const around: Readonly<Record<SerializerName, (id: string) => Buffer>> = {
  json: id => Buffer.from(`[49,${id},{}]`),
  msgpack: id => Buffer.from(`9331${id}80`, 'hex'),
  cbor: id => Buffer.from(`831831${id}a0`, 'hex'),
};

const LEGAL: Readonly<Record<SerializerName, readonly (readonly [string, number])[]>> = {
  json: [
    ['1', 1],
    ['9007199254740991', 2 ** 53 - 1],
    ['9007199254740992', 2 ** 53],
    ['7.0', 7],
    ['1e3', 1000],
    ['9007199254740992.0', 2 ** 53],
  ],
  msgpack: [
    ['01', 1],
    ['7f', 127],
    ['ccff', 255],
    ['cd0001', 1],
    ['cdffff', 65535],
    ['ceffffffff', 2 ** 32 - 1],
    ['cf0000000000000001', 1],
    ['cf0020000000000000', 2 ** 53],
    ['d001', 1],
    ['d17fff', 32767],
    ['d27fffffff', 2 ** 31 - 1],
    ['d30020000000000000', 2 ** 53],
    ['ca3f800000', 1],
    ['cb41f0000000000000', 2 ** 32],
    ['cb4340000000000000', 2 ** 53],
  ],
  cbor: [
    ['01', 1],
    ['17', 23],
    ['1801', 1],
    ['190100', 256],
    ['1affffffff', 2 ** 32 - 1],
    ['1b0000000000000001', 1],
    ['1b0020000000000000', 2 ** 53],
    ['f93c00', 1],
    ['fa3f800000', 1],
    ['fb4340000000000000', 2 ** 53],
  ],
};

const ILLEGAL: Readonly<Record<SerializerName, readonly string[]>> = {
  json: [
    '0',
    '-0',
    '-1',
    '1.5',
    '9007199254740993',
    '9007199254740994',
    '18446744073709551616',
    '1e400',
    '-1e400',
  ].concat(['"1"', 'true', 'null', '[]', '[1]', '{}']),
  msgpack: ['00', 'ff', 'cf0020000000000001', 'cfffffffffffffffff', 'd30020000000000001', 'd3ffffffffffffffff', 'd0ff']
    .concat(['d1ffff', 'd2ffffffff', 'ca3fc00000', 'cb3ff8000000000000', 'cb4340000000000001', 'cb7ff8000000000000'])
    .concat(['cb7ff0000000000000', 'cbbff0000000000000', 'c0', 'c2', 'c3', 'a131', 'c40101', '90', '9101', '80'])
    .concat(['d40101', 'cf0000000000000000', 'cb0000000000000000']),
  cbor: ['00', '20', '3b0000000000000000', '3bffffffffffffffff', '1b0020000000000001', '1bffffffffffffffff', 'f93e00']
    .concat(['fb4340000000000001', 'f97e00', 'f97c00', 'f9bc00', 'f4', 'f5', 'f6', 'f7', '6131', '4101', '80', '8101'])
    .concat(['a0', 'c101', 'c24101', '1b0000000000000000']),
};

for (const s of serializers()) {
  test(`${s.name}: ids from 1 to 2^53 are accepted in every encoding`, () => {
    for (const [octets, id] of LEGAL[s.name]) assert.equal(s.decode(around[s.name](octets)).request, id, octets);
  });

  test(`${s.name}: what is no id is refused, naming message and element`, () => {
    for (const octets of ILLEGAL[s.name]) {
      violation(
        () => s.decode(around[s.name](octets)),
        /^CANCEL: Request\|id must be an integer from 1 to 2\^53$/,
        octets,
      );
    }
  });

  test(`${s.name}: ids are written as integers of the smallest size`, () => {
    const random = new Random(53);
    for (let i = 0; i < 500; i++) {
      const id = Math.max(1, Math.abs(random.integer()));
      const m = s.decode(ORACLES[s.name].encode([69, id, {}]));
      assert.equal(m.request, id);
      const size = s.name === 'json' ? String(id).length : smallest(id, s.name === 'cbor' ? 24 : 128);
      assert.equal(encode(s, m).length, encode(s, { ...m, request: 1 }).length - 1 + size, String(id));
      assert.equal(Number((s.decodeAll(encode(s, m)) as number[])[1]), id);
    }
  });
}

function smallest(id: number, direct: number): number {
  if (id < direct) return 1;
  if (id < 2 ** 8) return 2;
  if (id < 2 ** 16) return 3;
  return id < 2 ** 32 ? 5 : 9;
}

test('ids above 2^32 are uint64, never floats', () => {
  const [, msgpack, cbor] = serializers();
  const published = msgpack!.decode(ORACLES.msgpack.encode([17, 1, 2 ** 32]));
  assert.equal(encode(msgpack!, published).toString('hex'), '931101cf0000000100000000');
  assert.equal(encode(cbor!, published).toString('hex'), '8311011b0000000100000000');
});

test('isId is the range and nothing else', () => {
  for (const id of [1, 2 ** 32, 2 ** 53 - 1, 2 ** 53]) assert.ok(isId(id));
  for (const id of [0, -1, 1.5, 2 ** 53 + 2, Number.NaN, Infinity, 1n, '1', true, null, undefined])
    assert.ok(!isId(id));
});

test('session scope counts from 1 and wraps after 2^53', () => {
  assert.equal(nextId(0), 1);
  assert.equal(nextId(1), 2);
  assert.equal(nextId(2 ** 53 - 1), MAX_ID);
  assert.equal(nextId(MAX_ID), 1);
});

test('global ids cover [1, 2^53] and nothing more', () => {
  assert.equal(new RandomIds(words => words.fill(0)).global(), 1);
  assert.equal(new RandomIds(words => words.fill(0xffff_ffff)).global(), MAX_ID);
  const random = new Random(7);
  const ids = new RandomIds(words => {
    for (let i = 0; i < words.length; i++) words[i] = random.word();
  });
  const seen = new Set<number>();
  const quarters = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) {
    const id = ids.global();
    assert.ok(isId(id));
    seen.add(id);
    quarters[Math.floor((id - 1) / 2 ** 51)]!++;
  }
  assert.equal(seen.size, 4000);
  for (const count of quarters) assert.ok(count > 800 && count < 1200, String(quarters));
});
