/** Owns that whatever arrives, decoding ends soon, with a message or a ProtocolViolation. */

import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import { ProtocolViolation } from '../../src/wire/errors.js';
import { isText } from '../../src/wire/serializers/octets.js';
import type { Serializer, SerializerName } from '../../src/wire/serializers/serializer.js';
import { encode, ORACLES, plain, Random, SAMPLES, serializers, violation, WITH_PAYLOAD } from './samples.js';

/** Wire forms that every serializer can write and none may accept. */
const ILL_TYPED: readonly (readonly [unknown, RegExp])[] = [
  [{}, /list expected/],
  ['x', /list expected/],
  [48, /list expected/],
  [null, /list expected/],
  [[], /empty message/],
  [['48', 1, {}, 'a'], /Type\|int must be a non-negative integer/],
  [[null, 1, {}, 'a'], /Type\|int/],
  [[true, 1, {}, 'a'], /Type\|int/],
  [[[48], 1, {}, 'a'], /Type\|int/],
  [[48.5, 1, {}, 'a'], /Type\|int/],
  [[-48, 1, {}, 'a'], /Type\|int/],
  [[48], /CALL ends before Request\|id/],
  [[48, 1], /CALL ends before Options\|dict/],
  [[48, 1, {}], /CALL ends before Procedure\|uri/],
  [[48, 1, [], 'a'], /CALL: Options\|dict must be a dict/],
  [[48, 1, null, 'a'], /CALL: Options\|dict must be a dict/],
  [[48, 1, 'x', 'a'], /CALL: Options\|dict must be a dict/],
  [[48, 1, {}, 1], /CALL: Procedure\|uri must be a string/],
  [[48, 1, {}, null], /CALL: Procedure\|uri must be a string/],
  [[48, 1, {}, ['a']], /CALL: Procedure\|uri must be a string/],
  [[48, 1, {}, 'a', null], /CALL: Arguments\|list must be a list/],
  [[48, 1, {}, 'a', {}], /CALL: Arguments\|list must be a list/],
  [[48, 1, {}, 'a', 'x'], /CALL: Arguments\|list must be a list/],
  [[48, 1, {}, 'a', [], null], /CALL: ArgumentsKw\|dict must be a dict/],
  [[48, 1, {}, 'a', [], []], /CALL: ArgumentsKw\|dict must be a dict/],
  [[48, 1, {}, 'a', [], {}, 1], /CALL has too many elements/],
  [[17, 1, 2, 3], /PUBLISHED has too many elements/],
  [[35, 1, {}, 1], /UNSUBSCRIBED has too many elements/],
  [[1, 'realm1'], /HELLO ends before Details\|dict/],
  [[8, 'x', 1, {}, 'a'], /REQUEST\.Type\|int/],
  [[8, 48, 1, 'a.b'], /ERROR: Details\|dict/],
  [[4, 1, {}], /CHALLENGE: AuthMethod\|string/],
];

