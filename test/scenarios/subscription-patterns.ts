/** Owns the behaviour of pattern-based subscriptions: prefix beside exact. */

import assert from 'node:assert/strict';
import type { Scenario } from '../helpers/scenario.js';

export const prefix: Scenario = {
  name: 'a prefix subscription gets every topic that begins with its characters, and is told which',
  feature: 'broker.pattern_based_subscription',
  async passes(world) {
    const [publisher, subscriber] = [await world.join(), await world.join()];
    const subscription = await subscriber.subscribe('com.myapp.topic', { match: 'prefix' });
    // Of characters, not of components (WAMP advanced, "Pattern-based Subscriptions").
    for (const topic of ['com.myapp.topic', 'com.myapp.topic.x', 'com.myapp.topic-and-more', 'com.myapp.topic1.2']) {
      const publication = await publisher.publish(topic, [topic]);
      await subscriber.receives([36, subscription, publication, { topic }, [topic]]);
    }
    await subscriber.receivesNothing();
  },
  async fails(world) {
    const [publisher, subscriber] = [await world.join(), await world.join()];
    await subscriber.subscribe('com.myapp.topic', { match: 'prefix' });
    await subscriber.subscribe('com.other', { match: 'exact' });
    for (const topic of ['com.myapp.topi', 'com.myapp', 'com.Myapp.topic', 'com.other.x']) {
      await publisher.publish(topic);
    }
    await subscriber.receivesNothing();
  },
};

export const several: Scenario = {
  name: 'each matching subscription gets the event once, all with one publication id',
  feature: 'broker.pattern_based_subscription',
  // The subscription to everything would get the meta events of the next one.
  world: { realm: { metaApi: false } },
  async passes(world) {
    const [publisher, subscriber] = [await world.join(), await world.join()];
    const short = await subscriber.subscribe('com.', { match: 'prefix' });
    const exact = await subscriber.subscribe('com.x.topic');
    const long = await subscriber.subscribe('com.x.', { match: 'prefix' });
    const all = await subscriber.subscribe('', { match: 'prefix' });
    // The same text with another match is another subscription.
    const same = await subscriber.subscribe('com.x.topic', { match: 'prefix' });
    assert.equal(new Set([short, exact, long, all, same]).size, 5);
    const topic = 'com.x.topic';
    const publication = await publisher.publish(topic, [], {});
    const got = new Map<unknown, unknown>();
    for (let i = 0; i < 5; i++) {
      const event = await subscriber.next('EVENT');
      assert.equal(event[2], publication);
      got.set(event[1], event[3]);
    }
    assert.deepEqual(
      got,
      new Map<unknown, unknown>([
        [exact, {}],
        [same, { topic }],
        [long, { topic }],
        [short, { topic }],
        [all, { topic }],
      ]),
    );
    await subscriber.receivesNothing();
  },
  async fails(world) {
    const [publisher, subscriber] = [await world.join(), await world.join()];
    const exact = await subscriber.subscribe('com.x.topic');
    const prefixed = await subscriber.subscribe('com.x.topic', { match: 'prefix' });
    await subscriber.unsubscribe(prefixed);
    const publication = await publisher.publish('com.x.topic');
    await subscriber.receives([36, exact, publication, {}]);
    await subscriber.receivesNothing();
  },
};

export const matches: Scenario = {
  name: 'match is exact or prefix; absent and null are exact',
  feature: 'broker.pattern_based_subscription',
  async passes(world) {
    const client = await world.join();
    const subscription = await client.subscribe('com.x.topic');
    assert.equal(await client.subscribe('com.x.topic', { match: 'exact' }), subscription);
    assert.equal(await client.subscribe('com.x.topic', { match: null, _unknown: 1, nkey: 'x' }), subscription);
  },
  async fails(world) {
    const client = await world.join();
    // Not announced, so refused rather than taken for something else.
    await client.refused('wamp.error.invalid_argument', 32, { match: 'wildcard' }, 'com..topic');
    await client.refused('wamp.error.invalid_argument', 32, { match: 'regex' }, 'com.x.topic');
    for (const illegal of ['com..x', 'com.x y', '.', '#']) {
      await client.refused('wamp.error.invalid_uri', 32, { match: 'prefix' }, illegal);
    }
    client.request(32, { match: 1 }, 'com.x.topic');
    await client.aborted('wamp.error.protocol_violation');
  },
};
