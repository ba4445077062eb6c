/** Owns the behaviour of wamp.session.on_stats: when it is published, and that its numbers are those of the client. */

import assert from 'node:assert/strict';
import type { Dict } from '../helpers/client.js';
import { START } from '../helpers/fake-time.js';
import type { Scenario } from '../helpers/scenario.js';
import { counted, monitor, next, stats } from '../helpers/stats.js';

const STARTED = BigInt(START) * 1_000_000n;

export const joining: Scenario = {
  name: 'on_stats at joining counts HELLO and WELCOME',
  feature: 'stats',
  world: stats({ triggerOnJoin: true }),
  async passes(world) {
    const watching = await monitor(world);
    world.time.advance(1500);
    const client = await world.join({ authid: 'carol' });
    await watching.receivesMeta('wamp.session.on_join');
    const { who, counts, rest } = await next(watching);
    assert.deepEqual(who, { session: client.session, realm: 'realm1', authid: 'carol', authrole: 'guest' });
    assert.deepEqual(counts, counted(client));
    assert.deepEqual(rest, {
      cycle: 1,
      serializer: world.link.serializer,
      timestamp: STARTED + 1_500_000_000n,
      duration: 0,
      first: true,
      last: false,
    });
    await client.leave();
    await watching.receivesMeta('wamp.session.on_leave');
    await watching.receivesNothing();
  },
  async fails(world) {
    // Integer nanoseconds have 19 digits, more than a number of JavaScript keeps apart.
    const watching = await monitor(world);
    await world.join({ serializer: 'json' });
    const reader = await world.join({ serializer: 'json' });
    await reader.subscribe('wamp.session.on_stats');
    await world.join();
    await reader.next('on_stats');
    assert.match(reader.bytes.toString(), /"timestamp":1753006400000000000[,}]/);
    assert.equal((await watching.receivesMeta('wamp.session.on_join')).length, 1);
  },
};

export const leaving: Scenario = {
  name: 'on_stats at leaving counts to the GOODBYE, and comes before on_leave',
  feature: 'stats',
  world: stats({ triggerOnLeave: true, ratedMessageSize: 128 }),
  async passes(world) {
    const watching = await monitor(world);
    for (const [i, how] of ['goodbye', 'crash', 'kill'].entries()) {
      const client = await world.join();
      await watching.receivesMeta('wamp.session.on_join');
      await client.register('com.x.echo');
      await client.publish('com.x', ['x'.repeat(1000 * i)]);
      client.request(16, {}, 'com.y', [Buffer.alloc(300)]);
      await client.receivesNothing();
      world.time.advance(250);
      const { session } = client;
      if (how === 'goodbye') await client.leave();
      else if (how === 'crash') client.wire.destroy();
      else {
        world.realm.sessions.get(session)!.goodbye('wamp.close.killed', undefined);
        await client.receives([6, {}, 'wamp.close.killed']);
      }
      const { who, counts, rest } = await next(watching);
      assert.equal(who.session, session);
      assert.deepEqual(counts, counted(client, 0, 128));
      const { cycle, duration, first, last } = rest;
      assert.deepEqual([cycle, duration, first, last], [1, 250_000_000, true, true]);
      assert.equal((await watching.receivesMeta('wamp.session.on_leave'))[0], session);
    }
  },
  async fails(world) {
    const watching = await monitor(world);
    await world.join();
    await watching.receivesMeta('wamp.session.on_join');
    world.time.advance(1e6);
    await watching.receivesNothing();
  },
};

