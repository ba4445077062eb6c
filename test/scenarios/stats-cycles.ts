/** Owns the behaviour of the cycles of wamp.session.on_stats: where one ends and the next begins, and for whom there are any. */

import assert from 'node:assert/strict';
import { Encoder } from 'cbor-x';
import { pack } from 'msgpackr';
import { type Dict, MAX_ID } from '../helpers/client.js';
import { START } from '../helpers/fake-time.js';
import type { Scenario } from '../helpers/scenario.js';
import { counted, monitor, next, nextOf, stats } from '../helpers/stats.js';

const NOTHING = { bytes: 0, messages: 0, rated_messages: 0 };

export const idle: Scenario = {
  name: 'on_stats comes for a session that does nothing at all',
  feature: 'stats',
  world: stats({ triggerAfterDuration: 60 }),
  async passes(world) {
    const watching = await monitor(world);
    const client = await world.join();
    world.time.advance(60_000);
    assert.deepEqual((await nextOf(watching, client.session)).counts, counted(client));
    for (let cycle = 2; cycle < 5; cycle++) {
      world.time.advance(60_000);
      const { counts, rest } = await nextOf(watching, client.session);
      assert.deepEqual(counts, NOTHING);
      assert.equal(rest.cycle, cycle);
    }
  },
  async fails(world) {
    // Not for one that has left meanwhile.
    const watching = await monitor(world);
    const client = await world.join();
    await watching.receivesMeta('wamp.session.on_join');
    await client.leave();
    await watching.receivesMeta('wamp.session.on_leave');
    world.time.advance(60_000);
    assert.equal((await next(watching)).who.session, watching.session);
    await watching.receivesNothing();
  },
};

export const whicheverFirst: Scenario = {
  name: 'on_stats comes at the threshold or after the period, whichever is first, and both begin anew',
  feature: 'stats',
  world: stats({ triggerAfterDuration: 10, triggerAfterRatedMessages: 20, ratedMessageSize: 1024 }),
  async passes(world) {
    const watching = await monitor(world);
    const client = await world.join();
    world.time.advance(4000);
    client.request(16, {}, 'com.x', ['x'.repeat(20 * 1024)]);
    await client.receivesNothing();
    world.time.advance(0);
    const first = await nextOf(watching, client.session);
    assert.equal(first.rest.duration, 4_000_000_000);
    const from = client.sizes.length;
    client.request(16, {}, 'com.x', ['x'.repeat(5 * 1024)]);
    await client.receivesNothing();
    world.time.advance(10_000);
    const second = await nextOf(watching, client.session);
    assert.equal(second.rest.duration, 10_000_000_000);
    assert.deepEqual(second.counts, counted(client, from, 1024));
  },
  async fails(world) {
    const watching = await monitor(world);
    const client = await world.join();
    await watching.receivesMeta('wamp.session.on_join');
    // The period is over before its timer runs, and in the same moment the threshold is reached: one event, not two.
    world.time.now += 10_000;
    client.request(16, {}, 'com.x', ['x'.repeat(20 * 1024)]);
    await client.receivesNothing();
    world.time.advance(1);
    const of = [(await next(watching)).who.session, (await next(watching)).who.session];
    assert.deepEqual(of.sort(), [watching.session, client.session].sort());
    await watching.receivesNothing();
  },
};

export const handshake: Scenario = {
  name: 'on_stats comes also when the handshake alone reaches the threshold',
  feature: 'stats',
  world: stats({ triggerAfterRatedMessages: 2 }),
  async passes(world) {
    const watching = await monitor(world);
    const client = await world.join();
    world.time.advance(0);
    const { counts, rest } = await nextOf(watching, client.session);
    assert.deepEqual(counts, counted(client));
    assert.deepEqual([rest.cycle, rest.first, rest.last], [1, true, false]);
  },
  async fails(world) {
    const watching = await monitor(world);
    world.time.advance(0);
    await watching.receivesMeta('wamp.session.on_stats');
    await world.join();
    await watching.receivesMeta('wamp.session.on_join');
    // Not inside the handling of its HELLO.
    await watching.receivesNothing();
  },
};

/** An unsigned integer of 64 bits after its key, as each serializer writes it. */
function octetsOf(serializer: string, key: string, value: bigint): Buffer {
  const eight = Buffer.alloc(8);
  eight.writeBigUInt64BE(value);
  if (serializer === 'json') return Buffer.from(`"${key}":${value},`);
  const name = serializer === 'msgpack' ? pack(key) : new Encoder().encode(key);
  return Buffer.concat([name, Buffer.from([serializer === 'msgpack' ? 0xcf : 0x1b]), eight]);
}

