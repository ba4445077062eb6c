/** Owns that values survive the way from any serializer to any other, against other people's codecs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invocation } from '../../src/wire/message.js';
import { Payload } from '../../src/wire/payload.js';
import { Serializers } from '../../src/wire/serializers/index.js';
import { encode, ORACLES, plain, Random, serializers } from './samples.js';

const ROUNDS = 1500;

for (const from of serializers()) {
  test(`${from.name}: random calls decode, pass through and reach every other serializer`, () => {
    const random = new Random(from.rawSocketId);
    const oracle = ORACLES[from.name];
    for (let i = 0; i < ROUNDS; i++) {
      const request = Math.max(1, Math.abs(random.integer()));
      const options = random.dict(1);
      const uri = `com.${random.pick(['myapp', 'größe', '🙈'])}.${random.below(50)}`;
      const payload = [[], [random.list(3)], [random.list(2), random.dict(3)]][random.below(3)]!;
      const m = from.decode(oracle.encode([48, request, options, uri, ...payload]));
      assert.equal(m.request, request);
      assert.equal(m.uri, uri);
      assert.deepEqual(plain(m.options), plain(options));
      assert.equal(m.payload.count, payload.length);

      const octets = Buffer.concat(payload.map(element => oracle.encode(element)));
      const received = m.payload.bytes.subarray(m.payload.start, m.payload.end);
      assert.equal(Buffer.compare(received, from.name === 'json' ? withComma(payload) : octets), 0);

      const passed = encode(from, invocation(request, 1, options, m.payload));
      assert.ok(passed.includes(Buffer.from(received)));
      const expected = plain([68, request, 1, options, ...payload]);
      for (const to of serializers()) {
        const there = encode(to, invocation(request, 1, options, m.payload));
        assert.deepEqual(plain(to.decodeAll(there)), expected);
        // JSON.parse tells neither binary nor integers beyond 2^53.
        if (to.name !== 'json') assert.deepEqual(plain(ORACLES[to.name].decode(there)), expected);
        const back = encode(from, { ...m, code: 68, subject: 1, payload: to.decode(there).payload });
        assert.deepEqual(plain(from.decodeAll(back)), expected);
      }
    }
  });
}

function withComma(payload: readonly unknown[]): Buffer {
  return Buffer.from(payload.map(element => ORACLES.json.encode(element).toString()).join(','));
}

/** A value, its octets in MessagePack and CBOR, and its text in JSON, as this router writes them. */
const FORMS: readonly (readonly [unknown, string, string, string])[] = [
  [null, 'c0', 'f6', 'null'],
  [undefined, 'c0', 'f6', 'null'],
  [true, 'c3', 'f5', 'true'],
  [false, 'c2', 'f4', 'false'],
  [0, '00', '00', '0'],
  [23, '17', '17', '23'],
  [24, '18', '1818', '24'],
  [127, '7f', '187f', '127'],
  [128, 'cc80', '1880', '128'],
  [256, 'cd0100', '190100', '256'],
  [256n, 'cd0100', '190100', '256'],
  [-1n, 'ff', '20', '-1'],
  [65536, 'ce00010000', '1a00010000', '65536'],
  [2 ** 32, 'cf0000000100000000', '1b0000000100000000', '4294967296'],
  [2 ** 53, 'cf0020000000000000', '1b0020000000000000', '9007199254740992'],
  [2n ** 53n + 1n, 'cf0020000000000001', '1b0020000000000001', '9007199254740993'],
  [2n ** 64n - 1n, 'cfffffffffffffffff', '1bffffffffffffffff', '18446744073709551615'],
  [-1, 'ff', '20', '-1'],
  [-32, 'e0', '381f', '-32'],
  [-33, 'd0df', '3820', '-33'],
  [-128, 'd080', '387f', '-128'],
  [-129, 'd1ff7f', '3880', '-129'],
  [-32768, 'd18000', '397fff', '-32768'],
  [-32769, 'd2ffff7fff', '398000', '-32769'],
  [-(2 ** 31), 'd280000000', '3a7fffffff', '-2147483648'],
  [-(2 ** 31) - 1, 'd3ffffffff7fffffff', '3a80000000', '-2147483649'],
  [-(2 ** 53), 'd3ffe0000000000000', '3b001fffffffffffff', '-9007199254740992'],
  [-(2n ** 63n), 'd38000000000000000', '3b7fffffffffffffff', '-9223372036854775808'],
  [1.5, 'cb3ff8000000000000', 'fb3ff8000000000000', '1.5'],
  [1e300, 'cb7e37e43c8800759c', 'fb7e37e43c8800759c', '1e+300'],
  ['', 'a0', '60', '""'],
  ['ü', 'a2c3bc', '62c3bc', '"ü"'],
  [Buffer.from([1, 2]), 'c4020102', '420102', '"\\u0000AQI="'],
  [new Uint8Array([1, 2]), 'c4020102', '420102', '"\\u0000AQI="'],
  [new Date(0), 'b8313937302d30312d30315430303a30303a30302e3030305a', '7818', '"1970-01-01T00:00:00.000Z"'],
  [[1, [2]], '92019102', '82018102', '[1,[2]]'],
  [{ a: undefined }, '81a161c0', 'a16161f6', '{"a":null}'],
  [new Map([['a', 1]]), '81a16101', 'a1616101', '{"a":1}'],
];