export const duration: Scenario = {
  name: 'on_stats comes once a period, each with the counts since the one before',
  feature: 'stats',
  world: stats({ triggerAfterDuration: 10, triggerOnLeave: true }),
  async passes(world) {
    const watching = await world.join({ authid: 'root' });
    world.time.advance(4000);
    const client = await world.join();
    await watching.subscribe('wamp.session.', { match: 'prefix' });
    let from = 0;
    for (let cycle = 1; cycle <= 3; cycle++) {
      for (let i = 0; i < cycle; i++) await client.publish('com.x', ['x'.repeat(600 * i)]);
      // The monitor's own statistics come in the same rhythm, four seconds earlier.
      world.time.advance(6000);
      assert.equal((await next(watching)).who.session, watching.session);
      world.time.advance(3999);
      await watching.receivesNothing();
      world.time.advance(1);
      const { who, counts, rest } = await next(watching);
      assert.equal(who.session, client.session);
      assert.deepEqual(counts, counted(client, from));
      from = client.sizes.length;
      const timestamp = STARTED + BigInt(4000 + (cycle - 1) * 10_000) * 1_000_000n;
      assert.deepEqual(rest, {
        cycle,
        serializer: world.link.serializer,
        timestamp,
        duration: 10_000_000_000,
        first: cycle === 1,
        last: false,
      });
    }
  },
  async fails(world) {
    const watching = await monitor(world);
    const client = await world.join();
    await watching.receivesMeta('wamp.session.on_join');
    world.time.advance(9999);
    await watching.receivesNothing();
    await client.leave();
    // The last one tells what the period would have told later.
    const { rest } = await next(watching);
    assert.deepEqual([rest.cycle, rest.first, rest.last], [1, true, true]);
    await watching.receivesMeta('wamp.session.on_leave');
  },
};

export const rated: Scenario = {
  name: 'on_stats comes after so many rated messages of either direction',
  feature: 'stats',
  world: stats({ triggerAfterRatedMessages: 20, ratedMessageSize: 1024 }),
  async passes(world) {
    const watching = await monitor(world);
    const client = await world.join();
    await watching.receivesMeta('wamp.session.on_join');
    let from = 0;
    for (let cycle = 1; cycle <= 3; cycle++) {
      // One message of 18 KB is 18 rated ones and a bit.
      client.request(16, {}, 'com.x', ['x'.repeat(18 * 1024)]);
      await client.receivesNothing();
      world.time.advance(0);
      const { counts, rest } = await next(watching);
      assert.deepEqual(counts, counted(client, from, 1024));
      assert.deepEqual([rest.cycle, rest.first, rest.last], [cycle, cycle === 1, false]);
      from = client.sizes.length;
    }
  },
  async fails(world) {
    const watching = await monitor(world);
    const client = await world.join();
    await watching.receivesMeta('wamp.session.on_join');
    // Four rated messages each, and HELLO, WELCOME, UNSUBSCRIBE, ERROR: not yet twenty.
    for (let i = 0; i < 3; i++) client.request(16, {}, 'com.x', ['x'.repeat(3500)]);
    await client.receivesNothing();
    world.time.advance(0);
    await watching.receivesNothing();
  },
};

export const monitors: Scenario = {
  name: 'statistics do not count towards the next statistics, or monitors would set each other off for ever',
  feature: 'stats',
  world: stats({ triggerAfterRatedMessages: 1 }),
  async passes(world) {
    const watching = await monitor(world);
    await monitor(world);
    await watching.receivesMeta('wamp.session.on_join');
    for (let quiet = false, rounds = 0; !quiet; rounds++) {
      assert.ok(rounds < 20, 'it does not end');
      world.time.advance(0);
      quiet = world.time.open === 0;
    }
    const before = world.realm.counts.sent[36]!;
    world.time.advance(1000);
    assert.equal(world.realm.counts.sent[36], before);
    assert.equal((await watching.receivesMeta('wamp.session.on_stats')).length, 2);
  },
  async fails(world) {
    // They do count as traffic: a session's bytes are all its bytes.
    const watching = await world.join({ authid: 'root' });
    await watching.subscribe('wamp.session.on_stats');
    world.time.advance(0);
    await watching.next('on_stats');
    const seen = watching.sizes.length;
    await watching.receivesNothing();
    world.time.advance(0);
    const [who, all] = (await watching.next('on_stats'))[4] as [Dict, Dict];
    assert.equal(who.session, watching.session);
    assert.equal(all.messages, 3);
    assert.ok(watching.sizes.length > seen);
  },
};
