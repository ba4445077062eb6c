/** Owns that one session cannot make the router keep as much as it likes: subscriptions, registrations, open calls. */

import { test } from 'node:test';
import { MAX_PER_SESSION } from '../../src/realm/member.js';
import { ANY, type Client } from '../helpers/client.js';
import { linkNamed } from '../helpers/links.js';
import { inWorld } from '../helpers/scenario.js';
import { Witness } from '../helpers/witness.js';

const LINK = linkNamed('memory+json');
const EXCEEDED = 'wampscope.error.limit_exceeded';

/** Sends as many requests as a session may have open; `receiver` gets one message for each, which nobody looks at. */
async function fill(client: Client, receiver: Client, request: (id: number) => string): Promise<void> {
  for (let i = 0; i < MAX_PER_SESSION; i++) client.sendBytes(Buffer.from(request(++client.requests)));
  for (let i = 0; i < MAX_PER_SESSION; i++) await receiver.nextBytes('a message for each request');
}

for (const [what, code, reply] of [
  ['subscriptions', 32, 33],
  ['registrations', 64, 65],
] as const) {
  test(`a session has at most ${MAX_PER_SESSION} ${what}`, () =>
    inWorld(LINK, {}, async world => {
      const witness = await Witness.join(world);
      const client = await world.join();
      await fill(client, client, id => `[${code},${id},{},"com.x.n${id}"]`);
      await client.refused(EXCEEDED, code, {}, 'com.x.more');
      await client.refused(EXCEEDED, code, { match: 'prefix' }, 'com.x.');
      await witness.check();
      await client.leave();
      await client.hello('realm1');
      client.request(code, {}, 'com.x.more');
      await client.receives([reply, 1, ANY]);
    }));
}

test(`a session has at most ${MAX_PER_SESSION} open calls`, () =>
  inWorld(LINK, {}, async world => {
    const witness = await Witness.join(world);
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.register('com.x');
    await fill(caller, callee, id => `[48,${id},{},"com.x"]`);
    await caller.refused(EXCEEDED, 48, {}, 'com.x');
    await callee.receivesNothing();
    callee.send([70, 7, {}]);
    await caller.receives([50, 7, {}]);
    caller.request(48, {}, 'com.x');
    await callee.receives([68, MAX_PER_SESSION + 1, ANY, {}]);
    await witness.check();
  }));
