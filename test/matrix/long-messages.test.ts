/** Owns messages of 20 MB: over the limit they end one connection, below it they pass, and no memory is kept for them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY } from '../helpers/client.js';
import { LINKS, linkNamed } from '../helpers/links.js';
import { inWorld } from '../helpers/scenario.js';
import { Witness } from '../helpers/witness.js';
import type { World } from '../helpers/world.js';

const LONG = 'x'.repeat(20_000_000);

for (const link of LINKS.filter(({ kind }) => kind === 'ws')) {
  test(`${link.name} | 20 MB are more than 16 MiB: the connection ends with 1009`, () =>
    inWorld(link, { maxMessageBytes: 2 ** 24 }, async world => {
      const witness = await Witness.join(world);
      const client = await world.join();
      client.request(16, {}, 'com.x', [LONG]);
      assert.match(await client.ended(), /1009/);
      await witness.check();
    }));
}

for (const link of LINKS.filter(({ kind }) => kind === 'rawsocket')) {
  test(`${link.name} | 20 MB cannot be said: the header of such a message ends the connection`, () =>
    inWorld(link, {}, async world => {
      const witness = await Witness.join(world);
      const client = await world.join();
      const header = Buffer.alloc(4);
      // Bit 25 alone is 2^24; with the rest it would be 20 000 000.
      header.writeUInt32BE(0x08000000 + (20_000_000 - 2 ** 24));
      client.wire.socket!.write(header);
      await client.ended();
      await witness.check();
    }));
}

async function passes(world: World): Promise<void> {
  const [publisher, subscriber, other] = [await world.join(), await world.join(), await world.join()];
  for (const client of [subscriber, other]) await client.subscribe('com.x');
  publisher.request(16, {}, 'com.x', [LONG]);
  for (const client of [subscriber, other]) {
    const event = await client.receives([36, ANY, ANY, {}, ANY]);
    assert.equal((event[4] as string[])[0]!.length, LONG.length);
  }
  const callee = await world.join({ serializer: 'json' });
  await callee.register('com.x');
  publisher.request(48, {}, 'com.x', [LONG]);
  await callee.receives([68, 1, ANY, {}, ANY]);
  callee.send([70, 1, {}, [LONG]]);
  assert.equal((await publisher.next('RESULT'))[0], 50);
  for (const serializer of world.router.serializers.all) {
    assert.ok(serializer.out.length <= 2 ** 20, `${serializer.name} keeps ${serializer.out.length} octets`);
  }
}

for (const link of [linkNamed('memory+msgpack'), linkNamed('ws+cbor')]) {
  test(`${link.name} | 20 MB pass where they are allowed, and the serializers give the memory back`, () =>
    inWorld(link, { maxMessageBytes: 2 ** 26 }, passes));
}