/** Octets that are no message at all, or break a rule of the format. */
const MALFORMED: Readonly<Record<SerializerName, readonly string[]>> = {
  json: [
    '',
    ' ',
    '[',
    '[48',
    '[48,',
    '[,48]',
    '[48 1]',
    '[48,1,{},"a"',
    '[48,1,{},"a",]',
    '[48,1,{},"a"]]',
    '[48,1,{},"a"]x',
  ]
    .concat(['[48,1,{},"a\n"]', '[48,1,{},"\\x"]', '[48,1,{},"a",[01]]', '[48,1,{},"a",[1.]]', '[48,1,{},"a",[.5]]'])
    .concat(['[48,1,{},"a",[tru]]', '[48,1,{},"a",[NaN]]', "[48,1,{},'a']", '[48,1,{a:1},"a"]', '[48,1,{"a"},"a"]'])
    .concat([
      '[48,1,{"a":1,},"a"]',
      '[48,1,{1:1},"a"]',
      '[48,1,{},"a",[],{1:2}]',
      '[48,1,{},"a",[1,]]',
      '[48,+1,{},"a"]',
    ])
    .concat(['\ufeff[17,1,2]', '[48,1,{},"\\u12g4"]', '[48,1,{},"a",["\\u123"]]', '[48,0x1,{},"a"]', '//\n[17,1,2]']),
  msgpack: [
    '',
    '94',
    '9430',
    '943001',
    '94300180',
    '94300180a2',
    '94300180a261',
    '94300180a16100',
    'dc',
    'dc00',
    'dd000000',
  ]
    .concat([
      'ddffffffff3001 80a161'.replace(' ', ''),
      '94300180c40161',
      '94300180d90161ff',
      '94300180d9',
      '94300180d902ff61',
    ])
    .concat([
      '94300180a1ff',
      '94300180a2c080',
      '94300180a3eda080',
      '94300181a16101a161'.replace('a16101a161', '01a1a161'),
    ])
    .concat(['9430018101a161 a161'.replace(' ', ''), '95300180a161c0', '95300180a16191c1', '95300180a16191a1ff'])
    .concat([
      '95300180a16191',
      '95300180a16192c0',
      '95300180a161dd',
      '95300180a161dcffff',
      '95300180a16191c7',
      '95300180a16191c702',
    ])
    .concat([
      '95300180a16191c70201ff',
      '95300180a16191d4',
      '95300180a16191d401',
      '95300180a16191d8010000',
      '95300180a16191cb00',
    ])
    .concat([
      '95300180a16191c6ffffffff00',
      '95300180a16191dfffffffff',
      '95300180a16191db00000002ff',
      '96300180a161908101c0',
    ])
    .concat([
      '96300180a16190 81c40161c0'.replace(' ', ''),
      '96300180a1619081c0c0',
      '95300180a16181a161c0',
      'c1',
      '91c1',
      '9330c101',
    ]),
  cbor: [
    '',
    '84',
    '841830',
    '84183001',
    '84183001a0',
    '84183001a062',
    '84183001a06261',
    '84183001a0616100',
    '9a',
    '9a00',
    '9f',
  ]
    .concat([
      '9f183001a06161',
      '9bffffffffffffffff183001a06161',
      '84183001a04161',
      '84183001a061ff',
      '84183001a062c080',
    ])
    .concat([
      '84183001a063eda080',
      '84183001a1016161',
      '84183001a14161016161',
      '84183001bf01ff6161',
      '84183001bf6161ff6161',
    ])
    .concat([
      '84183001a07f',
      '84183001a07f6161',
      '84183001a07f4161ff',
      '84183001a07f7f6161ffff',
      '84183001a07f61ffff',
      '9c',
      '9d',
      '9e',
    ])
    .concat([
      '84183001c06161',
      '84183001a0c06161',
      '85183001a06161c080',
      '85183001a06161f6',
      '85183001a061618 1'.replace(' ', ''),
    ])
    .concat([
      '85183001a0616181ff',
      '85183001a0616181f800',
      '85183001a0616181f81f',
      '85183001a0616181f8',
      '85183001a061618119',
    ])
    .concat([
      '85183001a061618118',
      '85183001a06161811c',
      '85183001a06161813f',
      '85183001a06161811f',
      '85183001a0616181df',
    ])
    .concat([
      '85183001a0616181c0',
      '85183001a0616181fb00',
      '85183001a06161815bffffffffffffffff',
      '85183001a06161817b0020000000000001',
    ])
    .concat([
      '85183001a061619bffffffffffffffff',
      '85183001a06161bbffffffffffffffff',
      '85183001a061619f',
      '85183001a061619f01',
    ])
    .concat(['85183001a0616181bf01ff', '85183001a0616181bf', '86183001a0616180a10101', '86183001a0616180bf0101ff'])
    .concat([
      '86183001a0616180a1416101',
      '86183001a0616180a1f6f6',
      '9f183001a0616180a000ff',
      '9f183001a06161ff00',
      'ff',
      '81ff',
    ]),
};

for (const s of serializers()) {
  test(`${s.name}: ill-typed messages are refused, naming what is wrong`, () => {
    for (const [wire, text] of ILL_TYPED) {
      violation(() => s.decode(ORACLES[s.name].encode(wire)), text, JSON.stringify(wire));
    }
  });

  test(`${s.name}: malformed octets are refused`, () => {
    for (const octets of MALFORMED[s.name]) {
      violation(() => s.decode(s.name === 'json' ? Buffer.from(octets) : Buffer.from(octets, 'hex')), /./, octets);
    }
  });

  test(`${s.name}: every message cut short or followed by an octet is refused`, () => {
    for (const sample of SAMPLES) {
      const wire = WITH_PAYLOAD.includes(sample[0])
        ? [...sample, [1, 'ü', -1.5, [null]], { k: Buffer.from('v') }]
        : sample;
      const bytes = ORACLES[s.name].encode(wire);
      s.decode(bytes);
      for (let end = 0; end < bytes.length; end++)
        violation(() => s.decode(bytes.subarray(0, end)), /./, `${wire} to ${end}`);
      for (const c of [0x00, 0x2c, 0x31, 0x5d, 0x80, 0xff]) {
        violation(() => s.decode(Buffer.concat([bytes, Buffer.of(c)])), /octets after/, `${wire} and ${c}`);
        violation(() => s.decodeAll(Buffer.concat([bytes, Buffer.of(c)])), /octets after/, `${wire} and ${c}`);
      }
    }
  });

  test(`${s.name}: payloads nest up to 256 levels`, () => {
    const { open, close, head } = {
      json: { open: '[', close: ']', head: '[50,1,{},' },
      msgpack: { open: '\x91', close: '', head: '\x94\x32\x01\x80' },
      cbor: { open: '\x81', close: '', head: '\x84\x18\x32\x01\xa0' },
    }[s.name];
    const leaf = s.name === 'json' ? '[]' : s.name === 'msgpack' ? '\x90' : '\x80';
    const nested = (n: number): Buffer =>
      Buffer.from(`${head}${open.repeat(n - 1)}${leaf}${close.repeat(n - 1)}${s.name === 'json' ? ']' : ''}`, 'latin1');
    const m = s.decode(nested(256));
    assert.equal(s.decodeAll(nested(256)).length, 4);
    for (const other of serializers()) other.decode(encode(other, m));
    violation(() => s.decode(nested(257)), /nested deeper than 256 levels/);
    violation(() => s.decodeAll(nested(257)), /nested deeper than 256 levels/);
    violation(() => s.decode(nested(100_000)), /nested deeper than 256 levels/);
  });

  test(`${s.name}: random and mutated octets give a message or a violation, soon`, () => {
    const random = new Random(100 + s.rawSocketId);
    const started = performance.now();
    for (let i = 0; i < 4000; i++) survive(s, random.bytes(random.below(40)));
    for (let i = 0; i < 6000; i++) {
      const sample = random.pick(SAMPLES);
      const payload = WITH_PAYLOAD.includes(sample[0]) ? [random.list(2), random.dict(1)].slice(random.below(3)) : [];
      survive(s, mutate(random, ORACLES[s.name].encode([...sample, ...payload])));
    }
    assert.ok(performance.now() - started < 20_000);
  });
}

