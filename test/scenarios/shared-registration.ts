/** Owns the behaviour of shared registrations: invoke policies single and roundrobin. */

import assert from 'node:assert/strict';
import { ANY, type Client } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';
import type { World } from '../helpers/world.js';

const ROUNDROBIN = { invoke: 'roundrobin' };

async function team(world: World, size: number): Promise<Client[]> {
  const callees: Client[] = [];
  for (let i = 0; i < size; i++) {
    const callee = await world.join();
    await callee.register('com.x.procedure', ROUNDROBIN);
    callees.push(callee);
  }
  return callees;
}

/** Calls once; `callee` must be the one that is asked. */
async function asks(caller: Client, callee: Client): Promise<void> {
  const request = caller.request(48, {}, 'com.x.procedure');
  const [, invocation] = await callee.receives([68, ANY, ANY, {}]);
  callee.send([70, invocation, {}]);
  await caller.receives([50, request, {}]);
}

export const roundrobin: Scenario = {
  name: 'roundrobin asks the callees in the order of their registration, one after another',
  feature: 'dealer.shared_registration',
  async passes(world) {
    const caller = await world.join();
    const callees = await team(world, 3);
    for (let round = 0; round < 3; round++) for (const callee of callees) await asks(caller, callee);
  },
  async fails(world) {
    const caller = await world.join();
    const [a, b, c] = (await team(world, 3)) as [Client, Client, Client];
    await asks(caller, a);
    await a.leave();
    // Who leaves takes nobody's turn.
    await asks(caller, b);
    await asks(caller, c);
    await asks(caller, b);
    await c.leave();
    await asks(caller, b);
    await asks(caller, b);
  },
};

export const one: Scenario = {
  name: 'callees that share a procedure share the registration id and leave it singly',
  feature: 'dealer.shared_registration',
  async passes(world) {
    const [a, b, caller] = [await world.join(), await world.join(), await world.join()];
    const registration = await a.register('com.x.procedure', ROUNDROBIN);
    assert.equal(await b.register('com.x.procedure', ROUNDROBIN), registration);
    await a.unregister(registration);
    await asks(caller, b);
    await b.unregister(registration);
    await caller.refused('wamp.error.no_such_procedure', 48, {}, 'com.x.procedure');
  },
  async fails(world) {
    const [a, b] = (await team(world, 2)) as [Client, Client];
    await a.refused('wamp.error.procedure_already_exists', 64, ROUNDROBIN, 'com.x.procedure');
    await b.leave();
    await b.hello('realm1');
    await b.refused('wamp.error.no_such_registration', 66, 1);
  },
};

export const mismatch: Scenario = {
  name: 'the first callee decides how a procedure is shared',
  feature: 'dealer.shared_registration',
  async passes(world) {
    const [a, b] = [await world.join(), await world.join()];
    await a.unregister(await a.register('com.x.procedure', { invoke: 'single' }));
    // Free again, so another policy may be chosen.
    await b.register('com.x.procedure', ROUNDROBIN);
    await a.register('com.x.procedure', ROUNDROBIN);
    // Shared prefixes, too.
    await a.register('com.y.', { ...ROUNDROBIN, match: 'prefix' });
    await b.register('com.y.', { ...ROUNDROBIN, match: 'prefix' });
  },
  async fails(world) {
    const [a, b] = [await world.join(), await world.join()];
    const taken = 'wamp.error.procedure_already_exists';
    await a.register('com.x.shared', ROUNDROBIN);
    assert.match(await b.refused(taken, 64, {}, 'com.x.shared'), /roundrobin/);
    await b.refused(taken, 64, { invoke: 'single' }, 'com.x.shared');
    await a.register('com.x.single');
    await b.refused(taken, 64, ROUNDROBIN, 'com.x.single');
    await b.refused(taken, 64, { invoke: null }, 'com.x.single');
    // Policies that are not offered are refused, not replaced.
    for (const invoke of ['random', 'first', 'last', 'all']) {
      await b.refused('wamp.error.invalid_argument', 64, { invoke }, 'com.x.other');
    }
    b.request(64, { invoke: 1 }, 'com.x.other');
    await b.aborted('wamp.error.protocol_violation');
  },
};