export const nanoseconds: Scenario = {
  name: 'timestamp is an integer of 19 digits on the wire, and a cycle begins where the one before it ended',
  feature: 'stats',
  world: stats({ triggerOnJoin: true, triggerAfterDuration: 7, triggerOnLeave: true }),
  async passes(world) {
    const watching = await world.join();
    await watching.subscribe('wamp.session.on_stats');
    const nextOf = async (session: number): Promise<Dict> => {
      for (;;) {
        const [who, all] = (await watching.next('on_stats'))[4] as [Dict, Dict];
        if (who.session === session) return all;
      }
    };
    // A clock that runs in steps of a quarter of a microsecond, as the real one does.
    world.time.now += 0.123_291_015_625;
    const client = await world.join();
    const first = await nextOf(client.session);
    const timestamp = BigInt(START) * 1_000_000n + 123_291n;
    assert.equal(first.timestamp, timestamp);
    assert.equal(String(timestamp).length, 19);
    const octets = octetsOf(world.link.serializer, 'timestamp', timestamp);
    assert.ok(watching.bytes.includes(octets), watching.bytes.toString('hex'));
    let end = timestamp + BigInt(first.duration as number);
    world.time.now += 0.7;
    const { session } = client;
    for (const leaves of [false, false, true]) {
      world.time.advance(leaves ? 1.1 : 7000.3);
      if (leaves) await client.leave();
      const cycle = await nextOf(session);
      assert.equal(cycle.timestamp, end);
      assert.equal(String(cycle.timestamp).length, 19);
      end += BigInt(cycle.duration as number);
    }
  },
  async fails(world) {
    // Nothing of it is text or a float, whatever the serializer.
    const watching = await monitor(world);
    await world.join();
    await watching.receivesMeta('wamp.session.on_join');
    const { rest } = await next(watching);
    assert.deepEqual([typeof rest.timestamp, typeof rest.duration], ['bigint', 'number']);
    assert.ok(Number.isInteger(rest.duration));
  },
};

export const networkOnly: Scenario = {
  name: 'only network sessions have statistics, joins and leaves; those of the router itself have none',
  feature: 'stats',
  world: stats({ triggerOnJoin: true, triggerOnLeave: true, triggerAfterRatedMessages: 1, triggerAfterDuration: 1 }),
  async passes(world) {
    const watching = await monitor(world);
    const asking = await world.join();
    const local = world.realm.local('com.example.service');
    local.publish('com.example.topic', ['x'.repeat(5000)]);
    assert.equal(await asking.value('wamp.session.count'), 2);
    assert.deepEqual(await asking.value('wamp.session.list'), [watching.session, asking.session]);
    world.time.advance(5000);
    // All that the monitor has been told meanwhile.
    const told = new Set<unknown>();
    const last = watching.request(34, MAX_ID);
    for (;;) {
      const message = await watching.next('events, and then an ERROR');
      if (message[0] === 8 && message[2] === last) break;
      told.add(((message[4] as unknown[])[0] as Dict).session);
    }
    assert.deepEqual(told, new Set([asking.session, watching.session]));
  },
  async fails(world) {
    const watching = await monitor(world);
    world.realm.local('com.example.service');
    const client = await world.join();
    // The first thing to be heard of is the client.
    assert.equal(((await watching.receivesMeta('wamp.session.on_join'))[0] as Dict).session, client.session);
  },
};

export const without: Scenario = {
  name: 'a realm without the section has no statistics',
  feature: 'stats',
  world: { realm: { stats: undefined } },
  async passes(world) {
    const watching = await monitor(world);
    const client = await world.join({ authid: 'carol' });
    await watching.receivesMeta('wamp.session.on_join');
    client.request(16, {}, 'com.x', ['x'.repeat(100_000)]);
    await client.receivesNothing();
    world.time.advance(10_000_000);
    const { session } = client;
    await client.leave();
    assert.deepEqual(await watching.receivesMeta('wamp.session.on_leave'), [session, 'carol', 'guest']);
    await watching.receivesNothing();
  },
  async fails(world) {
    await monitor(world);
    await world.join();
    // Nor does it keep any timer.
    assert.equal(world.time.open, 0);
  },
};

export const secondSession: Scenario = {
  name: 'sessions that follow one another on a connection have accounts of their own',
  feature: 'stats',
  world: stats({ triggerOnLeave: true }),
  async passes(world) {
    const watching = await monitor(world);
    const client = await world.dial();
    let from = 0;
    for (const octets of [10, 2000]) {
      await client.hello('realm1');
      const { session } = client;
      await client.publish('com.x', ['x'.repeat(octets)]);
      await client.leave();
      const { counts, rest } = await nextOf(watching, session);
      assert.deepEqual(counts, counted(client, from));
      assert.deepEqual([rest.cycle, rest.first, rest.last], [1, true, true]);
      from = client.sizes.length;
    }
  },
  async fails(world) {
    // What comes after the router's GOODBYE belongs to neither.
    const watching = await monitor(world);
    const client = await world.join();
    const { session } = client;
    world.realm.sessions.get(session)!.goodbye('wamp.close.killed', undefined);
    await client.receives([6, {}, 'wamp.close.killed']);
    const { counts } = await nextOf(watching, session);
    assert.deepEqual(counts, counted(client));
    const before = world.realm.counts.receivedBytes;
    client.send([16, 1, {}, 'com.x', ['x'.repeat(5000)]]);
    client.send([6, {}, 'wamp.close.goodbye_and_out']);
    await client.ended();
    assert.equal(world.realm.counts.receivedBytes, before);
  },
};
