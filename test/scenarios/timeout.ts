/** Owns the behaviour of call timeouts, on a clock that the test turns. */

import assert from 'node:assert/strict';
import { ANY, type Client, type Dict } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';
import type { World } from '../helpers/world.js';

const FEATURE = 'dealer.call_timeout';
const TIMEOUT = 'wamp.error.timeout';

async function open(world: World, options: Dict, roles?: Dict): Promise<[Client, Client, number]> {
  const [caller, callee] = [await world.join(), await world.join(roles ? { roles } : {})];
  await callee.register('com.x.slow');
  const request = caller.request(48, options, 'com.x.slow');
  await callee.receives([68, 1, ANY, options.receive_progress ? { receive_progress: true } : {}]);
  return [caller, callee, request];
}

export const fires: Scenario = {
  name: 'a call that takes longer than its timeout fails, and the callee is interrupted',
  feature: FEATURE,
  async passes(world) {
    const [caller, callee, request] = await open(world, { timeout: 100 });
    world.time.advance(99);
    await caller.receivesNothing();
    world.time.advance(1);
    await caller.receivesError(48, request, TIMEOUT);
    await callee.receives([69, 1, { mode: 'killnowait' }]);
    callee.send([70, 1, {}, ['late']]);
    await callee.receivesNothing();
    await caller.receivesNothing();
  },
  async fails(world) {
    const [caller, callee, request] = await open(world, { timeout: 100 });
    world.time.advance(99);
    callee.send([70, 1, {}, ['in time']]);
    await caller.receives([50, request, {}, ['in time']]);
    assert.equal(world.time.open, 0, 'the timer ends with the call');
    world.time.advance(1000);
    await caller.receivesNothing();
    await callee.receivesNothing();
  },
};

export const unable: Scenario = {
  name: 'a callee that does not take INTERRUPT is left alone when a call times out',
  feature: FEATURE,
  async passes(world) {
    const [caller, callee, request] = await open(world, { timeout: 1 }, { callee: {} });
    world.time.advance(1);
    await caller.receivesError(48, request, TIMEOUT);
    callee.send([8, 68, 1, {}, 'com.x.late']);
    await callee.receivesNothing();
    await caller.receivesNothing();
  },
  async fails(world) {
    for (const timeout of [0, null]) {
      const [caller, callee, request] = await open(world, { timeout });
      assert.equal(world.time.open, 0);
      world.time.advance(1e9);
      callee.send([70, 1, {}]);
      await caller.receives([50, request, {}]);
      await callee.leave();
    }
  },
};

export const restarts: Scenario = {
  name: 'every progressive result gives a call its whole timeout again',
  feature: FEATURE,
  async passes(world) {
    const [caller, callee, request] = await open(world, { timeout: 100, receive_progress: true });
    for (let i = 0; i < 3; i++) {
      world.time.advance(99);
      callee.send([70, 1, { progress: true }, [i]]);
      await caller.receives([50, request, { progress: true }, [i]]);
    }
    assert.equal(world.time.open, 1);
    world.time.advance(100);
    await caller.receivesError(48, request, TIMEOUT);
    await callee.receives([69, 1, { mode: 'killnowait' }]);
  },
  async fails(world) {
    // Progress that nobody asked for is none.
    const [caller, callee, request] = await open(world, { timeout: 100 });
    world.time.advance(60);
    callee.send([70, 1, { progress: true }, ['hidden']]);
    await callee.receivesNothing();
    world.time.advance(60);
    await caller.receivesError(48, request, TIMEOUT);
    await callee.receives([69, 1, { mode: 'killnowait' }]);
  },
};

export const canceled: Scenario = {
  name: 'whatever ends a call ends its timeout',
  feature: FEATURE,
  async passes(world) {
    const [caller, , request] = await open(world, { timeout: 100 });
    caller.send([49, request, { mode: 'skip' }]);
    await caller.receivesError(48, request, 'wamp.error.canceled');
    assert.equal(world.time.open, 0);
    const [second, leaving] = await openAgain(world, caller);
    await leaving.leave();
    await caller.receivesError(48, second, 'wamp.error.canceled');
    assert.equal(world.time.open, 0);
    await openAgain(world, caller);
    await caller.leave();
    assert.equal(world.time.open, 0);
  },
  async fails(world) {
    // One that was killed still waits for its callee, but not for ever.
    const [caller, callee, request] = await open(world, { timeout: 100 });
    caller.send([49, request, { mode: 'kill' }]);
    await callee.receives([69, 1, { mode: 'kill' }]);
    world.time.advance(100);
    await caller.receivesError(48, request, TIMEOUT);
  },
};

async function openAgain(world: World, caller: Client): Promise<[number, Client]> {
  const callee = await world.join();
  await callee.register('com.x.other');
  const request = caller.request(48, { timeout: 100 }, 'com.x.other');
  await callee.receives([68, 1, ANY, {}]);
  assert.equal(world.time.open, 1);
  return [request, callee];
}

export const values: Scenario = {
  name: 'a timeout is a number of milliseconds',
  feature: FEATURE,
  async passes(world) {
    const [caller, callee, request] = await open(world, { timeout: 2 ** 31 - 1 });
    callee.send([70, 1, {}]);
    await caller.receives([50, request, {}]);
  },
  async fails(world) {
    const callee = await world.join();
    await callee.register('com.x.slow');
    const caller = await world.join();
    for (const timeout of [-1, 2 ** 31, 2 ** 53]) {
      await caller.refused('wamp.error.invalid_argument', 48, { timeout }, 'com.x.slow');
    }
    await callee.receivesNothing();
    for (const timeout of ['100', 1.5, true, [], {}]) {
      const broken = await world.join();
      broken.request(48, { timeout }, 'com.x.slow');
      await broken.aborted('wamp.error.protocol_violation');
    }
    await callee.receivesNothing();
  },
};
