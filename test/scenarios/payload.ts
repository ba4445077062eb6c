/** Owns the behaviour of payloads: untouched between clients of one serializer, equal between clients of different ones. */

import assert from 'node:assert/strict';
import type { SerializerName } from '../../src/wire/serializers/serializer.js';
import { ANY, type Client } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';
import type { World } from '../helpers/world.js';

const SERIALIZERS: readonly SerializerName[] = ['json', 'msgpack', 'cbor'];

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  -1e-300,
  2 ** 31,
  2 ** 32,
  -(2 ** 40),
  2 ** 53,
  2n ** 53n + 1n,
  -(2n ** 60n),
  2n ** 64n - 1n,
  '',
  'größe 漢字 🙈 \u2028',
  '\u0001"\\/\n',
  'x'.repeat(70_000),
  Buffer.alloc(0),
  Buffer.from([0, 1, 2, 0xff, 0xfe, 0x80]),
  Buffer.alloc(300, 7),
  [],
  {},
  [[[]], { a: { b: [Buffer.from('c')] } }],
  { 'key with spaces': 1, ключ: 2, '': 3, __proto__x: 4 },
];

async function everyone(world: World): Promise<Client[]> {
  const clients: Client[] = [];
  for (const serializer of SERIALIZERS) clients.push(await world.join({ serializer }));
  return clients;
}

export const transcoding: Scenario = {
  name: 'values arrive equal at clients of every serializer',
  feature: 'basic.payload',
  async passes(world) {
    const publisher = await world.join();
    const subscribers = await everyone(world);
    for (const subscriber of subscribers) await subscriber.subscribe('com.x');
    const kwargs = { values: VALUES };
    for (let round = 0; round < 2; round++) {
      publisher.request(16, {}, 'com.x', VALUES, kwargs);
      for (const subscriber of subscribers) await subscriber.receives([36, ANY, ANY, {}, VALUES, kwargs]);
    }
  },
  async fails(world) {
    const caller = await world.join();
    for (const [i, callee] of (await everyone(world)).entries()) {
      const procedure = `com.x.echo${i}`;
      await callee.register(procedure);
      for (const payload of [[], [[]], [[], {}], [VALUES], [VALUES, { all: VALUES }]]) {
        const request = caller.request(48, {}, procedure, ...payload);
        const [, invocation, , , ...received] = await callee.receives([68, ANY, ANY, {}, ...payload]);
        callee.send([70, invocation, {}, ...received]);
        await caller.receives([50, request, {}, ...payload]);
        const failing = caller.request(48, {}, procedure);
        const [, second] = await callee.receives([68, ANY, ANY, {}]);
        callee.send([8, 68, second, {}, 'com.x.error', ...payload]);
        await caller.receives([8, 48, failing, {}, 'com.x.error', ...payload]);
      }
    }
  },
};

/** Octets that the usual encoder would not write: they survive only if nobody decodes them. */
const ODD: Readonly<Record<SerializerName, { readonly message: string; readonly payload: string }>> = {
  json: {
    message: Buffer.from('[16, 1, {}, "com.x", [ 1.50, 1e400,\t"\\u0041", 00]').toString('hex'),
    payload: Buffer.from('[ 1.50, 1e400,\t"\\u0041"').toString('hex'),
  },
  // [16, 1, {}, "com.x", [uint64 1, float32 1.5, ext(9)], {"k": str32 "v"}]
  msgpack: {
    message: '961001 80 a5636f6d2e78 93cf0000000000000001ca3fc00000d4092a 81a16bdb0000000176'.replaceAll(' ', ''),
    payload: '93cf0000000000000001ca3fc00000d4092a81a16bdb0000000176',
  },
  // [16, 1, {}, "com.x", [_ uint64 1, float32 1.5, 4711(1)], {"k": "v"}]
  cbor: {
    message: '861001 a0 65636f6d2e78 9f1b0000000000000001fa3fc00000d9126701ff a1616b6176'.replaceAll(' ', ''),
    payload: '9f1b0000000000000001fa3fc00000d9126701ffa1616b6176',
  },
};

export const passthrough: Scenario = {
  name: 'between clients of one serializer payloads pass octet for octet',
  feature: 'basic.payload',
  async passes(world) {
    const [publisher, subscriber] = [await world.join(), await world.join()];
    await subscriber.subscribe('com.x');
    const { message, payload } = ODD[world.link.serializer];
    const bytes = Buffer.from(message, 'hex');
    // The JSON text above breaks off so that its test for validity can be read here: 00 is no number.
    publisher.sendBytes(world.link.serializer === 'json' ? Buffer.from(`${bytes.toString().slice(0, -5)}]]`) : bytes);
    publisher.requests++;
    await publisher.receivesNothing();
    await subscriber.receivesOctets(Buffer.from(payload, 'hex'));
  },
  async fails(world) {
    const client = await world.join();
    const { message } = ODD[world.link.serializer];
    // What passes unseen must be valid all the same: these are not.
    const broken = { json: message, msgpack: message.replace('d4092a', 'c1c1c1'), cbor: message.replace('d9126701ff', 'd9126701') };
    client.sendBytes(Buffer.from(broken[world.link.serializer], 'hex'));
    await client.aborted('wamp.error.protocol_violation');
    assert.equal(world.realm.sessions.size, 0);
  },
};
