/** Owns that a peer which does not read costs the router a bounded queue and nobody else anything. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY, type Client } from '../helpers/client.js';
import { type Link, linkNamed } from '../helpers/links.js';
import { Random } from '../helpers/random.js';
import { inWorld } from '../helpers/scenario.js';
import { Witness } from '../helpers/witness.js';
import type { World } from '../helpers/world.js';

const SOCKETS: readonly Link[] = [linkNamed('ws+json'), linkNamed('ws+cbor'), linkNamed('rawsocket+msgpack')];
const LIMIT = 64 * 1024;
const FILLER = 'x'.repeat(LIMIT);

function check(name: string, run: (world: World) => Promise<void>, sendQueueBytes = LIMIT): void {
  for (const link of SOCKETS) {
    test(`${link.name} | ${name}`, () =>
      inWorld(link, { limits: { sendQueueBytes } }, async world => {
        const witness = await Witness.join(world);
        await run(world);
        await witness.check();
      }));
  }
}

/** A subscriber that has stopped reading, and whose queue is full: first the kernels' buffers, then the router's own. */
async function stuck(world: World, publisher: Client): Promise<{ slow: Client; subscription: number; sent: number }> {
  const slow = await world.join();
  await slow.register('com.slow');
  await slow.register('com.shared', { invoke: 'roundrobin' });
  const subscription = await slow.subscribe('com.x');
  slow.wire.socket!.pause();
  const { counts } = world.realm;
  const before = counts.droppedEvents;
  let sent = 0;
  while (counts.droppedEvents === before) {
    await publisher.publish('com.x', [sent++, FILLER]);
    assert.ok(sent < 2000, 'the queue is never full');
  }
  return { slow, subscription, sent };
}

check('events that do not fit are dropped and counted, the others arrive in order', async world => {
  const publisher = await world.join();
  const quick = await world.join();
  const quickly = await quick.subscribe('com.x');
  const { slow, subscription, sent } = await stuck(world, publisher);
  for (let i = sent; i < sent + 10; i++) await publisher.publish('com.x', [i, FILLER]);
  for (let i = 0; i < sent + 10; i++) await quick.receives([36, quickly, ANY, {}, [i, FILLER]]);
  const { traffic } = world.realm.sessions.get(slow.session)!;
  const dropped = traffic.droppedEvents;
  assert.ok(dropped >= 1 && dropped <= 11, `${dropped} dropped`);
  assert.equal(world.realm.counts.droppedEvents, dropped);
  slow.wire.socket!.resume();
  let last = -1;
  for (let i = 0; i < sent + 10 - dropped; i++) {
    const [, id, , , args] = (await slow.next('EVENT')) as [number, number, number, object, [number, string]];
    assert.equal(id, subscription);
    assert.ok(args[0] > last, `event ${args[0]} after ${last}`);
    last = args[0];
  }
  await slow.receivesNothing();
  const publication = await publisher.publish('com.x', ['again']);
  await slow.receives([36, subscription, publication, {}, ['again']]);
});

check('a call to a callee whose queue is full fails at once, and it is called again when it reads', async world => {
  const caller = await world.join();
  const { slow, sent } = await stuck(world, caller);
  for (let i = 0; i < 3; i++) await caller.refused('wamp.error.network_failure', 48, {}, 'com.slow', ['hidden']);
  slow.wire.socket!.resume();
  for (let i = 0; i < sent - world.realm.counts.droppedEvents; i++) await slow.receives([36, ANY, ANY, {}, ANY]);
  const request = caller.request(48, {}, 'com.slow', ['seen']);
  // What was not sent has used no id.
  await slow.receives([68, 1, ANY, {}, ['seen']]);
  slow.send([70, 1, {}]);
  await caller.receives([50, request, {}]);
});

check('a callee whose queue is full is passed over while another one shares its procedure', async world => {
  const [caller, quick] = [await world.join(), await world.join()];
  await quick.register('com.shared', { invoke: 'roundrobin' });
  const { slow } = await stuck(world, caller);
  for (let id = 1; id <= 4; id++) {
    const request = caller.request(48, {}, 'com.shared');
    await quick.receives([68, id, ANY, {}]);
    quick.send([70, id, {}]);
    await caller.receives([50, request, {}]);
  }
  await quick.leave();
  await caller.refused('wamp.error.network_failure', 48, {}, 'com.shared');
  slow.wire.destroy();
});

check('a reply that does not fit ends the session: replies are not lost in silence', async world => {
  const publisher = await world.join();
  const { slow } = await stuck(world, publisher);
  slow.request(34, 1000);
  await world.until(() => !world.realm.sessions.has(slow.session), 'the end of the slow session');
  assert.equal(world.realm.dealer.registrations.best('com.slow'), undefined);
  slow.wire.socket!.resume();
  await slow.ended();
});

check('a result that does not fit ends the session of the caller, not that of the callee', async world => {
  const callee = await world.join();
  await callee.register('com.quick');
  const { slow } = await stuck(world, callee);
  slow.request(48, {}, 'com.quick');
  await callee.receives([68, 1, ANY, {}]);
  callee.send([70, 1, {}, ['result']]);
  await callee.receivesNothing();
  await world.until(() => !world.realm.sessions.has(slow.session), 'the end of the slow session');
  slow.wire.socket!.resume();
  await slow.ended();
});

check('sessions that follow one another unread do not pile up answers', async world => {
  const client = await world.dial();
  const socket = client.wire.socket!;
  socket.pause();
  const { connections } = world.router;
  for (let i = 0; world.router.connections === connections; i++) {
    assert.ok(i < 200, 'it goes on for ever');
    for (let n = 0; n < 200; n++) {
      client.sendHello('realm1');
      client.send([6, {}, 'wamp.close.close_realm']);
    }
    await new Promise<void>(resolve => {
      if (socket.destroyed) resolve();
      else socket.write('', () => resolve());
    });
  }
  socket.resume();
  await client.ended();
});

check(
  'what waits in the queue is what was sent, octet for octet',
  async world => {
    const [slow, callee] = [await world.join(), await world.join()];
    await callee.register('com.echo');
    await slow.subscribe('com.x');
    slow.wire.socket!.pause();
    const random = new Random(7);
    const expected = new Map<number, string>();
    const texts: string[] = [];
    for (let i = 1; i <= 1500; i++) {
      // Short ones are copied into slabs, long ones wait as they are, and events are shared with others.
      const text = `${i}`.padEnd(random.below(random.pick([20, 200, 20_000])), `${i}.`);
      if (random.below(2) === 0) {
        expected.set(slow.request(48, {}, 'com.echo', [text]), text);
        await callee.receives([68, ANY, ANY, {}, [text]]);
        callee.send([70, expected.size, {}, [text]]);
      } else {
        texts.push(text);
        callee.request(16, {}, 'com.x', [text]);
      }
    }
    await callee.receivesNothing();
    slow.wire.socket!.resume();
    for (let i = 0; i < 1500; i++) {
      const message = await slow.next('RESULT or EVENT');
      if (message[0] === 36) assert.deepEqual(message[4], [texts.shift()]);
      else assert.deepEqual(message, [50, message[1], {}, [expected.get(message[1] as number)]]);
    }
    assert.equal(texts.length, 0);
  },
  2 ** 26,
);
