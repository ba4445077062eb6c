/** Owns the behaviour that order is kept (WAMP basic, "Ordering Guarantees"). */

import assert from 'node:assert/strict';
import { ANY } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';

const MANY = 200;

export const events: Scenario = {
  name: 'events of one publisher arrive in the order of publication, across topics and sizes',
  feature: 'basic.ordering',
  async passes(world) {
    const publisher = await world.join();
    const subscribers = [await world.join(), await world.join()];
    for (const subscriber of subscribers) {
      await subscriber.subscribe('com.a');
      await subscriber.subscribe('com.b.', { match: 'prefix' });
    }
    for (let i = 0; i < MANY; i++) {
      const filler = 'x'.repeat(i % 20 === 0 ? 20_000 : i);
      publisher.request(16, {}, i % 2 ? 'com.a' : `com.b.${i}`, [i, filler]);
    }
    for (const subscriber of subscribers) {
      for (let i = 0; i < MANY; i++) {
        const event = await subscriber.next('EVENT');
        assert.equal((event[4] as number[])[0], i);
      }
      await subscriber.receivesNothing();
    }
  },
  async fails(world) {
    // SUBSCRIBED comes before the first event, UNSUBSCRIBED after the last.
    const [publisher, subscriber] = [await world.join(), await world.join()];
    for (let i = 0; i < 20; i++) {
      publisher.request(16, {}, 'com.a', [i]);
      const request = subscriber.request(32, {}, 'com.a');
      publisher.request(16, {}, 'com.a', [i]);
      const subscription = (await subscriber.receives([33, request, ANY]))[2];
      const end = subscriber.request(34, subscription);
      publisher.request(16, {}, 'com.a', [i]);
      let message = await subscriber.next('EVENT or UNSUBSCRIBED');
      for (; message[0] === 36; message = await subscriber.next('EVENT or UNSUBSCRIBED')) {
        assert.equal(message[1], subscription);
      }
      assert.deepEqual(message, [35, end]);
      await publisher.receivesNothing();
      await subscriber.receivesNothing();
    }
  },
};

export const calls: Scenario = {
  name: 'invocations of one caller arrive in the order of its calls, across procedures',
  feature: 'basic.ordering',
  async passes(world) {
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.register('com.a');
    await callee.register('com.b.', { match: 'prefix' });
    for (let i = 0; i < MANY; i++) caller.request(48, {}, i % 3 ? 'com.a' : `com.b.${i}`, [i, 'x'.repeat(i * 10)]);
    for (let i = 0; i < MANY; i++) await callee.receives([68, i + 1, ANY, ANY, [i, 'x'.repeat(i * 10)]]);
  },
  async fails(world) {
    // Results come in the order in which they are yielded, whatever the order of the calls.
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.register('com.a');
    for (let i = 0; i < 10; i++) caller.request(48, {}, 'com.a');
    for (let i = 1; i <= 10; i++) await callee.receives([68, i, ANY, {}]);
    for (let i = 10; i >= 1; i--) callee.send([70, i, {}, [i]]);
    for (let i = 10; i >= 1; i--) await caller.receives([50, i, {}, [i]]);
  },
};

export const registered: Scenario = {
  name: 'REGISTERED comes before the first invocation',
  feature: 'basic.ordering',
  async passes(world) {
    const [caller, callee] = [await world.join(), await world.join()];
    // Whichever of these calls find the registration, none may overtake its announcement.
    for (let i = 0; i < 10; i++) caller.request(48, {}, 'com.a', [i]);
    const request = callee.request(64, {}, 'com.a');
    for (let i = 10; i < 20; i++) caller.request(48, {}, 'com.a', [i]);
    const registration = (await callee.receives([65, request, ANY]))[2];
    caller.request(48, {}, 'com.a', ['last']);
    let last: unknown;
    for (let id = 1; last !== 'last'; id++) {
      const invocation = await callee.receives([68, id, registration, {}, ANY]);
      last = (invocation[4] as unknown[])[0];
    }
  },
  async fails(world) {
    // UNREGISTERED is the end: no invocation follows it.
    const [caller, callee] = [await world.join(), await world.join()];
    const registration = await callee.register('com.a');
    for (let i = 0; i < 10; i++) caller.request(48, {}, 'com.a');
    const request = callee.request(66, registration);
    for (let i = 0; i < 10; i++) caller.request(48, {}, 'com.a');
    let served = 0;
    let message = await callee.next('INVOCATION or UNREGISTERED');
    for (; message[0] === 68; message = await callee.next('INVOCATION or UNREGISTERED')) served++;
    assert.deepEqual(message, [67, request]);
    for (let i = served + 1; i <= 20; i++) await caller.receivesError(48, i, 'wamp.error.no_such_procedure');
    await callee.receivesNothing();
  },
};
