/** Owns that whatever a client sends is answered as the protocol says, in every state, and that nobody else notices. */

import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import type { SerializerName } from '../../src/wire/serializers/serializer.js';
import { ANY, type Client, MAX_ID, type WampMessage } from '../helpers/client.js';
import { LINKS, type Link } from '../helpers/links.js';
import { inWorld } from '../helpers/scenario.js';
import { guilty, Witness } from '../helpers/witness.js';
import type { World } from '../helpers/world.js';

const VIOLATION = 'wamp.error.protocol_violation';
const HELLO: WampMessage = [1, 'realm1', { roles: { caller: {} } }];

/** What only a router sends (WAMP basic, "Protocol Errors"). */
const ROUTER_ONLY: readonly WampMessage[] = [
  [2, 1, { roles: {} }],
  [4, 'ticket', {}],
  [17, 1, 2],
  [33, 1, 2],
  [35, 1],
  [36, 1, 2, {}],
  [50, 1, {}],
  [65, 1, 2],
  [67, 1],
  [68, 1, 2, {}],
  [69, 1, {}],
];

/** What a client sends in an established session. */
const REQUESTS: readonly WampMessage[] = [
  [16, 1, {}, 'com.x'],
  [32, 1, {}, 'com.x'],
  [34, 1, 1],
  [48, 1, {}, 'com.x'],
  [49, 1, {}],
  [64, 1, {}, 'com.x'],
  [66, 1, 1],
  [70, 1, {}],
];

/** Lists that are no WAMP message, and values that are no list. */
const NO_MESSAGES: readonly unknown[] = [
  [],
  {},
  'x',
  48,
  null,
  true,
  [[]],
  ['48', 1, {}, 'com.x'],
  [48.5, 1, {}, 'com.x'],
  [-48, 1, {}, 'com.x'],
  [null],
  // 7 was HEARTBEAT once; 337 is an extension that this router does not know.
  ...[0, 7, 9, 18, 71, 128, 255, 256, 337, 1023, 1024, 2 ** 31, 2 ** 32, MAX_ID].map(code => [code, 1, {}]),
];

const ILL_TYPED: readonly unknown[] = [
  [48],
  [48, 1],
  [48, 1, {}],
  [48, '1', {}, 'com.x'],
  [48, 0, {}, 'com.x'],
  [48, 1.5, {}, 'com.x'],
  [48, true, {}, 'com.x'],
  [48, 1, [], 'com.x'],
  [48, 1, null, 'com.x'],
  [48, 1, {}, 1],
  [48, 1, {}, 'com.x', {}],
  [48, 1, {}, 'com.x', null],
  [48, 1, {}, 'com.x', [], []],
  [48, 1, {}, 'com.x', [], {}, 1],
  [34, 1, 0],
  [34, 1, 2n ** 53n + 1n],
  [70, 1],
  [8, 68, 1, 'com.x'],
  [6, {}],
  [1, 'realm1'],
];

/** In hexadecimal, but for JSON. */
const UNDECODABLE: Readonly<Record<SerializerName, readonly string[]>> = {
  json: [
    '[48,1,{},"com.x"',
    '[48,1,{},"com.x"]]',
    '[48,1,{},"com.x",]',
    '[48 1]',
    '[16,1,{},"a",[01]]',
    '['.repeat(5000),
  ],
  msgpack: ['940130', '94300180c1', '94300180a5636f6d2e7800', '9430ffffff', 'dd7fffffff30', '91'.repeat(5000)],
  cbor: ['840130', '84183001a065636f6d', '84183001a065636f6d2e7800', '8418309f', '9a7fffffff1830', '81'.repeat(5000)],
};

function undecodable({ kind, serializer }: Link): readonly Buffer[] {
  const own = UNDECODABLE[serializer].map(text => Buffer.from(text, serializer === 'json' ? 'utf8' : 'hex'));
  const any = ['', '00', '7b', '1c', '5b', 'ff', 'c1', '80', 'deadbeef'].map(hex => Buffer.from(hex, 'hex'));
  if (serializer === 'json') any.push(Buffer.from('[16,1,{},"com.x",["\xff"]]', 'latin1'));
  // RFC 6455, 8.1: a text message that is not UTF-8 fails the connection; WAMP does not see it.
  return [...own, ...(kind === 'ws' && serializer === 'json' ? any.filter(isUtf8) : any)];
}

async function challenged(world: World): Promise<Client> {
  const client = await world.dial();
  client.sendHello('realm1', { authid: 'alice', authmethods: ['ticket'] });
  await client.receives([4, 'ticket', {}]);
  return client;
}

/** How to get into each state, and what is answered there but with ABORT: it shows that a message was let pass. */
const STATES = {
  'before HELLO': { enter: (world: World) => world.dial(), fine: HELLO },
  'while a CHALLENGE is pending': { enter: challenged, fine: [5, 'alice-secret', {}] },
  'in an established session': { enter: guilty, fine: [34, 1000, 1000] },
} as const;

const ESTABLISHED = ['in an established session'] as const;

/** Each of `messages` on a connection of its own, in `state`: ABORT, the end, and no trace of the session. */
async function allAbort(
  world: World,
  state: keyof typeof STATES,
  messages: readonly unknown[],
  send: (client: Client, message: unknown) => void = (client, message) => client.send(message as WampMessage),
): Promise<void> {
  const witness = await Witness.join(world);
  const { registrationCount } = world.realm.dealer;
  for (const [i, message] of messages.entries()) {
    const client = await STATES[state].enter(world);
    send(client, message);
    client.send([...STATES[state].fine]);
    await client.aborted(VIOLATION).catch(error => {
      throw new Error(`after ${describe(message)}: ${error.message}`, { cause: error });
    });
    assert.equal(world.realm.sessions.size, 2);
    assert.equal(world.realm.dealer.registrationCount, registrationCount);
    if (i % 4 === 0) await witness.check();
  }
  await witness.check();
}

