/** Owns the behaviour of pattern-based registrations: which one serves a call. */

import assert from 'node:assert/strict';
import { ANY, type Client } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';
import type { World } from '../helpers/world.js';

/** Calls `procedure` and returns the registration that the one callee is asked for. */
async function served(caller: Client, callee: Client, procedure: string, pattern: boolean): Promise<unknown> {
  const request = caller.request(48, {}, procedure, [procedure]);
  const details = pattern ? { procedure } : {};
  const [, invocation, registration] = await callee.receives([68, ANY, ANY, details, [procedure]]);
  callee.send([70, invocation, {}]);
  await caller.receives([50, request, {}]);
  return registration;
}

async function pair(world: World): Promise<[caller: Client, callee: Client]> {
  return [await world.join(), await world.join()];
}

export const prefix: Scenario = {
  name: 'a prefix registration serves every procedure that begins with its characters, and is told which',
  feature: 'dealer.pattern_based_registration',
  async passes(world) {
    const [caller, callee] = await pair(world);
    const registration = await callee.register('com.myapp.myobject1', { match: 'prefix' });
    // The examples of WAMP advanced, "Pattern-based Registrations".
    for (const suffix of ['', '.myprocedure1', '-mysubobject1', '.mysubobject1.myprocedure1', '-mysubobject1.p']) {
      assert.equal(await served(caller, callee, `com.myapp.myobject1${suffix}`, true), registration);
    }
  },
  async fails(world) {
    const [caller, callee] = await pair(world);
    await callee.register('com.myapp.myobject1', { match: 'prefix' });
    for (const uri of ['com.myapp.myobject2', 'com.myapp.myobject', 'com.myapp']) {
      await caller.refused('wamp.error.no_such_procedure', 48, {}, uri);
    }
    await callee.receivesNothing();
  },
};

export const precedence: Scenario = {
  name: 'exact goes before prefix, the longest prefix before shorter ones',
  feature: 'dealer.pattern_based_registration',
  async passes(world) {
    const [caller, callee] = await pair(world);
    const all = await callee.register('', { match: 'prefix' });
    const middle = await callee.register('a1.b2.c3', { match: 'prefix' });
    const exact = await callee.register('a1.b2.c3.d4.e55');
    const long = await callee.register('a1.b2.c3.d4.e5', { match: 'prefix' });
    assert.equal(await served(caller, callee, 'a1.b2.c3.d4.e55', false), exact);
    assert.equal(await served(caller, callee, 'a1.b2.c3.d4.e56', true), long);
    assert.equal(await served(caller, callee, 'a1.b2.c33', true), middle);
    assert.equal(await served(caller, callee, 'other', true), all);
  },
  async fails(world) {
    const [caller, callee] = await pair(world);
    const middle = await callee.register('a1.b2', { match: 'prefix' });
    const exact = await callee.register('a1.b2.c3');
    const long = await callee.register('a1.b2.c', { match: 'prefix' });
    // What is gone gives way to the next best.
    await callee.unregister(exact);
    assert.equal(await served(caller, callee, 'a1.b2.c3', true), long);
    await callee.unregister(long);
    assert.equal(await served(caller, callee, 'a1.b2.c3', true), middle);
    await callee.unregister(middle);
    await caller.refused('wamp.error.no_such_procedure', 48, {}, 'a1.b2.c3');
  },
};

export const separate: Scenario = {
  name: 'the same URI with another match is another registration',
  feature: 'dealer.pattern_based_registration',
  async passes(world) {
    const [caller, callee] = await pair(world);
    const exact = await callee.register('com.x.procedure');
    const other = await caller.register('com.x.procedure', { match: 'prefix' });
    assert.notEqual(other, exact);
    assert.equal(await served(caller, callee, 'com.x.procedure', false), exact);
  },
  async fails(world) {
    const [caller, callee] = await pair(world);
    await callee.register('com.x.', { match: 'prefix' });
    await caller.refused('wamp.error.procedure_already_exists', 64, { match: 'prefix' }, 'com.x.');
    await caller.refused('wamp.error.invalid_argument', 64, { match: 'wildcard' }, 'com..x');
    await caller.refused('wamp.error.invalid_uri', 64, { match: 'prefix' }, 'com..x');
    caller.request(64, { match: true }, 'com.x');
    await caller.aborted('wamp.error.protocol_violation');
  },
};

export const router: Scenario = {
  name: 'no registration of a client serves wamp.',
  feature: 'dealer.pattern_based_registration',
  async passes(world) {
    const [caller, callee] = await pair(world);
    await callee.register('', { match: 'prefix' });
    assert.equal(await caller.value('wamp.session.count'), 2);
    await callee.receivesNothing();
  },
  async fails(world) {
    const [caller, callee] = await pair(world);
    await callee.register('', { match: 'prefix' });
    await callee.register('wam', { match: 'prefix' });
    await caller.refused('wamp.error.no_such_procedure', 48, {}, 'wamp.session.add_testament');
    await callee.receivesNothing();
  },
};
