/** Owns the behaviour of the basic dealer: REGISTER, UNREGISTER, CALL, INVOCATION, YIELD, RESULT, ERROR. */

import assert from 'node:assert/strict';
import { ANY, type Client } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';

/** The forms a payload can have: absent and empty are different, and stay so. */
const PAYLOADS: readonly unknown[][] = [
  [],
  [[]],
  [[], {}],
  [[1, 'two', null]],
  [[], { a: 1 }],
  [[true], { a: { b: [] } }],
];

export const call: Scenario = {
  name: 'a call reaches the callee and its result the caller, payloads as they came',
  feature: 'basic.rpc',
  async passes(world) {
    const [caller, callee] = [await world.join(), await world.join()];
    const registration = await callee.register('com.x.echo');
    for (const payload of PAYLOADS) {
      const request = caller.request(48, {}, 'com.x.echo', ...payload);
      const [, invocation] = await callee.receives([68, ANY, registration, {}, ...payload]);
      callee.send([70, invocation, {}, ...payload]);
      await caller.receives([50, request, {}, ...payload]);
    }
  },
  async fails(world) {
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.register('com.x.echo');
    for (const uri of ['com.x.ech', 'com.x', 'com.x.echo.more']) {
      await caller.refused('wamp.error.no_such_procedure', 48, {}, uri);
    }
    await callee.receivesNothing();
  },
};

export const error: Scenario = {
  name: 'an error of the callee reaches the caller with its URI and payload',
  feature: 'basic.rpc',
  async passes(world) {
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.register('com.x.fails');
    for (const payload of PAYLOADS) {
      const request = caller.request(48, {}, 'com.x.fails');
      const [, invocation] = await callee.receives([68, ANY, ANY, {}]);
      callee.send([8, 68, invocation, { secret: 1 }, 'com.x.error.broken', ...payload]);
      // Details are the peer's own, hop by hop.
      await caller.receives([8, 48, request, {}, 'com.x.error.broken', ...payload]);
    }
  },
  async fails(world) {
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.register('com.x.fails');
    caller.request(48, {}, 'com.x.fails');
    await callee.receives([68, 1, ANY, {}]);
    // A client answers invocations, nothing else.
    callee.send([8, 48, 1, {}, 'com.x.error.broken']);
    await callee.aborted('wamp.error.protocol_violation');
    await caller.receivesError(48, 1, 'wamp.error.canceled');
  },
};

export const register: Scenario = {
  name: 'a procedure has one registration, until it is unregistered',
  feature: 'basic.rpc',
  async passes(world) {
    const [first, second, caller] = [await world.join(), await world.join(), await world.join()];
    const registration = await first.register('com.x.procedure');
    await first.unregister(registration);
    await caller.refused('wamp.error.no_such_procedure', 48, {}, 'com.x.procedure');
    assert.notEqual(await second.register('com.x.procedure'), registration);
    caller.request(48, {}, 'com.x.procedure');
    await second.receives([68, 1, ANY, {}]);
    await first.receivesNothing();
    second.send([70, 1, {}]);
    await caller.next('RESULT');
  },
  async fails(world) {
    const [first, second] = [await world.join(), await world.join()];
    const registration = await first.register('com.x.procedure');
    await second.refused('wamp.error.procedure_already_exists', 64, {}, 'com.x.procedure');
    await first.refused('wamp.error.procedure_already_exists', 64, {}, 'com.x.procedure');
    await second.refused('wamp.error.no_such_registration', 66, registration);
    await first.unregister(registration);
    await first.refused('wamp.error.no_such_registration', 66, registration);
    await first.refused('wamp.error.no_such_registration', 66, 123456789);
  },
};

export const unregisterWhileCalled: Scenario = {
  name: 'unregistering ends no call that is under way',
  feature: 'basic.rpc',
  async passes(world) {
    const [caller, callee] = [await world.join(), await world.join()];
    const registration = await callee.register('com.x.procedure');
    const request = caller.request(48, {}, 'com.x.procedure');
    await callee.receives([68, 1, registration, {}]);
    await callee.unregister(registration);
    callee.send([70, 1, {}, ['still']]);
    await caller.receives([50, request, {}, ['still']]);
  },
  async fails(world) {
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.unregister(await callee.register('com.x.procedure'));
    await caller.refused('wamp.error.no_such_procedure', 48, {}, 'com.x.procedure');
    await callee.receivesNothing();
  },
};