test('values have their shortest form in each serializer', () => {
  const { json, msgpack, cbor } = new Serializers();
  for (const [value, m, c, j] of FORMS) {
    const hint = `${j}`;
    assert.equal(Buffer.from(msgpack.encodePayload([value], undefined)).toString('hex'), `91${m}`, hint);
    assert.ok(
      Buffer.from(cbor.encodePayload([value], undefined))
        .toString('hex')
        .startsWith(`81${c}`),
      hint,
    );
    assert.equal(Buffer.from(json.encodePayload([value], undefined)).toString(), `[${j}]`, hint);
  }
});

/** Octets of one argument, and what the other serializers make of it. */
const FOREIGN: readonly (readonly ['json' | 'msgpack' | 'cbor', string, unknown])[] = [
  ['msgpack', 'd30000000000000001', 1],
  ['msgpack', 'd3ffdfffffffffffff', -(2n ** 53n) - 1n],
  ['msgpack', 'ca3fc00000', 1.5],
  ['msgpack', 'd6ff5a4af6a5', '2018-01-02T03:04:05.000Z'],
  ['msgpack', 'd7ff1dcd65005a4af6a5', '2018-01-02T03:04:05.125Z'],
  ['msgpack', 'c70cff00000000ffffffffffffffff', '1969-12-31T23:59:59.000Z'],
  ['msgpack', 'c70cff000000007fffffffffffffff', null],
  ['msgpack', 'd40000', null],
  ['msgpack', 'd40501', Buffer.from([1])],
  ['msgpack', 'd54272ff', Buffer.from([0x72, 0xff])],
  ['msgpack', 'c7020501ff', Buffer.from([1, 255])],
  ['msgpack', 'c80001050a', Buffer.from([10])],
  ['msgpack', 'c900000001050a', Buffer.from([10])],
  ['msgpack', '820102c3a161', { 1: 2, true: 'a' }],
  ['msgpack', '81c4016b01', { k: 1 }],
  ['msgpack', '81910101', { '[1]': 1 }],
  ['msgpack', '81dc0000a0', { '[]': '' }],
  ['msgpack', 'c50001aa', Buffer.from([0xaa])],
  ['msgpack', 'c600000001aa', Buffer.from([0xaa])],
  ['msgpack', 'db00000001' + '61', 'a'],
  ['cbor', 'f7', null],
  ['cbor', 'e0', null],
  ['cbor', 'f8ff', null],
  ['cbor', 'f90001', 2 ** -24],
  ['cbor', 'f9c400', -4],
  ['cbor', 'fa7f7fffff', 3.4028234663852886e38],
  ['cbor', '5f4101420203ff', Buffer.from([1, 2, 3])],
  ['cbor', '5fff', Buffer.alloc(0)],
  ['cbor', '7f6161600062c3bcff'.replace('6000', '60'), 'aü'],
  ['cbor', '9f0102ff', [1, 2]],
  ['cbor', 'bf616101ff', { a: 1 }],
  ['cbor', 'bf7f6161ff01ff', { a: 1 }],
  ['cbor', 'd82a01', 1],
  ['cbor', 'd9d9f7c081d81c6161', ['a']],
  ['cbor', 'c11a514b67b0', '2013-03-21T20:04:00.000Z'],
  ['cbor', 'c1fb41d452d9ec200000', '2013-03-21T20:04:00.500Z'],
  ['cbor', 'c1f97e00', null],
  ['cbor', 'c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z'],
  ['cbor', 'c24105', 5],
  ['cbor', 'c240', 0],
  ['cbor', 'c34105', -6],
  ['cbor', 'c24900ffffffffffffffff', 2n ** 64n - 1n],
  ['cbor', 'd81d00', 0],
  ['cbor', 'd81b8361616162f6', ['a', 'b', null]],
  ['cbor', '3b001fffffffffffff', -(2 ** 53)],
  ['cbor', '3b0020000000000000', -(2n ** 53n) - 1n],
  ['cbor', 'a10102', { 1: 2 }],
  ['json', '-0', -0],
  ['json', '1.0', 1],
  ['json', '-9007199254740993', -(2n ** 53n) - 1n],
  ['json', '9007199254740993e0', 9007199254740992],
  [
    'json',
    '[9007199254740993 , "12345678901234567" , "\\"\\\\" , 0.30000000000000004 , {} , [ ] ]',
    [2n ** 53n + 1n, '12345678901234567', '"\\', 0.30000000000000004, {}, []],
  ],
  [
    'json',
    ' { "\\u0000k" : "\\u0000AQI=" , "n":null,"t":true , "f":false , "e":"" } ',
    {
      '\0k': Buffer.from([1, 2]),
      n: null,
      t: true,
      f: false,
      e: '',
    },
  ],
  ['json', '"\\u0000"', Buffer.alloc(0)],
];

