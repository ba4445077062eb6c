/** Owns the behaviour of the session meta API: its procedures. The events are in session-events.ts. */

import assert from 'node:assert/strict';
import type { Dict } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';
import type { World } from '../helpers/world.js';

const BROKER = 'broker.session_meta_api';
const DEALER = 'dealer.session_meta_api';
const INVALID = 'wamp.error.invalid_argument';
const MISSING = 'wamp.error.no_such_session';

export const count: Scenario = {
  name: 'wamp.session.count and list tell the sessions of the realm, of some roles if asked',
  feature: DEALER,
  world: { realms: ['com.example.other'] },
  async passes(world) {
    const [anonymous, alice] = [await world.join(), await world.join({ authid: 'alice' })];
    const carol = await world.join({ authid: 'carol' });
    await world.join({ realm: 'com.example.other' });
    const ids = [anonymous.session, alice.session, carol.session];
    assert.equal(await alice.value('wamp.session.count'), 3);
    assert.deepEqual(await alice.value('wamp.session.list'), ids);
    assert.equal(await alice.value('wamp.session.count', ['user']), 2);
    assert.deepEqual(await alice.value('wamp.session.list', ['guest']), [carol.session]);
    assert.deepEqual(await alice.value('wamp.session.list', ['guest', 'user']), ids);
    assert.equal(await alice.value('wamp.session.count', []), 0);
    assert.equal(await alice.value('wamp.session.count', null), 3);
    await carol.leave();
    assert.equal(await alice.value('wamp.session.count'), 2);
  },
  async fails(world) {
    const client = await world.join();
    for (const filter of ['user', 1, { user: true }]) {
      await client.refused(INVALID, 48, {}, 'wamp.session.count', [filter]);
      await client.refused(INVALID, 48, {}, 'wamp.session.list', [filter]);
    }
  },
};

export const get: Scenario = {
  name: 'wamp.session.get tells who a session is, and no secrets',
  feature: DEALER,
  async passes(world) {
    const [asking, carol] = [await world.join(), await world.join({ authid: 'carol' })];
    const details = (await asking.value('wamp.session.get', carol.session)) as Dict;
    const { transport, ...rest } = details;
    assert.deepEqual(rest, {
      session: carol.session,
      realm: 'realm1',
      authid: 'carol',
      authrole: 'guest',
      authmethod: 'ticket',
      authprovider: 'static',
      serializer: world.link.serializer,
    });
    assert.deepEqual(Object.keys(transport as Dict).sort(), ['peer', 'protocol', 'type']);
    assert.deepEqual((transport as Dict).protocol, protocolOf(world));
    const peer = world.link.kind === 'memory' ? /^memory$/ : /^tcp4:127\.0\.0\.1:\d+$/;
    assert.match((transport as Dict).peer as string, peer);
    assert.doesNotMatch(JSON.stringify(details), /secret/);
  },
  async fails(world) {
    const client = await world.join();
    await client.refused(MISSING, 48, {}, 'wamp.session.get', [client.session === 1 ? 2 : 1]);
    for (const args of [[], [[]], [['x']], [[0]], [[1.5]], [[null]], [[{}]], [[2n ** 63n]], [[[2n ** 63n]]]]) {
      await client.refused(INVALID, 48, {}, 'wamp.session.get', ...args);
    }
    const gone = await world.join();
    const id = gone.session;
    await gone.leave();
    await client.refused(MISSING, 48, {}, 'wamp.session.get', [id]);
  },
};

function protocolOf(world: World): string {
  return `${world.link.kind === 'rawsocket' ? 'rawsocket' : 'wamp.2'}.${world.link.serializer}`;
}

