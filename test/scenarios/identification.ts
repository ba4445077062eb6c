/** Owns the behaviour of disclosure: who published, who called, and who may tell. */

import assert from 'node:assert/strict';
import { ANY } from '../helpers/client.js';
import type { Scenario } from '../helpers/scenario.js';

export const publisher: Scenario = {
  name: 'a role that discloses its publishers does so in every event, asked or not',
  feature: 'broker.publisher_identification',
  async passes(world) {
    const [discloser, subscriber] = [await world.join({ authid: 'dora' }), await world.join()];
    const exact = await subscriber.subscribe('com.x.topic');
    const prefix = await subscriber.subscribe('com.', { match: 'prefix' });
    const who = { publisher: discloser.session, publisher_authid: 'dora', publisher_authrole: 'open' };
    for (const options of [{}, { disclose_me: true }, { disclose_me: false }]) {
      const publication = await discloser.publish('com.x.topic', [1], options);
      await subscriber.receives([36, exact, publication, who, [1]]);
      await subscriber.receives([36, prefix, publication, { topic: 'com.x.topic', ...who }, [1]]);
    }
  },
  async fails(world) {
    const [client, subscriber] = [await world.join({ authid: 'alice' }), await world.join()];
    const subscription = await subscriber.subscribe('com.x.topic');
    const uri = 'wamp.error.option_disallowed.disclose_me';
    await client.refused(uri, 16, { acknowledge: true, disclose_me: true }, 'com.x.topic');
    // Without acknowledge the refusal stays silent.
    client.request(16, { disclose_me: true }, 'com.x.topic');
    await client.receivesNothing();
    await subscriber.receivesNothing();
    const publication = await client.publish('com.x.topic', [], { disclose_me: false });
    await subscriber.receives([36, subscription, publication, {}, []]);
  },
};

export const caller: Scenario = {
  name: 'a role that discloses its callers does so in every invocation, asked or not',
  feature: 'dealer.caller_identification',
  async passes(world) {
    const [discloser, callee] = [await world.join({ authid: 'dora' }), await world.join()];
    const registration = await callee.register('com.x.procedure');
    const who = { caller: discloser.session, caller_authid: 'dora', caller_authrole: 'open' };
    for (const options of [{}, { disclose_me: true }, { disclose_me: false }]) {
      const request = discloser.request(48, options, 'com.x.procedure');
      const [, invocation] = await callee.receives([68, ANY, registration, who]);
      callee.send([70, invocation, {}]);
      await discloser.receives([50, request, {}]);
    }
  },
  async fails(world) {
    const [client, callee] = [await world.join({ authid: 'alice' }), await world.join()];
    const registration = await callee.register('com.x.procedure');
    await client.refused('wamp.error.option_disallowed.disclose_me', 48, { disclose_me: true }, 'com.x.procedure');
    await callee.receivesNothing();
    client.request(48, { disclose_me: false }, 'com.x.procedure');
    await callee.receives([68, ANY, registration, {}]);
    callee.send([70, 1, {}]);
    assert.equal((await client.next('RESULT'))[0], 50);
    client.request(48, { disclose_me: 1 }, 'com.x.procedure');
    await client.aborted('wamp.error.protocol_violation');
  },
};
