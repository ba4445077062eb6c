/**
 * Owns the proof that one can bill by the statistics: random traffic over all links, and what on_stats, the Prometheus
 * counters, `/sessionz` and a proxy say of it. WAMPSCOPE_ORACLE_MESSAGES=200000 makes it a large one.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMetrics } from '../e2e/prometheus.js';
import { WireProxy } from '../e2e/proxy.js';
import { Client } from '../helpers/client.js';
import { CODECS } from '../helpers/codecs.js';
import { dialRawSocket } from '../helpers/links.js';
import { startNode } from '../helpers/test-node.js';
import { account, compareWithWire, countersAtLeave, RATED_SIZE, realmCounters, sum, Told } from './accounts.js';
import { Traffic } from './traffic.js';

const MESSAGES = Number(process.env.WAMPSCOPE_ORACLE_MESSAGES ?? 24_000);
const SEED = Number(process.env.WAMPSCOPE_ORACLE_SEED ?? 1);
const LEAST = 20;
const ALL = { call: true, register: true, publish: true, subscribe: true };
const STATS = { rated_message_size: RATED_SIZE, trigger_after_rated_messages: 40, trigger_after_duration: 1 };
const PERMISSIONS = [
  { uri: '', match: 'prefix', allow: ALL },
  { uri: 'wamp.session.kill', match: 'prefix', allow: ALL },
  { uri: 'org.denied.', match: 'prefix', allow: {} },
];

async function read(url: string): Promise<string> {
  const response = await fetch(url);
  return response.text();
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `not within 10 s: ${what}`);
    await sleep(10);
  }
}

test(`on_stats, counters and proxy agree: ${MESSAGES} messages, seed ${SEED}`, {
  timeout: 60_000 + MESSAGES,
}, async t => {
  const { node, port, url, lines, join } = await startNode(t, { stats: STATS, permissions: PERMISSIONS });
  const proxy = await WireProxy.listen(port);
  t.after(() => proxy.close());
  const realm = node.workers[0]!.router.realm('realm1')!;
  const counters = countersAtLeave(realm);
  const auditor = await join('rawsocket', 'cbor');
  const told = await Told.by(auditor);
  const metrics = async () => realmCounters(parseMetrics(await read(`${url}/metrics`)), 'realm1');
  const before = await metrics();
  assert.deepEqual(
    { ...before, rated: 0 },
    { ...account(auditor.sizes), rated: 0 },
    'so far there is the auditor alone',
  );
  const seen = auditor.sizes.length;

  const traffic = new Traffic(SEED, proxy.port);
  const crossed = (): number => proxy.wires.reduce((total, wire) => total + wire.messages.length, 0);
  await traffic.run(() => crossed() >= MESSAGES || t.signal.aborted);
  await until(
    () => realm.sessions.size === 1 && told.left.length === counters.size,
    'everybody but the auditor has left',
  );

  // The auditor's own account is open; /sessionz has it so far. When nothing is under way, both have the same.
  const auditors = async () => {
    const { sessions } = JSON.parse(await read(`${url}/sessionz?realm=realm1`));
    assert.equal(sessions.length, 1);
    const [{ session, received, sent, dropped_events }] = sessions;
    assert.deepEqual([session, dropped_events], [auditor.session, 0]);
    return sum([
      { ...received, rated: received.rated_messages },
      { ...sent, rated: sent.rated_messages },
    ]);
  };
  // Its period goes on meanwhile, and each on_stats of itself is one more message.
  let after = await metrics();
  await until(async () => {
    const own = await auditors();
    after = await metrics();
    return own.messages === auditor.sizes.length && (await auditors()).messages === own.messages;
  }, 'a moment in which nothing is on its way to the auditor');
  assert.deepEqual(await auditors(), account(auditor.sizes));

  const ends = { clean: 0, killed: 0 };
  const accounts = new Map([...counters].map(([session]) => [session, told.check(session)]));
  const wires = new Map(proxy.wires.map(wire => [wire.session, wire]));
  for (const [session, own] of accounts) {
    const counted = counters.get(session)!;
    assert.deepEqual(own, sum([counted.received, counted.sent]), `on_stats and counters of session ${session}`);
    ends[compareWithWire(wires.get(session)!, counted)]++;
    assert.deepEqual(
      new Set(told.cycles.get(session)!.map(of => of.serializer)),
      new Set([wires.get(session)!.serializer]),
    );
  }
  const { bytes, messages } = sum([...accounts.values(), account(auditor.sizes.slice(seen))]);
  assert.deepEqual(
    { bytes: after.bytes - before.bytes, messages: after.messages - before.messages },
    { bytes, messages },
  );

  t.diagnostic(
    JSON.stringify({ sessions: accounts.size, ...ends, cycles: [...told.cycles.values()].flat().length, bytes }),
  );
  assert.ok(ends.clean >= LEAST && ends.killed >= LEAST, JSON.stringify(ends));
  assert.deepEqual(
    lines.filter(line => line.includes('fault') || line.includes('Error')),
    [],
  );
});

test('what cannot be decoded is a message as well: bytes, messages and rated messages count it', async t => {
  const { node, url, join } = await startNode(t, { stats: STATS });
  const realm = node.workers[0]!.router.realm('realm1')!;
  const counters = countersAtLeave(realm);
  const client = await join('ws', 'json');
  client.sendBytes(Buffer.from('[48,"one",{'.padEnd(1000, ' ')));
  await client.aborted('wamp.error.protocol_violation');
  await until(() => realm.sessions.size === 0, 'the end of the session');
  const { received, sent } = counters.get(client.session)!;
  assert.deepEqual(sum([received, sent]), account(client.sizes));
  const { bytes, messages } = account(client.sizes);
  assert.deepEqual(realmCounters(parseMetrics(await read(`${url}/metrics`)), 'realm1'), { bytes, messages });
});

test('a session that could not be welcomed is on nobody’s account', async t => {
  const { node, port, url } = await startNode(t, { stats: STATS });
  // It takes messages of at most 512 octets, and WELCOME is longer.
  const client = new Client('a small one', await dialRawSocket(port, 'json', 0), CODECS.json);
  client.sendHello('realm1');
  await client.aborted('wamp.error.payload_size_exceeded');
  assert.equal(node.workers[0]!.router.realm('realm1')!.sessions.size, 0);
  assert.deepEqual(realmCounters(parseMetrics(await read(`${url}/metrics`)), 'realm1'), { bytes: 0, messages: 0 });
});