export const kill: Scenario = {
  name: 'wamp.session.kill ends one session, for a role that may by name',
  feature: DEALER,
  async passes(world) {
    const [root, victim] = [await world.join({ authid: 'root' }), await world.join()];
    assert.deepEqual(await root.value('wamp.session.kill', victim.session), null);
    await victim.receives([6, {}, 'wamp.close.killed']);
    assert.equal(await root.value('wamp.session.count'), 1);
    victim.send([6, {}, 'wamp.close.goodbye_and_out']);
    await victim.ended();
    const second = await world.join();
    const options = { reason: 'com.example.maintenance', message: 'come back later' };
    await root.call('wamp.session.kill', [second.session], options);
    await second.receives([6, { message: 'come back later' }, 'com.example.maintenance']);
    const third = await world.join();
    await root.call('wamp.session.kill', [third.session], { message: { toString: 1, valueOf: 1 } });
    await third.receives([6, { message: '{"toString":1,"valueOf":1}' }, 'wamp.close.killed']);
  },
  async fails(world) {
    const [root, user] = [await world.join({ authid: 'root' }), await world.join()];
    // The user's role may do everything, but these powers only count when a permission names them.
    for (const suffix of ['', '_all', '_by_authid', '_by_authrole']) {
      await user.refused('wamp.error.not_authorized', 48, {}, `wamp.session.kill${suffix}`, [root.session]);
    }
    const uri = 'wamp.session.kill';
    await root.refused(MISSING, 48, {}, uri, [root.session]);
    await root.refused(MISSING, 48, {}, uri, [root.session === 1 ? 2 : 1]);
    await root.refused(INVALID, 48, {}, uri, ['x']);
    for (const reason of ['', 'not a uri', 1]) {
      await root.refused('wamp.error.invalid_uri', 48, {}, uri, [user.session], { reason });
    }
    await user.receivesNothing();
  },
};

export const killByAuthid: Scenario = {
  name: 'wamp.session.kill_by_authid ends the sessions of a principal and lists them',
  feature: DEALER,
  async passes(world) {
    const root = await world.join({ authid: 'root' });
    const [first, second] = [await world.join({ authid: 'alice' }), await world.join({ authid: 'alice' })];
    const bob = await world.join({ authid: 'bob' });
    assert.deepEqual(await root.value('wamp.session.kill_by_authid', 'alice'), [first.session, second.session]);
    for (const victim of [first, second]) await victim.receives([6, {}, 'wamp.close.killed']);
    await bob.receivesNothing();
  },
  async fails(world) {
    const root = await world.join({ authid: 'root' });
    // Its own caller is spared.
    assert.deepEqual(await root.value('wamp.session.kill_by_authid', 'root'), []);
    assert.deepEqual(await root.value('wamp.session.kill_by_authid', 'nobody'), []);
    await root.refused(INVALID, 48, {}, 'wamp.session.kill_by_authid', [1]);
    await root.refused(INVALID, 48, {}, 'wamp.session.kill_by_authid');
    await root.refused('wamp.error.invalid_uri', 48, {}, 'wamp.session.kill_by_authid', ['x'], { reason: 'a b' });
  },
};

export const killByRole: Scenario = {
  name: 'wamp.session.kill_by_authrole and kill_all end the others and count them',
  feature: DEALER,
  async passes(world) {
    const root = await world.join({ authid: 'root' });
    const [user, guest] = [await world.join(), await world.join({ authid: 'carol' })];
    assert.equal(await root.value('wamp.session.kill_by_authrole', 'guest'), 1);
    await guest.receives([6, {}, 'wamp.close.killed']);
    await user.receivesNothing();
    const third = await world.join({ authid: 'bob' });
    assert.equal(await root.value('wamp.session.kill_all'), 2);
    for (const victim of [user, third]) await victim.receives([6, {}, 'wamp.close.killed']);
    assert.deepEqual(await root.value('wamp.session.list'), [root.session]);
  },
  async fails(world) {
    const root = await world.join({ authid: 'root' });
    assert.equal(await root.value('wamp.session.kill_by_authrole', 'admin'), 0);
    assert.equal(await root.value('wamp.session.kill_all'), 0);
    await root.refused(INVALID, 48, {}, 'wamp.session.kill_by_authrole', [null]);
    await root.refused('wamp.error.invalid_uri', 48, {}, 'wamp.session.kill_all', [], { reason: 7 });
    await root.receivesNothing();
  },
};

export const disabled: Scenario = {
  name: 'a realm without the meta API has its session events, but none of its procedures',
  feature: BROKER,
  world: { realm: { metaApi: false } },
  async passes(world) {
    const client = await world.join();
    await client.subscribe('wamp.session.', { match: 'prefix' });
    const other = await world.join();
    await client.receivesMeta('wamp.session.on_join');
    await other.leave();
    await client.receivesMeta('wamp.session.on_leave');
  },
  async fails(world) {
    const client = await world.join();
    const missing = 'wamp.error.no_such_procedure';
    for (const uri of ['session.count', 'session.kill_all', 'registration.list', 'subscription.list']) {
      if (uri !== 'session.kill_all') await client.refused(missing, 48, {}, `wamp.${uri}`);
    }
    await client.subscribe('wamp.', { match: 'prefix' });
    await client.register('com.x');
    await client.subscribe('com.x');
    await client.receivesNothing();
  },
};
