/** Owns the behaviour of the subscription meta API. */

import assert from 'node:assert/strict';
import { START } from '../helpers/fake-time.js';
import type { Scenario } from '../helpers/scenario.js';

const FEATURE = 'broker.subscription_meta_api';
const INVALID = 'wamp.error.invalid_argument';
const MISSING = 'wamp.error.no_such_subscription';
const CREATED = new Date(START).toISOString();

export const list: Scenario = {
  name: 'wamp.subscription.list, lookup and match find the subscriptions of clients',
  feature: FEATURE,
  async passes(world) {
    const [subscriber, asking] = [await world.join(), await world.join()];
    assert.deepEqual(await asking.value('wamp.subscription.list'), { exact: [], prefix: [], wildcard: [] });
    const exact = await subscriber.subscribe('com.x.a');
    const prefix = await subscriber.subscribe('com.x.', { match: 'prefix' });
    assert.deepEqual(await asking.value('wamp.subscription.list'), { exact: [exact], prefix: [prefix], wildcard: [] });
    assert.equal(await asking.value('wamp.subscription.lookup', 'com.x.a'), exact);
    assert.equal(await asking.value('wamp.subscription.lookup', 'com.x.', { match: 'prefix' }), prefix);
    assert.deepEqual(await asking.value('wamp.subscription.match', 'com.x.a'), [exact, prefix]);
    assert.deepEqual(await asking.value('wamp.subscription.match', 'com.x.b'), [prefix]);
  },
  async fails(world) {
    const [subscriber, asking] = [await world.join(), await world.join()];
    await subscriber.subscribe('com.x.', { match: 'prefix' });
    assert.equal(await asking.value('wamp.subscription.lookup', 'com.x.'), null);
    assert.equal(await asking.value('wamp.subscription.lookup', 'com.x.', { match: 'wildcard' }), null);
    assert.equal(await asking.value('wamp.subscription.match', 'com.y'), null);
    await asking.refused(INVALID, 48, {}, 'wamp.subscription.lookup', ['com.x.', { match: 1 }]);
    await asking.refused(INVALID, 48, {}, 'wamp.subscription.lookup');
    await asking.refused(INVALID, 48, {}, 'wamp.subscription.match', [null]);
  },
};

export const get: Scenario = {
  name: 'wamp.subscription.get, list_subscribers and count_subscribers describe one subscription',
  feature: FEATURE,
  async passes(world) {
    const [a, b, asking] = [await world.join(), await world.join(), await world.join()];
    const id = await a.subscribe('com.x.', { match: 'prefix' });
    world.time.advance(5000);
    await b.subscribe('com.x.', { match: 'prefix' });
    assert.deepEqual(await asking.value('wamp.subscription.get', id), {
      id,
      created: CREATED,
      uri: 'com.x.',
      match: 'prefix',
    });
    assert.deepEqual(await asking.value('wamp.subscription.list_subscribers', id), [a.session, b.session]);
    assert.equal(await asking.value('wamp.subscription.count_subscribers', id), 2);
    await a.leave();
    assert.deepEqual(await asking.value('wamp.subscription.list_subscribers', id), [b.session]);
  },
  async fails(world) {
    const client = await world.join();
    const id = await client.subscribe('com.x');
    await client.unsubscribe(id);
    for (const procedure of ['get', 'list_subscribers', 'count_subscribers']) {
      await client.refused(MISSING, 48, {}, `wamp.subscription.${procedure}`, [id]);
      await client.refused(INVALID, 48, {}, `wamp.subscription.${procedure}`, ['com.x']);
      await client.refused(INVALID, 48, {}, `wamp.subscription.${procedure}`);
    }
  },
};

export const events: Scenario = {
  name: 'subscription events come in order: create, subscribe, unsubscribe, delete',
  feature: FEATURE,
  async passes(world) {
    const watching = await world.join();
    await watching.subscribe('wamp.subscription.', { match: 'prefix' });
    const [a, b] = [await world.join(), await world.join()];
    const id = await a.subscribe('com.x');
    const details = { id, created: CREATED, uri: 'com.x', match: 'exact' };
    assert.deepEqual(await watching.receivesMeta('wamp.subscription.on_create'), [a.session, details]);
    assert.deepEqual(await watching.receivesMeta('wamp.subscription.on_subscribe'), [a.session, id]);
    await b.subscribe('com.x');
    assert.deepEqual(await watching.receivesMeta('wamp.subscription.on_subscribe'), [b.session, id]);
    await a.unsubscribe(id);
    assert.deepEqual(await watching.receivesMeta('wamp.subscription.on_unsubscribe'), [a.session, id]);
    const { session } = b;
    b.wire.destroy();
    assert.deepEqual(await watching.receivesMeta('wamp.subscription.on_unsubscribe'), [session, id]);
    assert.deepEqual(await watching.receivesMeta('wamp.subscription.on_delete'), [session, id]);
    await watching.receivesNothing();
  },
  async fails(world) {
    const client = await world.join();
    await client.subscribe('wamp.subscription.', { match: 'prefix' });
    const other = await world.join();
    // Watching is not told: it would be an event of the topic that is watched.
    const watching = await other.subscribe('wamp.subscription.on_create');
    await other.unsubscribe(watching);
    const id = await client.subscribe('com.x');
    await client.receivesMeta('wamp.subscription.on_create');
    await client.receivesMeta('wamp.subscription.on_subscribe');
    // Neither is what changes nothing, nor what is refused.
    assert.equal(await client.subscribe('com.x'), id);
    await other.refused(MISSING, 34, id);
    await client.receivesNothing();
  },
};
