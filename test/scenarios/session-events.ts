/** Owns the behaviour of the session meta events: on_join and on_leave. */

import assert from 'node:assert/strict';
import { ANY, type Client, type Dict } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';
import type { World } from '../helpers/world.js';

const FEATURE = 'broker.session_meta_api';

/** Subscribes to everything about sessions. */
async function monitor(world: World): Promise<Client> {
  const client = await world.join();
  await client.subscribe('wamp.session.', { match: 'prefix' });
  return client;
}

export const join: Scenario = {
  name: 'wamp.session.on_join tells of a session what wamp.session.get tells',
  feature: FEATURE,
  async passes(world) {
    const watching = await monitor(world);
    const carol = await world.join({ authid: 'carol' });
    const args = await watching.receivesMeta('wamp.session.on_join');
    assert.deepEqual(args, [await watching.value('wamp.session.get', carol.session)]);
    assert.equal((args[0] as Dict).authid, 'carol');
    await watching.receivesNothing();
  },
  async fails(world) {
    const watching = await monitor(world);
    // A session that was refused did not join.
    const client = await world.dial();
    client.sendHello('realm1', { authid: 'ghost', authmethods: ['ticket'] });
    await client.receives([4, 'ticket', {}]);
    client.send([5, 'ghost-secret', {}]);
    await client.aborted('wamp.error.no_such_role');
    await watching.receivesNothing();
    // Nor does anybody hear of itself.
    const second = await monitor(world);
    await watching.receivesMeta('wamp.session.on_join');
    await second.receivesNothing();
  },
};

export const leave: Scenario = {
  name: 'wamp.session.on_leave tells id, authid and authrole, however the session ended',
  feature: FEATURE,
  async passes(world) {
    const watching = await monitor(world);
    for (const how of ['goodbye', 'abort', 'crash', 'kill', 'violation']) {
      const client = await world.join({ authid: 'carol' });
      const { session } = client;
      await watching.receivesMeta('wamp.session.on_join');
      if (how === 'goodbye') await client.leave();
      else if (how === 'abort') client.send([3, {}, 'com.x.enough']);
      else if (how === 'crash') client.wire.destroy();
      else if (how === 'kill') world.realm.sessions.get(session)!.goodbye('wamp.close.killed', undefined);
      else client.send([2, 1, {}]);
      assert.deepEqual(await watching.receivesMeta('wamp.session.on_leave'), [session, 'carol', 'guest']);
      await watching.receivesNothing();
    }
  },
  async fails(world) {
    const watching = await monitor(world);
    const { session } = watching;
    await watching.leave();
    await watching.hello('realm1');
    // The one that left heard nothing, and its next session is another one.
    await watching.receivesNothing();
    assert.notEqual(watching.session, session);
  },
};

export const leaveId: Scenario = {
  name: 'on_leave carries the id alone when the realm says so',
  feature: FEATURE,
  world: { realm: { onLeave: 'id' } },
  async passes(world) {
    const watching = await world.join();
    const subscription = await watching.subscribe('wamp.session.on_leave');
    const client = await world.join({ authid: 'carol' });
    const { session } = client;
    await client.leave();
    await watching.receives([36, subscription, ANY, ANY, [session]]);
  },
  async fails(world) {
    const watching = await world.join();
    await watching.subscribe('wamp.session.on_leave');
    await world.join({ authid: 'carol' });
    await watching.receivesNothing();
  },
};
