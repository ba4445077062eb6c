/** Owns the behaviour of ids: their range, and the sequences that they follow. */

import assert from 'node:assert/strict';
import { ANY, MAX_ID } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';

export const sequence: Scenario = {
  name: 'the six requests share one sequence from 1 without gaps',
  feature: 'basic.ids',
  async passes(world) {
    const client = await world.join();
    client.send([32, 1, {}, 'com.x']);
    await client.receives([33, 1, ANY]);
    client.send([16, 2, { acknowledge: true }, 'com.y']);
    await client.receives([17, 2, ANY]);
    client.send([64, 3, {}, 'com.x']);
    const registration = (await client.receives([65, 3, ANY]))[2];
    client.send([48, 4, {}, 'wamp.session.count']);
    await client.receives([50, 4, {}, [1]]);
    client.send([66, 5, registration]);
    await client.receives([67, 5]);
    // A request that was refused has used its id; one without an answer, too.
    client.send([34, 6, 123456789]);
    await client.receivesError(34, 6, 'wamp.error.no_such_subscription');
    client.send([16, 7, {}, 'com.y']);
    client.requests = 7;
    await client.receivesNothing();
  },
  async fails(world) {
    for (const id of [2, 3, 1000, MAX_ID]) {
      const client = await world.join();
      client.send([32, id, {}, 'com.x']);
      assert.match(await client.aborted('wamp.error.protocol_violation'), /SUBSCRIBE.Request is \d+, expected 1/);
    }
    for (const code of [16, 32, 34, 48, 64, 66]) {
      const client = await world.join();
      await client.subscribe('com.x');
      client.send(code === 34 || code === 66 ? [code, 1, 1] : [code, 1, {}, 'com.x']);
      await client.aborted('wamp.error.protocol_violation');
    }
  },
};

export const lenient: Scenario = {
  name: 'a lenient realm takes request ids in any order',
  feature: 'basic.ids',
  world: { realm: { requestIds: 'lenient' } },
  async passes(world) {
    const client = await world.join();
    for (const id of [77, 3, MAX_ID, 1, 4294967296]) {
      client.send([32, id, {}, 'com.x']);
      await client.receives([33, id, ANY]);
      client.send([48, id, {}, 'wamp.session.count']);
      await client.receives([50, id, {}, [1]]);
    }
  },
  async fails(world) {
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.register('com.a');
    caller.send([48, 5, {}, 'com.a']);
    await callee.receives([68, 1, ANY, {}]);
    // The answers to two open calls of one id could not be told apart.
    caller.send([48, 5, {}, 'com.a']);
    await caller.aborted('wamp.error.protocol_violation');
    await callee.receives([69, 1, { mode: 'killnowait' }]);
    for (const id of [0, -1, 1.5, MAX_ID * 2]) {
      const client = await world.join();
      client.send([32, id, {}, 'com.x']);
      await client.aborted('wamp.error.protocol_violation');
    }
  },
};

export const invocations: Scenario = {
  name: 'invocations are numbered from 1 for each callee session',
  feature: 'basic.ids',
  async passes(world) {
    const [caller, a, b] = [await world.join(), await world.join(), await world.join()];
    await a.register('com.a');
    await b.register('com.b');
    await a.register('com.c');
    for (const uri of ['com.a', 'com.b', 'com.c', 'com.a', 'com.b']) caller.request(48, {}, uri);
    for (const n of [1, 2, 3]) await a.receives([68, n, ANY, {}]);
    for (const n of [1, 2]) await b.receives([68, n, ANY, {}]);
    await a.leave();
    for (let i = 0; i < 3; i++) await caller.next('ERROR');
    await a.hello('realm1');
    await a.register('com.a');
    caller.request(48, {}, 'com.a');
    await a.receives([68, 1, ANY, {}]);
  },
  async fails(world) {
    // A call that reaches nobody uses none.
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.register('com.a');
    await caller.refused('wamp.error.no_such_procedure', 48, {}, 'com.b');
    await caller.refused('wamp.error.option_disallowed.disclose_me', 48, { disclose_me: true }, 'com.a');
    caller.request(48, {}, 'com.a');
    await callee.receives([68, 1, ANY, {}]);
  },
};

export const global: Scenario = {
  name: 'session and publication ids are drawn from the whole range up to 2^53',
  feature: 'basic.ids',
  async passes(world) {
    const ids: number[] = [];
    const client = await world.join();
    for (let i = 0; i < 20; i++) {
      ids.push(await client.publish('com.x'), client.session);
      await client.leave();
      await client.hello('realm1');
    }
    assert.equal(new Set(ids).size, 40);
    for (const id of ids) assert.ok(Number.isInteger(id) && id >= 1 && id <= MAX_ID);
    // Forty draws of which none is in the upper half happen once in 10^12 runs.
    assert.ok(ids.some(id => id > MAX_ID / 2) && ids.some(id => id < MAX_ID / 2));
  },
  async fails(world) {
    // Ids of the router's scope and of the session's are small: they are counted.
    const client = await world.join();
    const subscription = await client.subscribe('com.x');
    const registration = await client.register('com.x');
    assert.ok(subscription < 1000 && registration < 1000);
    const request = client.request(34, MAX_ID);
    await client.receivesError(34, request, 'wamp.error.no_such_subscription');
  },
};
