/** Owns that thousands of damaged messages, the same in every run, neither stop the router nor reach anybody innocent. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, MAX_ID, type WampMessage } from '../helpers/client.js';
import { CODECS } from '../helpers/codecs.js';
import { LINKS } from '../helpers/links.js';
import { Random } from '../helpers/random.js';
import { inWorld } from '../helpers/scenario.js';
import { Witness } from '../helpers/witness.js';
import type { World } from '../helpers/world.js';

const DICT = { match: 'prefix', acknowledge: true, n: [1, -1.5, null, { a: 'ü' }], timeout: 10, big: 2n ** 60n };

const MESSAGES: readonly WampMessage[] = [
  [
    1,
    'realm1',
    { roles: { callee: { features: { call_canceling: true } } }, authmethods: ['ticket'], authid: 'alice' },
  ],
  [5, 'alice-secret', {}],
  [
    16,
    7,
    { ...DICT, eligible: [1, 2], exclude_authrole: ['guest'] },
    'com.fuzz.topic',
    [1, 'two', Buffer.from('3')],
    DICT,
  ],
  [32, 7, { match: 'prefix' }, 'com.fuzz.'],
  [34, 7, 1],
  [48, 7, { receive_progress: true, timeout: 5000 }, 'com.fuzz.procedure', [DICT], { x: 'y'.repeat(40) }],
  [48, 7, {}, 'wamp.session.get', [1]],
  [48, 7, {}, 'wamp.subscription.lookup', ['com.x', { match: 'exact' }]],
  [49, 7, { mode: 'kill' }],
  [64, 7, { invoke: 'roundrobin' }, 'com.fuzz.procedure'],
  [66, 7, 1],
  [70, 1, { progress: true }, [1], {}],
  [8, 68, 1, {}, 'com.fuzz.error', ['x'], DICT],
  [6, {}, 'wamp.close.close_realm'],
  [3, {}, 'wamp.error.unknown'],
];

/** One to four small damages. */
function damage(random: Random, original: Buffer): Buffer {
  let bytes = Buffer.from(original);
  for (let n = 1 + random.below(4); n > 0; n--) {
    const at = random.below(bytes.length + 1);
    const end = Math.min(bytes.length, at + 1 + random.below(6));
    switch (random.below(6)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = random.below(256);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
        break;
      default:
        bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}

/** What is put in the place of an element of a message, or of something inside it. */
const ODDITIES: readonly unknown[] = [
  ...[
    0,
    1,
    7,
    -1,
    1.5,
    2 ** 31,
    2 ** 32,
    MAX_ID,
    2n ** 63n,
    true,
    false,
    null,
    '',
    'com.x',
    'wamp.x',
    'prefix',
    'exact',
  ],
  ...[
    'kill',
    'skip',
    'roundrobin',
    'single',
    '\0',
    '\0AAA',
    '__proto__',
    'ü'.repeat(300),
    [],
    [1],
    [[]],
    ['x'],
    {},
    { x: 1 },
  ],
  ...[{ match: 'prefix' }, { receive_progress: true }, { progress: true }, { timeout: 1 }, Buffer.alloc(3)],
];

/** A copy with something odd at some depth, or with an element too many or too few. */
function distort(random: Random, value: unknown): unknown {
  if (Array.isArray(value) && random.below(5) > 0) {
    const at = random.below(value.length + 1);
    if (at === value.length) return [...value, random.pick(ODDITIES)];
    return random.below(8) === 0 ? value.toSpliced(at, 1) : value.with(at, distort(random, value[at]));
  }
  if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value) && random.below(4) > 0) {
    const key = random.pick([...Object.keys(value), 'ppt_serializer', 'mode', 'match', '__proto__', '']);
    return Object.fromEntries([
      ...Object.entries(value).filter(([name]) => name !== key),
      [key, distort(random, (value as Record<string, unknown>)[key])],
    ]);
  }
  return random.pick(ODDITIES);
}

/** Reads until the connection ends or the answer to `request` came. */
async function settled(client: Client, request: number): Promise<boolean> {
  for (;;) {
    let message: WampMessage;
    try {
      message = await client.next('an answer');
    } catch (error) {
      if (client.isClosed) return false;
      throw error;
    }
    if (message[0] === 8 && message[1] === 34 && message[2] === request) return true;
  }
}

async function fuzz(world: World, rounds: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const witness = await Witness.join(world);
  const { encode } = CODECS[world.link.serializer];
  const spoilt = (): Buffer => {
    const original = random.pick(MESSAGES);
    if (random.below(2) === 0) return damage(random, encode(original));
    // Its code stays: what a message means is damaged here, not that it is one.
    const [code, ...rest] = original;
    const at = random.below(rest.length);
    return encode([code, ...rest.with(at, distort(random, rest[at]))]);
  };
  let client: Client | undefined;
  let survived = 0;
  for (let i = 0; i < rounds; i++) {
    client ??= await world.join();
    for (let n = random.below(3); n >= 0; n--) client.sendBytes(spoilt());
    const sentinel = MAX_ID - 1 - i;
    client.send([34, sentinel, MAX_ID]);
    if (await settled(client, sentinel)) survived++;
    else client = undefined;
    if (i % 50 === 0) await witness.check();
  }
  await witness.check();
  // Both ways were taken: some damages leave a message, others do not.
  assert.ok(survived > rounds / 50 && survived < rounds, `${survived} of ${rounds} survived`);
}

// More on request, and others: FUZZ=20000 SEED=7 node --test build/test/matrix/fuzz.test.js
const ROUNDS = Number(process.env.FUZZ ?? 1000);
const SEED = Number(process.env.SEED ?? 20260727);

for (const link of LINKS) {
  const rounds = link.kind === 'memory' ? ROUNDS : Math.ceil(ROUNDS / 6);
  test(`${link.name} | ${rounds} times some damaged messages, seed ${SEED}`, () =>
    inWorld(link, { realm: { requestIds: 'lenient' } }, world => fuzz(world, rounds, SEED)));
}