export const ownCall: Scenario = {
  name: 'a session may call its own procedure',
  feature: 'basic.rpc',
  async passes(world) {
    const client = await world.join();
    const registration = await client.register('com.x.procedure');
    const request = client.request(48, {}, 'com.x.procedure', ['me']);
    await client.receives([68, 1, registration, {}, ['me']]);
    client.send([70, 1, {}, ['you']]);
    await client.receives([50, request, {}, ['you']]);
  },
  async fails(world) {
    // Leaving with such a call open ends it without a message to anybody.
    const [client, other] = [await world.join(), await world.join()];
    await client.register('com.x.procedure');
    client.request(48, { timeout: 1000 }, 'com.x.procedure');
    await client.receives([68, 1, ANY, {}]);
    await client.leave();
    await client.hello('realm1');
    await client.receivesNothing();
    await other.receivesNothing();
  },
};

async function callee(client: Client, uri: string): Promise<void> {
  await client.register(uri);
}

export const lateAnswers: Scenario = {
  name: 'an answer that comes after the call has ended is dropped; one to no call at all breaks the protocol',
  feature: 'basic.rpc',
  async passes(world) {
    const [caller, answering] = [await world.join(), await world.join()];
    await callee(answering, 'com.x.procedure');
    caller.request(48, {}, 'com.x.procedure');
    await answering.receives([68, 1, ANY, {}]);
    answering.send([70, 1, {}]);
    await caller.next('RESULT');
    answering.send([70, 1, {}]);
    answering.send([8, 68, 1, {}, 'com.x.error']);
    answering.send([70, 1, { progress: true }]);
    await answering.receivesNothing();
    await caller.receivesNothing();
  },
  async fails(world) {
    for (const answer of [[70, 1, {}] as const, [8, 68, 1, {}, 'com.x.error'] as const]) {
      const client = await world.join();
      await callee(client, 'com.x.procedure');
      client.send([...answer]);
      assert.match(await client.aborted('wamp.error.protocol_violation'), /never sent/);
    }
  },
};

export const calleeLeaves: Scenario = {
  name: 'when the callee leaves, its callers hear that their calls are canceled',
  feature: 'basic.rpc',
  async passes(world) {
    const caller = await world.join();
    for (const leave of ['goodbye', 'abort', 'crash'] as const) {
      const leaving = await world.join();
      await callee(leaving, 'com.x.procedure');
      const requests = [1, 2].map(() => caller.request(48, {}, 'com.x.procedure'));
      await leaving.receives([68, 1, ANY, {}]);
      await leaving.receives([68, 2, ANY, {}]);
      if (leave === 'goodbye') await leaving.leave();
      else if (leave === 'abort') leaving.send([3, {}, 'com.x.enough']);
      else leaving.wire.destroy();
      for (const request of requests) await caller.receivesError(48, request, 'wamp.error.canceled');
      await caller.refused('wamp.error.no_such_procedure', 48, {}, 'com.x.procedure');
    }
  },
  async fails(world) {
    // Another callee's calls go on.
    const [caller, staying, leaving] = [await world.join(), await world.join(), await world.join()];
    await callee(staying, 'com.x.stays');
    await callee(leaving, 'com.x.leaves');
    const stays = caller.request(48, {}, 'com.x.stays');
    const leaves = caller.request(48, {}, 'com.x.leaves');
    await staying.receives([68, 1, ANY, {}]);
    await leaving.receives([68, 1, ANY, {}]);
    await leaving.leave();
    await caller.receivesError(48, leaves, 'wamp.error.canceled');
    staying.send([70, 1, {}]);
    await caller.receives([50, stays, {}]);
  },
};

export const callerLeaves: Scenario = {
  name: 'when the caller leaves, a callee that takes INTERRUPT gets one, and its answer goes nowhere',
  feature: 'basic.rpc',
  async passes(world) {
    const callee = await world.join();
    await callee.register('com.x.procedure');
    for (const [i, leave] of ['goodbye', 'crash'].entries()) {
      const caller = await world.join();
      caller.request(48, {}, 'com.x.procedure');
      await callee.receives([68, i + 1, ANY, {}]);
      if (leave === 'goodbye') await caller.leave();
      else caller.wire.destroy();
      await callee.receives([69, i + 1, { mode: 'killnowait' }]);
      callee.send([8, 68, i + 1, {}, 'wamp.error.canceled']);
      await callee.receivesNothing();
    }
  },
  async fails(world) {
    const callee = await world.join({ roles: { callee: { features: { progressive_call_results: true } } } });
    await callee.register('com.x.procedure');
    const caller = await world.join();
    caller.request(48, {}, 'com.x.procedure');
    await callee.receives([68, 1, ANY, {}]);
    await caller.leave();
    await callee.receivesNothing();
    callee.send([70, 1, {}]);
    await callee.receivesNothing();
    // The connection of the caller has another session now, which must not get the old result.
    await caller.hello('realm1');
    await caller.receivesNothing();
  },
};
