/** Owns that clients of all links meet in one realm: events and calls between any two of them. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ANY, type Client, type Dict } from '../helpers/client.js';
import { dialRawSocket, dialWebSocket, LINKS, linkNamed, memoryWire } from '../helpers/links.js';
import { inWorld } from '../helpers/scenario.js';
import { World } from '../helpers/world.js';

const SHARED = linkNamed('ws+json');

/** One client for each link, all with one router. */
async function everybody(world: World): Promise<Client[]> {
  const clients: Client[] = [];
  for (const { kind, serializer } of LINKS) {
    const wire =
      kind === 'memory'
        ? memoryWire(world.router.connect(serializer, { auth: world.auth }))
        : await (kind === 'ws' ? dialWebSocket : dialRawSocket)(world.port, serializer);
    const client = world.adopt(wire, serializer);
    await client.hello('realm1');
    clients.push(client);
  }
  return clients;
}

const PAYLOAD = [['ü', 1.5, 2n ** 63n, Buffer.from([0, 255]), null], { x: [{}] }];
const LONG = 'x'.repeat(70_000);

test('an event reaches the subscribers of all links, whatever the publisher’s', () =>
  inWorld(SHARED, {}, async world => {
    const clients = await everybody(world);
    for (const client of clients) {
      await client.subscribe('com.x');
      await client.subscribe('com.', { match: 'prefix' });
    }
    for (const publisher of clients) {
      for (const payload of [[], PAYLOAD, [[LONG]]]) {
        publisher.request(16, { exclude_me: false }, 'com.x', ...payload);
        for (const client of clients) {
          const event = await client.receives([36, ANY, ANY, {}, ...payload]);
          await client.receives([36, ANY, event[2], { topic: 'com.x' }, ...payload]);
        }
      }
    }
  }));

test('a call reaches the callees of all links, whatever the caller’s', () =>
  inWorld(SHARED, {}, async world => {
    const clients = await everybody(world);
    for (const [i, callee] of clients.entries()) await callee.register(`com.x.n${i}`);
    for (const caller of clients) {
      for (const [i, callee] of clients.entries()) {
        const request = caller.request(48, {}, `com.x.n${i}`, ...PAYLOAD);
        const [, invocation] = await callee.receives([68, ANY, ANY, {}, ...PAYLOAD]);
        callee.send([70, invocation, {}, ...PAYLOAD]);
        await caller.receives([50, request, {}, ...PAYLOAD]);
      }
    }
  }));

test('a Unix socket serves WebSocket and RawSocket like a port', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wampscope-'));
  try {
    for (const name of ['ws+json', 'ws+msgpack', 'rawsocket+json', 'rawsocket+cbor'] as const) {
      await inWorld(linkNamed(name), { path: join(directory, name) }, async world => {
        const client = await world.join();
        const details = (await client.value('wamp.session.get', client.session)) as { transport: Dict };
        assert.equal(details.transport.peer, 'unix');
      });
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('an address that is in use is refused when listening, not later', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wampscope-'));
  try {
    await inWorld(SHARED, { path: join(directory, 'taken') }, () =>
      assert.rejects(World.open(SHARED, { path: join(directory, 'taken') }), /EADDRINUSE/),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