test('foreign forms become what the other formats can say', () => {
  for (const [name, octets, expected] of FOREIGN) {
    const from = serializers().find(s => s.name === name)!;
    const head = { json: '[50,1,{},[', msgpack: '9432018091', cbor: '84183201a081' }[name];
    const bytes = name === 'json' ? Buffer.from(`${head}${octets}]]`) : Buffer.from(head + octets, 'hex');
    const m = from.decode(bytes);
    for (const to of serializers()) {
      if (to.name === name) continue;
      const [value] = to.decode(encode(to, m)).payload.args!;
      // JSON has no negative zero in JavaScript.
      assert.deepEqual(plain(value), Object.is(expected, -0) ? value : plain(expected), `${octets} to ${to.name}`);
    }
  }
});

test('integers beyond 64 bits keep their value where a format has them', () => {
  const { json, msgpack, cbor } = new Serializers();
  for (const value of [2n ** 64n, 2n ** 70n + 1n, -(2n ** 64n) - 1n, 10n ** 300n]) {
    const payload = Payload.of([value]);
    for (const s of [json, cbor]) {
      const { bytes, start, end } = payload.in(s);
      assert.deepEqual(s.decodePayload(bytes, start, end, 1).args, [value]);
    }
    const { bytes, start, end } = payload.in(msgpack);
    assert.deepEqual(msgpack.decodePayload(bytes, start, end, 1).args, [Number(value)]);
  }
});

test('a member named __proto__ is a member', () => {
  const call = (payload: string): string => `[48,1,{"__proto__":{"acknowledge":true}},"a",[],${payload}]`;
  for (const text of ['{"__proto__":{"x":1}}', '{"__proto__":{"x":1},"big":9007199254740993}']) {
    const m = new Serializers().json.decode(Buffer.from(call(text)));
    assert.equal(m.options.acknowledge, undefined);
    for (const s of serializers()) {
      const copy = s.decode(encode(s, m));
      assert.deepEqual(Object.keys(copy.options), ['__proto__']);
      assert.equal(copy.options.acknowledge, undefined);
      assert.ok(Object.hasOwn(copy.payload.kwargs!, '__proto__'));
      assert.equal(copy.payload.kwargs!.x, undefined);
    }
  }
});
