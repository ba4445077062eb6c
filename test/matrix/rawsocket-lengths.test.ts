/** Owns the lengths of RawSocket messages: what the router refuses, what a client cannot take, and 2^24 octets both ways. */

import assert from 'node:assert/strict';
import { Correlator } from '../../src/trace/correlator.js';
import { ANY, CLIENT_ROLES, type Client } from '../helpers/client.js';
import { CODECS } from '../helpers/codecs.js';
import { dialRawSocket, LINKS, linkNamed } from '../helpers/links.js';
import { framed, greet, SMALL_HELLO } from '../helpers/raw-peer.js';
import { beside, guilty } from '../helpers/witness.js';
import type { World } from '../helpers/world.js';

const ROWS = LINKS.filter(link => link.kind === 'rawsocket');

/** Joins as a callee that accepts messages of 1024 octets at most. */
async function joinNarrow(world: World): Promise<Client> {
  const narrow = world.adopt(await dialRawSocket(world.port, world.link.serializer, 1));
  await narrow.hello('realm1', { roles: { callee: CLIENT_ROLES.callee } });
  return narrow;
}

beside(
  ROWS,
  'a message longer than announced ends the connection at its header',
  async world => {
    for (const length of [2 ** 20 + 1, 0xffffff]) {
      const client = await guilty(world);
      const header = Buffer.alloc(4);
      header.writeUInt32BE(length);
      client.wire.socket!.write(header);
      await client.ended();
    }
    const longest = await guilty(world);
    longest.wire.socket!.write(Buffer.from([8, 0, 0, 0]));
    await longest.ended();
    // One octet less is a message, if only a bad one.
    const client = await guilty(world);
    client.sendBytes(Buffer.alloc(2 ** 20, 0x20));
    await client.aborted('wamp.error.protocol_violation');
  },
  { maxMessageBytes: 2 ** 20 },
);

beside(
  [linkNamed('rawsocket+json')],
  'a message of 2^24 octets passes both ways, a longer one is not sent',
  async world => {
    const [caller, callee] = [await world.join(), await world.join()];
    await callee.register('com.x');
    const request = caller.request(48, {}, 'com.x');
    await callee.receives([68, 1, ANY, {}]);
    // [70,1,{},["x…"]] and [50,1,{},["x…"]] are of one length.
    const padding = 'x'.repeat(2 ** 24 - '[70,1,{},[""]]'.length);
    callee.send([70, 1, {}, [padding]]);
    await caller.receives([50, request, {}, [padding]]);
    assert.equal(caller.bytes.length, 2 ** 24);
    // The name of the procedure makes the invocation of a pattern longer than its call.
    await callee.register('com.', { match: 'prefix' });
    const filler = 'x'.repeat(2 ** 24 - '[48,2,{},"com.y",[""]]'.length);
    await caller.refused('wamp.error.payload_size_exceeded', 48, {}, 'com.y', [filler]);
    await callee.receivesNothing();
    await callee.leave();
    await caller.leave();
  },
);

