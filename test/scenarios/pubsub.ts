/** Owns the behaviour of the basic broker: SUBSCRIBE, UNSUBSCRIBE, PUBLISH, EVENT, acknowledgement. */

import assert from 'node:assert/strict';
import { ANY } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';

export const events: Scenario = {
  name: 'a publication reaches every subscriber of its topic once, under one publication id',
  feature: 'basic.pubsub',
  async passes(world) {
    const publisher = await world.join();
    const subscribers = [await world.join(), await world.join(), await world.join()];
    const ids = new Set<number>();
    for (const subscriber of subscribers) ids.add(await subscriber.subscribe('com.x.topic'));
    assert.equal(ids.size, 1, 'one topic and match is one subscription');
    const publication = await publisher.publish('com.x.topic', ['hello', 1]);
    for (const subscriber of subscribers) {
      await subscriber.receives([36, [...ids][0], publication, {}, ['hello', 1]]);
      await subscriber.receivesNothing();
    }
  },
  async fails(world) {
    const publisher = await world.join();
    const subscriber = await world.join();
    await subscriber.subscribe('com.x.topic');
    for (const other of ['com.x.topic2', 'com.x', 'com.x.topic.sub', 'COM.X.TOPIC']) await publisher.publish(other);
    await subscriber.receivesNothing();
  },
};

export const acknowledge: Scenario = {
  name: 'PUBLISHED or an ERROR comes back if, and only if, acknowledge is true',
  feature: 'basic.pubsub',
  async passes(world) {
    const client = await world.join();
    const request = client.request(16, { acknowledge: true }, 'com.x.topic');
    await client.receives([17, request, ANY]);
    await client.refused('wamp.error.invalid_uri', 16, { acknowledge: true }, 'com..topic');
  },
  async fails(world) {
    const client = await world.join();
    const subscriber = await world.join();
    const subscription = await subscriber.subscribe('com.x.topic');
    client.request(16, {}, 'com.x.topic', [1]);
    client.request(16, { acknowledge: false }, 'com.x.topic', [2]);
    client.request(16, { acknowledge: null }, 'com.x.topic', [3]);
    client.request(16, {}, 'com..topic', [4]);
    await client.receivesNothing();
    for (const n of [1, 2, 3]) await subscriber.receives([36, subscription, ANY, {}, [n]]);
    await subscriber.receivesNothing();
  },
};

export const subscribeTwice: Scenario = {
  name: 'subscribing twice is one subscription, which one UNSUBSCRIBE ends',
  feature: 'basic.pubsub',
  async passes(world) {
    const publisher = await world.join();
    const client = await world.join();
    const subscription = await client.subscribe('com.x.topic');
    assert.equal(await client.subscribe('com.x.topic'), subscription);
    const publication = await publisher.publish('com.x.topic');
    await client.receives([36, subscription, publication, {}]);
    await client.receivesNothing();
    await client.unsubscribe(subscription);
    await publisher.publish('com.x.topic');
    await client.receivesNothing();
  },
  async fails(world) {
    const client = await world.join();
    const subscription = await client.subscribe('com.x.topic');
    await client.unsubscribe(subscription);
    await client.refused('wamp.error.no_such_subscription', 34, subscription);
  },
};

export const unsubscribe: Scenario = {
  name: 'UNSUBSCRIBE ends the own subscription and nobody else’s',
  feature: 'basic.pubsub',
  async passes(world) {
    const [leaving, staying, publisher] = [await world.join(), await world.join(), await world.join()];
    const subscription = await leaving.subscribe('com.x.topic');
    await staying.subscribe('com.x.topic');
    await leaving.unsubscribe(subscription);
    const publication = await publisher.publish('com.x.topic');
    await staying.receives([36, subscription, publication, {}]);
    await leaving.receivesNothing();
  },
  async fails(world) {
    const [owner, stranger] = [await world.join(), await world.join()];
    const subscription = await owner.subscribe('com.x.topic');
    await stranger.refused('wamp.error.no_such_subscription', 34, subscription);
    const publication = await stranger.publish('com.x.topic');
    await owner.receives([36, subscription, publication, {}]);
  },
};

