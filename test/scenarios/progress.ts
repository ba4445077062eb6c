/** Owns the behaviour of progressive call results. */

import assert from 'node:assert/strict';
import { ANY, CLIENT_ROLES, type Client } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';
import type { World } from '../helpers/world.js';

const FEATURE = 'dealer.progressive_call_results';

async function pair(world: World): Promise<[caller: Client, callee: Client]> {
  const [caller, callee] = [await world.join(), await world.join()];
  await callee.register('com.x.count');
  return [caller, callee];
}

export const progress: Scenario = {
  name: 'who asks for progress gets every partial result in order, then the last',
  feature: FEATURE,
  async passes(world) {
    const [caller, callee] = await pair(world);
    const request = caller.request(48, { receive_progress: true }, 'com.x.count', [3]);
    await callee.receives([68, 1, ANY, { receive_progress: true }, [3]]);
    for (let i = 0; i < 50; i++) callee.send([70, 1, { progress: true }, [i], { i }]);
    callee.send([70, 1, {}, ['done']]);
    for (let i = 0; i < 50; i++) await caller.receives([50, request, { progress: true }, [i], { i }]);
    await caller.receives([50, request, {}, ['done']]);
    callee.send([70, 1, { progress: true }, ['late']]);
    await callee.receivesNothing();
    await caller.receivesNothing();
  },
  async fails(world) {
    const [caller, callee] = await pair(world);
    for (const [i, options] of [{}, { receive_progress: false }, { receive_progress: null }].entries()) {
      const request = caller.request(48, options, 'com.x.count');
      await callee.receives([68, i + 1, ANY, {}]);
      // Not asked for: dropped, and the call goes on.
      callee.send([70, i + 1, { progress: true }, ['hidden']]);
      callee.send([70, i + 1, { progress: false }, ['done']]);
      await caller.receives([50, request, {}, ['done']]);
    }
    callee.send([70, 3, { progress: 'yes' }]);
    await callee.receivesNothing();
  },
};

export const progressEnds: Scenario = {
  name: 'an error ends a progressive call like any other',
  feature: FEATURE,
  async passes(world) {
    const [caller, callee] = await pair(world);
    const request = caller.request(48, { receive_progress: true }, 'com.x.count');
    await callee.receives([68, 1, ANY, { receive_progress: true }]);
    callee.send([70, 1, { progress: true }, [1]]);
    callee.send([8, 68, 1, {}, 'com.x.error.tired']);
    await caller.receives([50, request, { progress: true }, [1]]);
    await caller.receives([8, 48, request, {}, 'com.x.error.tired']);
  },
  async fails(world) {
    const [caller, callee] = await pair(world);
    const request = caller.request(48, { receive_progress: true }, 'com.x.count');
    await callee.receives([68, 1, ANY, { receive_progress: true }]);
    // A mistyped option of an open call breaks the protocol.
    callee.send([70, 1, { progress: 'yes' }]);
    await callee.aborted('wamp.error.protocol_violation');
    await caller.receivesError(48, request, 'wamp.error.canceled');
  },
};

export const unable: Scenario = {
  name: 'a callee that does not announce progressive results is not asked for any',
  feature: FEATURE,
  async passes(world) {
    for (const features of [{}, { progressive_call_results: false }, { progressive_call_results: 1 }, undefined]) {
      const caller = await world.join();
      const callee = await world.join({ roles: { callee: features ? { features } : {} } });
      await callee.register('com.x.count');
      const request = caller.request(48, { receive_progress: true }, 'com.x.count');
      await callee.receives([68, 1, ANY, {}]);
      callee.send([70, 1, { progress: true }, ['hidden']]);
      callee.send([70, 1, {}, ['done']]);
      await caller.receives([50, request, {}, ['done']]);
      await callee.leave();
    }
  },
  async fails(world) {
    // Progressive results without call_canceling, as Autobahn|JS announces them, are taken at their word.
    const caller = await world.join();
    const callee = await world.join({ roles: { callee: { features: { progressive_call_results: true } } } });
    await callee.register('com.x.count');
    const request = caller.request(48, { receive_progress: true }, 'com.x.count');
    await callee.receives([68, 1, ANY, { receive_progress: true }]);
    callee.send([70, 1, { progress: true }, [1]]);
    callee.send([70, 1, {}]);
    await caller.receives([50, request, { progress: true }, [1]]);
    await caller.receives([50, request, {}]);
  },
};

export const invocations: Scenario = {
  name: 'progressive invocations are not announced: a caller that does not know breaks the protocol, one that does is told',
  feature: FEATURE,
  async passes(world) {
    const callee = await world.join();
    await callee.register('com.x.count');
    const roles = { ...CLIENT_ROLES, caller: { features: { progressive_call_invocations: true } } };
    const caller = await world.join({ roles });
    await caller.refused('wamp.error.feature_not_supported', 48, { progress: true }, 'com.x.count');
    const request = caller.request(48, { progress: false }, 'com.x.count');
    await callee.receives([68, 1, ANY, {}]);
    callee.send([70, 1, {}]);
    await caller.receives([50, request, {}]);
  },
  async fails(world) {
    const [caller, callee] = await pair(world);
    caller.request(48, { progress: true }, 'com.x.count');
    assert.match(await caller.aborted('wamp.error.protocol_violation'), /progressive_call_invocations/);
    await callee.receivesNothing();
  },
};
