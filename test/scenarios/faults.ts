/** Owns the behaviour that a fault of the router's own code ends one request or one session, and tells no internals. */

import assert from 'node:assert/strict';
import type { Member } from '../../src/realm/member.js';
import type { Realm } from '../../src/realm/realm.js';
import { WampError } from '../../src/wire/errors.js';
import type { Scenario } from '../helpers/scenario.js';

export const procedure: Scenario = {
  name: 'a procedure of the router that throws is an ERROR for its caller and a fault for the operator',
  feature: 'basic.faults',
  async passes(world) {
    const client = await world.join();
    world.realm.local('test').register('com.x.internal', () => {
      throw new WampError('com.x.error.busy', 'the printer is on fire');
    });
    assert.equal(await client.refused('com.x.error.busy', 48, {}, 'com.x.internal'), 'the printer is on fire');
    world.realm.dealer.leave(localMember(world.realm));
  },
  async fails(world) {
    const client = await world.join();
    world.realm.local('test').register('com.x.internal', () => {
      throw new Error('password is hunter2');
    });
    const text = await client.refused('wamp.error.runtime_error', 48, {}, 'com.x.internal');
    assert.doesNotMatch(text, /hunter2/);
    assert.deepEqual(world.faults.splice(0), ['com.x.internal: password is hunter2']);
    await client.receivesNothing();
    world.realm.dealer.leave(localMember(world.realm));
  },
};

/** The session that `local` made registered last; nothing else ends it. */
function localMember(realm: Realm): Member {
  return realm.dealer.registrations.best('com.x.internal')!.callees[0]!;
}

export const session: Scenario = {
  name: 'a message that the router fails to handle ends its session and no other',
  feature: 'basic.faults',
  async passes(world) {
    const [unlucky, innocent] = [await world.join(), await world.join()];
    await unlucky.register('com.x.procedure');
    world.time.fault = new Error('battery is empty');
    unlucky.request(32, {}, 'com.x.topic');
    const text = await unlucky.aborted('wamp.error.runtime_error');
    world.time.fault = undefined;
    assert.doesNotMatch(text, /battery/);
    assert.deepEqual(world.faults.splice(0), ['a message could not be handled: battery is empty']);
    await innocent.refused('wamp.error.no_such_procedure', 48, {}, 'com.x.procedure');
    await innocent.subscribe('com.x.topic');
  },
  async fails(world) {
    // What a client does wrong is no fault of the router.
    const client = await world.join();
    client.send([999]);
    await client.aborted('wamp.error.protocol_violation');
    assert.deepEqual(world.faults, []);
  },
};
