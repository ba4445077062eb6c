/** Owns the behaviour of CANCEL and INTERRUPT. */

import { ANY, type Client } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';
import type { World } from '../helpers/world.js';

const FEATURE = 'dealer.call_canceling';
const CANCELED = 'wamp.error.canceled';

/** One open call, with its id at the caller; it is invocation 1. */
async function open(world: World, roles?: Record<string, unknown>): Promise<[Client, Client, number]> {
  const [caller, callee] = [await world.join(), await world.join(roles ? { roles } : {})];
  await callee.register('com.x.slow');
  const request = caller.request(48, {}, 'com.x.slow');
  await callee.receives([68, 1, ANY, {}]);
  return [caller, callee, request];
}

async function late(caller: Client, callee: Client): Promise<void> {
  callee.send([70, 1, { progress: true }, ['late']]);
  callee.send([70, 1, {}, ['late']]);
  callee.send([8, 68, 1, {}, 'com.x.late']);
  await callee.receivesNothing();
  await caller.receivesNothing();
}

export const skip: Scenario = {
  name: 'CANCEL skip ends the call for the caller and tells the callee nothing',
  feature: FEATURE,
  async passes(world) {
    const [caller, callee, request] = await open(world);
    caller.send([49, request, { mode: 'skip' }]);
    await caller.receivesError(48, request, CANCELED);
    await callee.receivesNothing();
    await late(caller, callee);
  },
  async fails(world) {
    const [caller, , request] = await open(world);
    await caller.receivesNothing();
    caller.send([49, request, { mode: 'abandon' }]);
    await caller.receivesError(49, request, 'wamp.error.invalid_argument');
    caller.send([49, request, { mode: 1 }]);
    await caller.aborted('wamp.error.protocol_violation');
  },
};

export const kill: Scenario = {
  name: 'CANCEL kill interrupts the callee, whose answer decides',
  feature: FEATURE,
  async passes(world) {
    const [caller, callee, request] = await open(world);
    caller.send([49, request, { mode: 'kill' }]);
    await callee.receives([69, 1, { mode: 'kill' }]);
    await caller.receivesNothing();
    callee.send([8, 68, 1, {}, CANCELED, ['stopped half way']]);
    await caller.receives([8, 48, request, {}, CANCELED, ['stopped half way']]);
    await late(caller, callee);
  },
  async fails(world) {
    // The result may be on its way already, and then it wins.
    const [caller, callee, request] = await open(world);
    caller.send([49, request, { mode: 'kill' }]);
    // Canceling once more changes nothing.
    caller.send([49, request, { mode: 'kill' }]);
    await callee.receives([69, 1, { mode: 'kill' }]);
    await callee.receivesNothing();
    callee.send([70, 1, {}, ['done']]);
    await caller.receives([50, request, {}, ['done']]);
    await caller.receivesNothing();
    // A caller that no longer wants to wait says so; the callee is not interrupted twice.
    const second = caller.request(48, {}, 'com.x.slow');
    await callee.receives([68, 2, ANY, {}]);
    caller.send([49, second, { mode: 'kill' }]);
    caller.send([49, second, { mode: 'killnowait' }]);
    await callee.receives([69, 2, { mode: 'kill' }]);
    await caller.receivesError(48, second, CANCELED);
    await callee.receivesNothing();
  },
};

export const killnowait: Scenario = {
  name: 'CANCEL killnowait, the default, interrupts the callee and does not wait for it',
  feature: FEATURE,
  async passes(world) {
    for (const options of [{ mode: 'killnowait' }, {}, { mode: null }]) {
      const [caller, callee, request] = await open(world);
      caller.send([49, request, options]);
      await caller.receivesError(48, request, CANCELED);
      await callee.receives([69, 1, { mode: 'killnowait' }]);
      await late(caller, callee);
      await callee.leave();
    }
  },
  async fails(world) {
    const [caller, callee, request] = await open(world);
    const stranger = await world.join();
    // Request ids are the session's own: the same number of another session is another call.
    stranger.requests = 0;
    stranger.send([49, request, {}]);
    await stranger.receivesNothing();
    await callee.receivesNothing();
    callee.send([70, 1, {}]);
    await caller.receives([50, request, {}]);
  },
};

export const unable: Scenario = {
  name: 'for a callee that does not take INTERRUPT every CANCEL is a skip',
  feature: FEATURE,
  async passes(world) {
    for (const mode of ['skip', 'kill', 'killnowait']) {
      const [caller, callee, request] = await open(world, { callee: {} });
      caller.send([49, request, { mode }]);
      await caller.receivesError(48, request, CANCELED);
      await late(caller, callee);
      await callee.leave();
    }
  },
  async fails(world) {
    const [caller, callee, request] = await open(world, { callee: { features: { call_canceling: true } } });
    caller.send([49, request, { mode: 'kill' }]);
    await callee.receives([69, 1, { mode: 'kill' }]);
    await caller.receivesNothing();
    await callee.leave();
    await caller.receivesError(48, request, CANCELED);
  },
};

export const crossed: Scenario = {
  name: 'CANCEL of a call that is unknown or has ended is no fault and gets no answer',
  feature: FEATURE,
  async passes(world) {
    const [caller, callee, request] = await open(world);
    callee.send([70, 1, {}]);
    await caller.receives([50, request, {}]);
    for (const id of [request, request + 1, 2 ** 53]) caller.send([49, id, { mode: 'kill' }]);
    await caller.receivesNothing();
    await callee.receivesNothing();
  },
  async fails(world) {
    const [caller] = await open(world);
    caller.send([49, 0, {}]);
    await caller.aborted('wamp.error.protocol_violation');
  },
};

export const router: Scenario = {
  name: 'a call is free for another CALL once it is canceled',
  feature: FEATURE,
  async passes(world) {
    const [caller, callee, request] = await open(world);
    caller.send([49, request, {}]);
    await caller.receivesError(48, request, CANCELED);
    await callee.receives([69, 1, { mode: 'killnowait' }]);
    const again = caller.request(48, {}, 'com.x.slow');
    await callee.receives([68, 2, ANY, {}]);
    callee.send([70, 1, {}, ['of the first']]);
    callee.send([70, 2, {}, ['of the second']]);
    await caller.receives([50, again, {}, ['of the second']]);
  },
  async fails(world) {
    // The router's own procedures answer before a CANCEL can reach them.
    const caller = await world.join();
    const request = caller.request(48, {}, 'wamp.session.count');
    caller.send([49, request, { mode: 'kill' }]);
    await caller.receives([50, request, {}, [1]]);
    await caller.receivesNothing();
  },
};