function describe(message: unknown): string {
  if (Buffer.isBuffer(message)) return message.toString('hex').slice(0, 80);
  return JSON.stringify(message, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).slice(
    0,
    80,
  );
}

const sendRaw = (client: Client, bytes: unknown): void => client.sendBytes(bytes as Buffer);

for (const link of LINKS) {
  // Where ids may come in any order, a wrong id cannot be what a message is refused for.
  const check = (name: string, run: (world: World) => Promise<void>, requestIds: 'strict' | 'lenient' = 'lenient') => {
    test(`${link.name} | ${name}`, () => inWorld(link, { realm: { requestIds } }, run));
  };

  for (const state of ['before HELLO', 'while a CHALLENGE is pending'] as const) {
    check(`${state}: any message but the one that is due is ABORT`, world =>
      allAbort(world, state, [
        ...(state === 'before HELLO' ? [[5, 'secret', {}]] : [HELLO]),
        [6, {}, 'wamp.close.close_realm'],
        [8, 68, 1, {}, 'com.x.error'],
        ...REQUESTS,
        ...ROUTER_ONLY,
      ]),
    );
  }

  check('in an established session: a second HELLO and what only routers send is ABORT', world =>
    allAbort(world, 'in an established session', [
      HELLO,
      [5, 'secret', {}],
      ...ROUTER_ONLY,
      ...[16, 32, 34, 48, 64, 66, 70, 0, 1000].map(type => [8, type, 1, {}, 'com.x.error']),
      // Never issued to this callee, as against answered before.
      [8, 68, 1, {}, 'com.x.error'],
      [70, 1, {}],
      [70, MAX_ID, {}],
    ]),
  );

  check(
    'request ids that repeat or skip are ABORT',
    world =>
      allAbort(
        world,
        'in an established session',
        [1, 3, 1000, MAX_ID].flatMap(id => REQUESTS.filter(m => m[0] !== 49 && m[0] !== 70).map(m => m.with(1, id))),
      ),
    'strict',
  );

  // Decoding knows nothing of the connection, so sockets need not go through all states.
  const states = link.kind === 'memory' ? (Object.keys(STATES) as (keyof typeof STATES)[]) : ESTABLISHED;
  for (const state of states) {
    check(`${state}: what is no message is ABORT`, world => allAbort(world, state, NO_MESSAGES));
    check(`${state}: elements missing, too many or of a wrong type are ABORT`, world =>
      allAbort(world, state, ILL_TYPED),
    );
    check(`${state}: octets that do not decode are ABORT`, world => allAbort(world, state, undecodable(link), sendRaw));
  }

  check('after GOODBYE of the router: anything is ignored until the answer comes', async world => {
    const witness = await Witness.join(world);
    const client = await guilty(world);
    world.realm.sessions.get(client.session)!.goodbye('wamp.close.killed', undefined);
    await client.receives([6, {}, 'wamp.close.killed']);
    for (const message of [HELLO, [5, 'x', {}], ...REQUESTS, ...ROUTER_ONLY]) client.send(message as WampMessage);
    client.send([6, {}, 'wamp.close.goodbye_and_out']);
    await client.ended();
    await assert.rejects(client.next('an answer'), /the connection closed/);
    await witness.check();
  });

  check('one connection, many sessions: each is refused for its own sins only', async world => {
    const witness = await Witness.join(world);
    const client = await world.dial();
    for (let i = 0; i < 5; i++) {
      await client.hello('realm1');
      await client.register('com.guilty');
      await client.refused('wamp.error.invalid_uri', 32, {}, 'com..x');
      await client.leave();
    }
    client.send([6, {}, 'wamp.close.close_realm']);
    await client.aborted(VIOLATION);
    await witness.check();
  });

  check('names that JavaScript gives a meaning are names like any other', world => strangeNames(world, link));
}

async function strangeNames(world: World, link: Link): Promise<void> {
  const witness = await Witness.join(world);
  const [client, subscriber] = [await world.join(), await world.join()];
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const subscription = await subscriber.subscribe(name);
    const kwargs = Object.fromEntries([[name, { acknowledge: true }]]);
    const publication = await client.publish(name, [kwargs], kwargs);
    const event = await subscriber.receives([36, subscription, publication, {}, ANY]);
    if (link.serializer !== 'json') continue;
    assert.match(subscriber.bytes.toString(), new RegExp(`\\[\\{"${name}":\\{"acknowledge":true\\}\\}\\]`));
    assert.equal(event.length, 5);
  }
  // An inherited option would be acknowledged.
  if (link.serializer === 'json') {
    client.requests++;
    client.sendBytes(Buffer.from(`[16,${client.requests},{"__proto__":{"acknowledge":true}},"com.x"]`));
  }
  await client.receivesNothing();
  await client.refused('wamp.error.no_such_procedure', 48, {}, '__proto__');
  const hello = await world.dial();
  hello.sendHello('__proto__');
  await hello.aborted('wamp.error.no_such_realm');
  const roles = await world.dial();
  await roles.hello('realm1', { roles: { callee: { features: null }, caller: null, constructor: 1 } });
  await witness.check();
}