export const lostSubscriber: Scenario = {
  name: 'subscriptions end with their session, however it ends',
  feature: 'basic.pubsub',
  async passes(world) {
    const [lost, staying, publisher] = [await world.join(), await world.join(), await world.join()];
    await lost.subscribe('com.x.topic');
    await lost.subscribe('com.x.', { match: 'prefix' });
    const subscription = await staying.subscribe('com.x.topic');
    const { subscriptionCount } = world.realm.broker;
    lost.wire.destroy();
    await world.until(() => world.realm.sessions.size === 2, 'the end of the lost session');
    assert.equal(world.realm.broker.subscriptionCount, subscriptionCount - 1);
    const publication = await publisher.publish('com.x.topic');
    await staying.receives([36, subscription, publication, {}]);
    await staying.receivesNothing();
  },
  async fails(world) {
    // A topic whose last subscriber left is a new subscription for the next one.
    const [first, second] = [await world.join(), await world.join()];
    const subscription = await first.subscribe('com.x.topic');
    await first.leave();
    assert.notEqual(await second.subscribe('com.x.topic'), subscription);
  },
};

export const uris: Scenario = {
  name: 'topics are URIs: loosely any words between dots, none of them empty',
  feature: 'basic.uris',
  async passes(world) {
    const [publisher, subscriber] = [await world.join(), await world.join()];
    for (const topic of ['a', 'com.größe.🙈', 'Com.X-Y.z_1', 'com.x/y:z', `com.${'x'.repeat(3000)}`]) {
      const subscription = await subscriber.subscribe(topic);
      await subscriber.receives([36, subscription, await publisher.publish(topic), {}]);
    }
  },
  async fails(world) {
    const client = await world.join();
    for (const topic of ['', '.', 'com.', '.com', 'com..x', 'com.x y', 'com.x\ty', 'com.x#', 'com.\u00a0', 'a\nb']) {
      await client.refused('wamp.error.invalid_uri', 32, {}, topic);
      await client.refused('wamp.error.invalid_uri', 16, { acknowledge: true }, topic);
      await client.refused('wamp.error.invalid_uri', 64, {}, topic);
      await client.refused('wamp.error.invalid_uri', 48, {}, topic);
    }
  },
};

export const strictUris: Scenario = {
  name: 'a strict realm takes lower case letters, digits and underscores only',
  feature: 'basic.uris',
  world: { realm: { uriCheck: 'strict' } },
  async passes(world) {
    const client = await world.join();
    await client.subscribe('com.example_1.x');
    await client.subscribe('com.example_1.', { match: 'prefix' });
    await client.register('com.example_1.x');
  },
  async fails(world) {
    const client = await world.join();
    for (const topic of ['com.X', 'com.x-y', 'com.größe']) {
      await client.refused('wamp.error.invalid_uri', 32, {}, topic);
      await client.refused('wamp.error.invalid_uri', 32, { match: 'prefix' }, topic);
      await client.refused('wamp.error.invalid_uri', 64, {}, topic);
    }
  },
};

export const reserved: Scenario = {
  name: 'URIs of wamp. are the router’s: clients subscribe and call there, no more',
  feature: 'basic.uris',
  async passes(world) {
    const client = await world.join();
    await client.subscribe('wamp.session.on_join');
    assert.equal(await client.value('wamp.session.count'), 1);
    // Only the whole first component is reserved.
    await client.publish('wampum.belt');
    await client.register('wampum.belt');
  },
  async fails(world) {
    const [client, subscriber] = [await world.join(), await world.join()];
    await subscriber.subscribe('wamp.session.on_leave');
    for (const uri of ['wamp', 'wamp.x', 'wamp.session.on_leave']) {
      await client.refused('wamp.error.invalid_uri', 16, { acknowledge: true }, uri);
      client.request(16, {}, uri);
      await client.refused('wamp.error.invalid_uri', 64, {}, uri);
      await client.refused('wamp.error.invalid_uri', 64, { match: 'prefix' }, uri);
    }
    await subscriber.receivesNothing();
  },
};
