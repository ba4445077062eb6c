/** Owns the behaviour of the registration meta API. */

import assert from 'node:assert/strict';
import { START } from '../helpers/fake-time.js';
import type { Scenario } from '../helpers/scenario.js';

const FEATURE = 'dealer.registration_meta_api';
const INVALID = 'wamp.error.invalid_argument';
const MISSING = 'wamp.error.no_such_registration';
const CREATED = new Date(START).toISOString();

export const list: Scenario = {
  name: 'wamp.registration.list, lookup and match find the registrations of clients',
  feature: FEATURE,
  async passes(world) {
    const [callee, asking] = [await world.join(), await world.join()];
    assert.deepEqual(await asking.value('wamp.registration.list'), { exact: [], prefix: [], wildcard: [] });
    const exact = await callee.register('com.x.a');
    const prefix = await callee.register('com.x.', { match: 'prefix' });
    assert.deepEqual(await asking.value('wamp.registration.list'), { exact: [exact], prefix: [prefix], wildcard: [] });
    assert.equal(await asking.value('wamp.registration.lookup', 'com.x.a'), exact);
    assert.equal(await asking.value('wamp.registration.lookup', 'com.x.', { match: 'prefix' }), prefix);
    assert.equal(await asking.value('wamp.registration.match', 'com.x.a'), exact);
    assert.equal(await asking.value('wamp.registration.match', 'com.x.b'), prefix);
  },
  async fails(world) {
    const [callee, asking] = [await world.join(), await world.join()];
    await callee.register('com.x.', { match: 'prefix' });
    assert.equal(await asking.value('wamp.registration.lookup', 'com.x.'), null);
    assert.equal(await asking.value('wamp.registration.lookup', 'com.x.a', { match: 'prefix' }), null);
    assert.equal(await asking.value('wamp.registration.lookup', 'com.x.', { match: 'wildcard' }), null);
    assert.equal(await asking.value('wamp.registration.match', 'com.y'), null);
    await asking.refused(INVALID, 48, {}, 'wamp.registration.lookup', ['com.x.', { match: 'regex' }]);
    await asking.refused(INVALID, 48, {}, 'wamp.registration.lookup', [1]);
    await asking.refused(INVALID, 48, {}, 'wamp.registration.match');
  },
};

export const get: Scenario = {
  name: 'wamp.registration.get, list_callees and count_callees describe one registration',
  feature: FEATURE,
  async passes(world) {
    const [a, b, asking] = [await world.join(), await world.join(), await world.join()];
    const id = await a.register('com.x', { invoke: 'roundrobin' });
    world.time.advance(5000);
    await b.register('com.x', { invoke: 'roundrobin' });
    assert.deepEqual(await asking.value('wamp.registration.get', id), {
      id,
      created: CREATED,
      uri: 'com.x',
      match: 'exact',
      invoke: 'roundrobin',
    });
    assert.deepEqual(await asking.value('wamp.registration.list_callees', id), [a.session, b.session]);
    assert.equal(await asking.value('wamp.registration.count_callees', id), 2);
    await a.leave();
    assert.deepEqual(await asking.value('wamp.registration.list_callees', id), [b.session]);
  },
  async fails(world) {
    const client = await world.join();
    const id = await client.register('com.x');
    await client.unregister(id);
    for (const procedure of ['get', 'list_callees', 'count_callees']) {
      await client.refused(MISSING, 48, {}, `wamp.registration.${procedure}`, [id]);
      await client.refused(INVALID, 48, {}, `wamp.registration.${procedure}`, ['com.x']);
      await client.refused(INVALID, 48, {}, `wamp.registration.${procedure}`);
    }
  },
};

export const events: Scenario = {
  name: 'registration events come in order: create, register, unregister, delete',
  feature: FEATURE,
  async passes(world) {
    const watching = await world.join();
    await watching.subscribe('wamp.registration.', { match: 'prefix' });
    const [a, b] = [await world.join(), await world.join()];
    const id = await a.register('com.x.', { match: 'prefix', invoke: 'roundrobin' });
    const details = { id, created: CREATED, uri: 'com.x.', match: 'prefix', invoke: 'roundrobin' };
    assert.deepEqual(await watching.receivesMeta('wamp.registration.on_create'), [a.session, details]);
    assert.deepEqual(await watching.receivesMeta('wamp.registration.on_register'), [a.session, id]);
    await b.register('com.x.', { match: 'prefix', invoke: 'roundrobin' });
    assert.deepEqual(await watching.receivesMeta('wamp.registration.on_register'), [b.session, id]);
    await a.unregister(id);
    assert.deepEqual(await watching.receivesMeta('wamp.registration.on_unregister'), [a.session, id]);
    const { session } = b;
    await b.leave();
    assert.deepEqual(await watching.receivesMeta('wamp.registration.on_unregister'), [session, id]);
    assert.deepEqual(await watching.receivesMeta('wamp.registration.on_delete'), [session, id]);
    await watching.receivesNothing();
  },
  async fails(world) {
    const client = await world.join();
    const registration = await client.register('com.x');
    await client.subscribe('wamp.registration.', { match: 'prefix' });
    const other = await world.join();
    await other.refused('wamp.error.procedure_already_exists', 64, {}, 'com.x');
    await other.refused(MISSING, 66, registration);
    await client.receivesNothing();
    // Who changes something hears of it after the reply.
    await client.unregister(registration);
    await client.receivesMeta('wamp.registration.on_unregister');
    await client.receivesMeta('wamp.registration.on_delete');
  },
};
