/** Owns that a killed client which never answers GOODBYE does not keep its connection. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkNamed } from '../helpers/links.js';
import { inWorld } from '../helpers/scenario.js';

const LIMITS = { handshakeTimeout: 80 };

for (const name of ['memory+json', 'ws+json', 'rawsocket+cbor'] as const) {
  test(`${name}: the connection of a killed client ends although it does not answer`, () =>
    inWorld(linkNamed(name), { limits: LIMITS }, async world => {
      const [killed, other] = [await world.join(), await world.join()];
      world.realm.sessions.get(killed.session)!.goodbye('wamp.close.killed', undefined);
      await killed.receives([6, {}, 'wamp.close.killed']);
      // What it says instead is ignored, and gives it no more time.
      killed.request(32, {}, 'com.x');
      await killed.ended();
      await other.receivesNothing();
    }));

  test(`${name}: a client that answered in time and said HELLO again elsewhere is left alone`, () =>
    inWorld(linkNamed(name), { limits: LIMITS }, async world => {
      const client = await world.join();
      world.realm.sessions.get(client.session)!.goodbye('wamp.close.killed', undefined);
      await client.receives([6, {}, 'wamp.close.killed']);
      client.send([6, {}, 'wamp.close.goodbye_and_out']);
      await client.ended();
      const again = await world.join();
      await new Promise(resolve => setTimeout(resolve, LIMITS.handshakeTimeout + 20));
      await again.receivesNothing();
      assert.equal(world.realm.sessions.size, 1);
    }));
}
