/** Owns the behaviour of publications with chosen receivers: publisher exclusion, black- and whitelists. */

import assert from 'node:assert/strict';
import type { Client, Dict } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';
import type { World } from '../helpers/world.js';

export const exclusion: Scenario = {
  name: 'the publisher does not get its own event unless exclude_me is false',
  feature: 'broker.publisher_exclusion',
  async passes(world) {
    const client = await world.join();
    const subscription = await client.subscribe('com.x.topic');
    const request = client.request(16, { acknowledge: true, exclude_me: false }, 'com.x.topic', [1]);
    const publication = (await client.next('PUBLISHED'))[2];
    await client.receives([36, subscription, publication, {}, [1]]);
    assert.equal(request, client.requests);
  },
  async fails(world) {
    const [client, other] = [await world.join(), await world.join()];
    const subscription = await client.subscribe('com.x.topic');
    await other.subscribe('com.x.topic');
    for (const exclude_me of [undefined, true, null]) {
      const publication = await client.publish('com.x.topic', [1], exclude_me === undefined ? {} : { exclude_me });
      await client.receivesNothing();
      await other.receives([36, subscription, publication, {}, [1]]);
    }
    client.request(16, { exclude_me: 'no' }, 'com.x.topic');
    await client.aborted('wamp.error.protocol_violation');
  },
};

/** Alice and Bob are users, Carol is a guest; all subscribe. */
interface Cast {
  readonly publisher: Client;
  readonly people: readonly (readonly [Who, Client])[];
  readonly ids: Ids;
}

async function cast(world: World): Promise<Cast> {
  const publisher = await world.join();
  const people: [Who, Client][] = [];
  for (const authid of ['alice', 'bob', 'carol'] as const) {
    const client = await world.join({ authid });
    await client.subscribe('com.x.topic');
    people.push([authid, client]);
  }
  const ids = Object.fromEntries(people.map(([authid, client]) => [authid, client.session])) as Ids;
  return { publisher, people, ids };
}

/** Who gets a publication with these options. */
async function getters({ publisher, people }: Cast, options: Dict): Promise<string> {
  await publisher.publish('com.x.topic', [], options);
  const names: string[] = [];
  for (const [authid, client] of people) {
    // Whoever got the event receives it before the answer to this.
    const request = client.request(34, 2 ** 53);
    let message = await client.next('EVENT or ERROR');
    if (message[0] === 36) {
      names.push(authid);
      message = await client.next('ERROR');
    }
    assert.deepEqual(message.slice(0, 3), [8, 34, request]);
  }
  return names.join(' ');
}

type Ids = Readonly<Record<Who, number>>;
type Who = 'alice' | 'bob' | 'carol';

function list(option: string, passes: [(ids: Ids) => unknown[], string][]): Scenario {
  return {
    name: `${option} chooses who gets an event`,
    feature: 'broker.subscriber_blackwhite_listing',
    async passes(world) {
      const all = await cast(world);
      for (const [value, expected] of passes) {
        assert.equal(await getters(all, { [option]: value(all.ids) }), expected);
      }
    },
    async fails(world) {
      assert.equal(await getters(await cast(world), { [option]: null }), 'alice bob carol');
      const bad = option === 'eligible' || option === 'exclude' ? [['x'], [0], [1.5], 'x', {}] : [[1], 'alice', {}];
      for (const value of bad) {
        const client = await world.join();
        client.request(16, { [option]: value }, 'com.x.topic');
        await client.aborted('wamp.error.protocol_violation');
      }
    },
  };
}

export const eligible = list('eligible', [
  [ids => [ids.alice, ids.carol], 'alice carol'],
  [() => [1], ''],
  [() => [], ''],
]);

export const eligibleAuthid = list('eligible_authid', [
  [() => ['bob', 'nobody'], 'bob'],
  [() => [], ''],
]);

export const eligibleAuthrole = list('eligible_authrole', [
  [() => ['user'], 'alice bob'],
  [() => ['guest', 'user'], 'alice bob carol'],
]);

export const exclude = list('exclude', [
  [ids => [ids.alice], 'bob carol'],
  [() => [], 'alice bob carol'],
]);

export const excludeAuthid = list('exclude_authid', [
  [() => ['alice', 'carol'], 'bob'],
  [() => ['nobody'], 'alice bob carol'],
]);

export const excludeAuthrole = list('exclude_authrole', [
  [() => ['user'], 'carol'],
  [() => ['user', 'guest'], ''],
]);

export const combined: Scenario = {
  name: 'all given lists must agree, and the publisher is excluded before any of them',
  feature: 'broker.subscriber_blackwhite_listing',
  async passes(world) {
    const all = await cast(world);
    const { alice, bob, carol } = all.ids;
    assert.equal(await getters(all, { eligible_authrole: ['user'], exclude_authid: ['alice'] }), 'bob');
    assert.equal(await getters(all, { eligible: [alice, carol], eligible_authrole: ['user'] }), 'alice');
    assert.equal(await getters(all, { eligible: [bob], exclude: [bob] }), '');
  },
  async fails(world) {
    const client = await world.join();
    const subscription = await client.subscribe('com.x.topic');
    await client.publish('com.x.topic', [], { eligible: [client.session] });
    await client.receivesNothing();
    client.request(16, { eligible: [client.session], exclude_me: false }, 'com.x.topic', [2]);
    const event = await client.next('EVENT');
    assert.deepEqual([event[1], event[4]], [subscription, [2]]);
  },
};
