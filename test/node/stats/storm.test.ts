/** Owns the promise that statistics settle: those who are metered and watch each other do not set each other off. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Dict } from '../../helpers/client.js';
import { LINKS, linkNamed } from '../../helpers/links.js';
import { stats } from '../../helpers/stats.js';
import { startNode } from '../../helpers/test-node.js';
import { World } from '../../helpers/world.js';

const MONITORS = 20;
const ON_STATS = 'wamp.session.on_stats';

interface Cycle {
  readonly session: number;
  readonly duration: number;
  readonly messages: number;
  readonly rated: number;
}

/** All on_stats that come to a client from now on. */
function watch(client: Client): Cycle[] {
  const cycles: Cycle[] = [];
  client.wire.onMessage = bytes => {
    const [code, , , details, args] = client.codec.decode(bytes) as [number, number, number, Dict, Dict[]];
    if (code !== 36 || (details.topic ?? ON_STATS) !== ON_STATS) return;
    const [who, all] = args as [Dict, Dict];
    const { duration, messages, rated_messages } = all;
    cycles.push({
      session: who.session as number,
      duration: Number(duration),
      messages: messages as number,
      rated: rated_messages as number,
    });
  };
  return cycles;
}

const TRIGGERS = {
  rated_message_size: 256,
  trigger_after_rated_messages: 1,
  trigger_on_join: true,
  trigger_on_leave: true,
};

/** Twenty clients over all links; each is metered and hears of all. */
async function monitors(node: Awaited<ReturnType<typeof startNode>>): Promise<{ clients: Client[]; told: Cycle[][] }> {
  const links = LINKS.filter(link => link.kind !== 'memory');
  const clients: Client[] = [];
  const told: Cycle[][] = [];
  for (let i = 0; i < MONITORS; i++) {
    const { kind, serializer } = links[i % links.length]!;
    const client = await node.join(kind as 'ws' | 'rawsocket', serializer);
    // The newcomer hears of the earlier ones in between, so answers are not awaited.
    client.request(32, { match: 'prefix' }, 'wamp.session.');
    clients.push(client);
    told.push(watch(client));
  }
  return { clients, told };
}

/** Resolves when nobody has been told anything for a while. */
async function quiet(told: readonly Cycle[][]): Promise<void> {
  const count = (): number => told.reduce((sum, cycles) => sum + cycles.length, 0);
  const deadline = Date.now() + 10_000;
  for (let before = -1; before !== count(); ) {
    assert.ok(Date.now() < deadline, `still told of statistics after 10 s: ${count()}`);
    before = count();
    await sleep(300);
  }
}

test('twenty metered monitors, threshold 1: when nobody does anything, nobody is told anything', {
  timeout: 30_000,
}, async t => {
  const node = await startNode(t, { stats: TRIGGERS });
  const { clients, told } = await monitors(node);
  await quiet(told);
  for (const [i, cycles] of told.entries()) assert.ok(cycles.length > 0, `monitor ${i} was told something`);
  const sent = node.node.workers[0]!.router.realm('realm1')!.counts.sent[36];
  await sleep(500);
  assert.equal(node.node.workers[0]!.router.realm('realm1')!.counts.sent[36], sent);
  // One publication moves one session over its threshold; its statistics move nobody.
  const before = told.map(cycles => cycles.length);
  clients[7]!.send([16, 2, {}, 'com.example.nobody']);
  await quiet(told);
  for (const [i, cycles] of told.entries()) {
    const fresh = cycles.slice(before[i]);
    assert.deepEqual(
      fresh.map(({ session }) => session),
      [clients[7]!.session],
      `monitor ${i}`,
    );
  }
});

test('with a period besides, only the period tells; what it tells is counted', { timeout: 30_000 }, async t => {
  const node = await startNode(t, { stats: { ...TRIGGERS, trigger_after_duration: 1 } });
  const { clients, told } = await monitors(node);
  // By then all have settled: every cycle is a whole period of an idle session.
  await sleep(2500);
  const before = told.map(cycles => cycles.length);
  await sleep(2200);
  for (const [i, cycles] of told.entries()) {
    const fresh = cycles.slice(before[i]);
    for (const { session } of clients) {
      const own = fresh.filter(cycle => cycle.session === session);
      assert.ok(own.length >= 1 && own.length <= 3, `monitor ${i} was told ${own.length} times of one session`);
      for (const { duration, messages, rated } of own) {
        assert.ok(duration >= 1e9, `a cycle of ${duration} ns: something else than the period`);
        // On_stats of all, itself included, are its traffic.
        assert.ok(messages >= MONITORS * 0.9 && rated >= messages, `${messages} messages, ${rated} rated`);
      }
    }
  }
});

test('an idle session has its statistics published by a real timer', { timeout: 10_000 }, async t => {
  const node = await startNode(t, { stats: { trigger_after_duration: 1, trigger_on_join: false } });
  const [watching, idle] = [await node.join(), await node.join('ws', 'cbor')];
  watching.request(32, {}, ON_STATS);
  const told: Cycle[] = [];
  await new Promise<void>(resolve => {
    watching.wire.onMessage = bytes => {
      const [code, , , , args] = watching.codec.decode(bytes) as [number, number, number, Dict, Dict[]];
      const [who, all] = (args ?? [{}, {}]) as [Dict, Dict];
      if (code !== 36 || who.session !== idle.session) return;
      told.push({ ...(all as unknown as Cycle), session: idle.session });
      assert.match(bytes.toString(), /"timestamp":\d{19},"duration":\d{10},/);
      if (told.length === 2) resolve();
    };
  });
  assert.deepEqual(
    told.map(({ messages }) => messages),
    [2, 0],
  );
  for (const { duration } of told) assert.ok(duration >= 1e9 && duration < 1.5e9, `${duration} ns`);
});

test('hundreds of sessions that are due together are published over several turns, each once', async () => {
  const world = await World.open(linkNamed('memory+json'), stats({ triggerAfterDuration: 5 }));
  try {
    const watching = await world.join();
    world.time.advance(1000);
    const sessions: number[] = [];
    for (let i = 0; i < 250; i++) sessions.push((await world.join()).session);
    await watching.subscribe(ON_STATS);
    // The monitor's own comes earlier.
    world.time.advance(4000);
    await watching.next('its own on_stats');
    const told = watch(watching);
    let turns = 0;
    const after = world.time.after.bind(world.time);
    world.time.after = (milliseconds, run) => {
      turns++;
      return after(milliseconds, run);
    };
    world.time.advance(1000);
    await world.until(() => told.length === sessions.length, 'on_stats of all');
    assert.deepEqual(
      told.map(({ session }) => session),
      sessions,
    );
    assert.ok(told.every(({ duration }) => duration === 5e9));
    assert.ok(turns >= 3, `${turns} turns`);
  } finally {
    await world.abandon();
  }
});