function mutate(random: Random, bytes: Buffer): Buffer {
  for (let i = random.below(4); i >= 0; i--) {
    // Mostly in the head: there the grammar of the message is.
    const p = random.below(random.below(2) ? bytes.length : Math.min(bytes.length, 24));
    const patch = random.bytes(random.below(3));
    bytes = Buffer.concat([bytes.subarray(0, p), patch, bytes.subarray(p + random.below(3))]);
    if (bytes.length === 0) break;
  }
  return bytes;
}

/** What decodes can be looked at, passed on and transcoded without an error. */
function survive(s: Serializer, bytes: Buffer): void {
  // Text that is no UTF-8 does not reach the JSON serializer: transports see to that.
  if (s.name === 'json' && !isUtf8(bytes)) return;
  try {
    s.decodeAll(bytes);
  } catch (e) {
    assert.ok(e instanceof ProtocolViolation, `${bytes.toString('hex')}: ${String(e)}`);
  }
  let m: ReturnType<Serializer['decode']>;
  try {
    m = s.decode(bytes);
  } catch (e) {
    assert.ok(e instanceof ProtocolViolation, `${bytes.toString('hex')}: ${String(e)}`);
    return;
  }
  for (const other of serializers()) {
    const copy = other.decode(encode(other, m));
    assert.equal(copy.uri, m.uri);
    assert.equal(copy.payload.count, m.payload.count);
  }
  assert.deepEqual(plain(s.decode(encode(s, m)).payload.args), plain(m.payload.args));
}

test('counts and lengths that are not there cost nothing', () => {
  const started = performance.now();
  const [, msgpack, cbor] = serializers();
  for (const octets of ['95300180a161ddffffffff', '95300180a161 91dfffffffff'.replace(' ', ''), 'ddffffffff']) {
    violation(() => msgpack!.decode(Buffer.from(octets, 'hex')));
    violation(() => msgpack!.decodeAll(Buffer.from(octets, 'hex')));
  }
  for (const octets of ['85183001a061619b001fffffffffffff', '85183001a06161bb001fffffffffffff', '9b001fffffffffffff']) {
    violation(() => cbor!.decode(Buffer.from(octets, 'hex')));
    violation(() => cbor!.decodeAll(Buffer.from(octets, 'hex')));
  }
  assert.ok(performance.now() - started < 2000);
});

test('a long chain of tags is one value, not a recursion', () => {
  const [, , cbor] = serializers();
  const bytes = Buffer.concat([Buffer.from('84183201a081', 'hex'), Buffer.alloc(1 << 20, 0xc6), Buffer.of(1)]);
  assert.deepEqual(cbor!.decode(bytes).payload.args, [1]);
});

test('the UTF-8 check agrees with the one of the platform', () => {
  const interesting = [
    0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
  ].concat([0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff]);
  for (const a of interesting) {
    for (const b of interesting) {
      for (const c of interesting) {
        for (const d of interesting) {
          const bytes = Buffer.of(a, b, c, d);
          for (let end = 1; end <= 4; end++) assert.equal(isText(bytes, 0, end), isUtf8(bytes.subarray(0, end)));
        }
      }
    }
  }
  for (const length of [0, 95, 96, 97, 500]) {
    const bytes = Buffer.alloc(length + 2, 'ü');
    assert.ok(isText(bytes, 0, length - (length % 2)));
    assert.equal(isText(bytes, 1, length + 1), length === 0);
  }
});