beside(
  ROWS,
  'messages longer than a client accepts: its events are dropped and counted, calls and results fail',
  async world => {
    const narrow = await joinNarrow(world);
    const wide = await world.join();
    const long = ['x'.repeat(1024)];
    const subscription = await narrow.subscribe('com.x');
    await wide.subscribe('com.x');
    await narrow.register('com.narrow');
    await wide.register('com.wide');
    const other = await world.join();
    other.request(16, {}, 'com.x', long);
    other.request(16, {}, 'com.x', ['short']);
    await narrow.receives([36, subscription, ANY, {}, ['short']]);
    for (const args of [long, ['short']]) await wide.receives([36, subscription, ANY, {}, args]);
    assert.equal(world.realm.counts.droppedEvents, 1);
    await other.refused('wamp.error.payload_size_exceeded', 48, {}, 'com.narrow', long);
    for (const answer of [[70, 1, {}, long] as const, [8, 68, 2, {}, 'com.x.error', long] as const]) {
      const request = narrow.request(48, {}, 'com.wide');
      await wide.receives([68, ANY, ANY, {}]);
      wide.send([...answer]);
      const uri = answer[0] === 70 ? 'wamp.error.payload_size_exceeded' : 'com.x.error';
      await narrow.receivesError(48, request, uri);
    }
    // One progressive result that cannot pass ends the call.
    const request = narrow.request(48, { receive_progress: true }, 'com.wide');
    const [, invocation] = await wide.receives([68, ANY, ANY, { receive_progress: true }]);
    wide.send([70, invocation, { progress: true }, ['short']]);
    wide.send([70, invocation, { progress: true }, long]);
    wide.send([70, invocation, {}, ['short']]);
    await narrow.receives([50, request, { progress: true }, ['short']]);
    await narrow.receivesError(48, request, 'wamp.error.payload_size_exceeded');
    await wide.receives([69, invocation, { mode: 'killnowait' }]);
    // An invocation that could not be sent has used no id.
    other.request(48, {}, 'com.narrow', ['short']);
    await narrow.receives([68, 1, ANY, {}, ['short']]);
    narrow.send([70, 1, {}]);
    await other.next('RESULT');
    for (const client of [narrow, wide, other]) await client.leave();
  },
);

beside(
  ROWS,
  'an ERROR longer than its receiver accepts becomes shorter, and no request goes without one',
  async world => {
    const narrow = await joinNarrow(world);
    const wide = await world.join();
    await wide.register('com.wide');
    // Beside its URI the router's text does not fit.
    const malformed = `com..${'x'.repeat(985)}`;
    for (const code of [48, 32, 64, 16]) {
      const request = narrow.request(code, code === 16 ? { acknowledge: true } : {}, malformed);
      await narrow.receives([8, code, request, {}, 'wamp.error.invalid_uri']);
    }
    // The callee's URI alone does not fit.
    const request = narrow.request(48, {}, 'com.wide');
    const [, invocation] = await wide.receives([68, ANY, ANY, {}]);
    wide.send([8, 68, invocation, {}, `com.${'x'.repeat(1200)}`]);
    await narrow.receives([8, 48, request, {}, 'wamp.error.payload_size_exceeded']);
    // Nor does the text of an ABORT have to.
    narrow.send([36, 1, 1, {}]);
    await narrow.aborted('wamp.error.protocol_violation');
    await wide.leave();
  },
);

beside(ROWS, 'the trace tells of an INVOCATION that its callee could not take, and of whom it was for', async world => {
  const correlator = new Correlator({ random: world.router.ids });
  const [ended, dropped]: [string[], string[]] = [[], []];
  correlator.add({
    onFrame: ({ message, dropped: isDropped }) => {
      if (isDropped) dropped.push(message.uri);
    },
    onActionEnd: ({ kind, uri, method, outcome, error }) => {
      if (kind === 'call') ended.push([uri, method, outcome, error].join(' '));
    },
  });
  world.router.tap = correlator;
  const narrow = await joinNarrow(world);
  await narrow.register('com.narrow');
  const other = await world.join();
  await other.refused('wamp.error.payload_size_exceeded', 48, {}, 'com.narrow', ['x'.repeat(1024)]);
  assert.deepEqual(ended, ['com.narrow com.narrow error wamp.error.payload_size_exceeded']);
  assert.deepEqual(dropped, ['com.narrow']);
  world.router.tap = undefined;
  await narrow.leave();
  await other.leave();
});

// In JSON alone WELCOME is longer than the 512 octets that a client must accept at least.
beside([linkNamed('rawsocket+json')], 'a client that cannot even take WELCOME gets no session', async world => {
  const peer = await greet(world, framed(world, SMALL_HELLO), 0);
  const bytes = await peer.ended();
  assert.deepEqual(CODECS[world.link.serializer].decode(bytes.subarray(8)), [
    3,
    { message: 'WELCOME is longer than the client accepts' },
    'wamp.error.payload_size_exceeded',
  ]);
  peer.socket.end();
});
