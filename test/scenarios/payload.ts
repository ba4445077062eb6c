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
    // What a format cannot say arrives as what comes nearest; it is nobody's fault and stops no event.
    const publisher = await world.join();
    const [json, msgpack, cbor] = (await everyone(world)) as [Client, Client, Client];
    for (const subscriber of [json, msgpack, cbor]) await subscriber.subscribe('com.x');
    if (world.link.serializer === 'json') {
      publisher.requests++;
      publisher.sendBytes(Buffer.from('[16,1,{},"com.x",["\\ud800",1e400]]'));
      for (const other of [msgpack, cbor]) {
        await other.receives([36, ANY, ANY, {}, ['\ufffd', Number.POSITIVE_INFINITY]]);
      }
      assert.match((await json.nextBytes('EVENT')).toString(), /\["\\ud800",1e400\]/);
    } else {
      publisher.request(16, {}, 'com.x', [Number.NaN, Number.POSITIVE_INFINITY]);
      await json.receives([36, ANY, ANY, {}, [null, null]]);
      for (const other of [msgpack, cbor]) {
        await other.receives([36, ANY, ANY, {}, [Number.NaN, Number.POSITIVE_INFINITY]]);
      }
    }
  },
};

export const answers: Scenario = {
  name: 'calls, results and errors cross serializers, absent and empty payloads as they came',
  feature: 'basic.payload',
  async passes(world) {
    const caller = await world.join();
    for (const [i, callee] of (await everyone(world)).entries()) {
      const procedure = `com.x.echo${i}`;
      await callee.register(procedure);
      for (const payload of [[], [[]], [[], {}], [VALUES], [VALUES, { all: VALUES }]]) {
        const request = caller.request(48, {}, procedure, ...payload);
        const [, invocation] = await callee.receives([68, ANY, ANY, {}, ...payload]);
        callee.send([70, invocation, {}, ...payload]);
        await caller.receives([50, request, {}, ...payload]);
      }
    }
  },
  async fails(world) {
    const caller = await world.join();
    for (const [i, callee] of (await everyone(world)).entries()) {
      const procedure = `com.x.fails${i}`;
      await callee.register(procedure);
      for (const payload of [[], [[]], [[], {}], [VALUES, { all: VALUES }]]) {
        const request = caller.request(48, {}, procedure);
        const [, invocation] = await callee.receives([68, ANY, ANY, {}]);
        callee.send([8, 68, invocation, {}, 'com.x.error', ...payload]);
        await caller.receives([8, 48, request, {}, 'com.x.error', ...payload]);
      }
    }
  },
};

/** Octets that the usual encoder would not write: they survive only if nobody decodes them. */
const ODD: Readonly<Record<SerializerName, { readonly head: Buffer; readonly payload: Buffer; readonly bad: Buffer }>> =
  {
    json: {
      head: Buffer.from('[16, 1, {}, "com.x", '),
      payload: Buffer.from('[ 1.50, 1e400,\t"\\u0041"]'),
      bad: Buffer.from('[ 1.50, 01]'),
    },
    // [uint64 1, float32 1.5, ext(9)], {"k": str32 "v"}
    msgpack: {
      head: Buffer.from('96100180a5636f6d2e78', 'hex'),
      payload: Buffer.from('93cf0000000000000001ca3fc00000d4092a81a16bdb0000000176', 'hex'),
      bad: Buffer.from('93cf0000000000000001ca3fc00000c181a16bdb0000000176', 'hex'),
    },
    // [_ uint64 1, float32 1.5, 4711(1)], {"k": "v"}
    cbor: {
      head: Buffer.from('861001a065636f6d2e78', 'hex'),
      payload: Buffer.from('9f1b0000000000000001fa3fc00000d9126701ffa1616b6176', 'hex'),
      bad: Buffer.from('9f1b0000000000000001fa3fc00000d9126701a1616b6176', 'hex'),
    },
  };

function odd(world: World, payload: 'payload' | 'bad'): Buffer {
  const { [payload]: octets, head } = ODD[world.link.serializer];
  return Buffer.concat([head, octets, Buffer.from(world.link.serializer === 'json' ? ']' : '')]);
}

export const passthrough: Scenario = {
  name: 'between clients of one serializer payloads pass octet for octet',
  feature: 'basic.payload',
  async passes(world) {
    const [publisher, subscriber] = [await world.join(), await world.join()];
    await subscriber.subscribe('com.x');
    publisher.sendBytes(odd(world, 'payload'));
    publisher.requests++;
    await publisher.receivesNothing();
    const event = await subscriber.nextBytes('EVENT');
    assert.ok(event.includes(ODD[world.link.serializer].payload), event.toString('hex'));
  },
  async fails(world) {
    // What passes unseen must be valid all the same.
    const client = await world.join();
    client.sendBytes(odd(world, 'bad'));
    await client.aborted('wamp.error.protocol_violation');
    assert.equal(world.realm.sessions.size, 0);
  },
};

export const passthru: Scenario = {
  name: 'payload passthru is not announced, so its use breaks the protocol',
  feature: 'basic.payload',
  async passes(world) {
    // The keys mean nothing without the scheme, and unknown ones are ignored.
    const [publisher, subscriber] = [await world.join(), await world.join()];
    const subscription = await subscriber.subscribe('com.x');
    const publication = await publisher.publish('com.x', [1], { ppt_serializer: 'cbor', enc_algo: 'x', _mine: 1 });
    await subscriber.receives([36, subscription, publication, {}, [1]]);
  },
  async fails(world) {
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.register('com.x');
    const options = { ppt_scheme: 'x_custom' };
    for (const message of [
      [16, 1, options, 'com.x', [Buffer.from('x')]],
      [48, 1, options, 'com.x', [Buffer.from('x')]],
    ] as const) {
      const client = await world.join();
      client.send([...message]);
      await client.aborted('wamp.error.protocol_violation');
    }
    const request = caller.request(48, {}, 'com.x');
    await callee.receives([68, 1, ANY, {}]);
    callee.send([70, 1, options, [Buffer.from('x')]]);
    await callee.aborted('wamp.error.protocol_violation');
    await caller.receivesError(48, request, 'wamp.error.canceled');
  },
};
