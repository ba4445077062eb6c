/** Owns the RawSocket handshake and framing against peers that get them wrong, dribble, or die half way. */

import assert from 'node:assert/strict';
import { ANY, CLIENT_ROLES, type Client } from '../helpers/client.js';
import { CODECS } from '../helpers/codecs.js';
import { dialRawSocket, LINKS, type Link, linkNamed } from '../helpers/links.js';
import { RawPeer, turn } from '../helpers/raw-peer.js';
import { FrameReader, frame, MESSAGE, PING, PONG } from '../helpers/rawsocket-frames.js';
import { beside } from '../helpers/witness.js';
import type { World } from '../helpers/world.js';

/** Ports for RawSocket alone, and shared with WebSocket, reach the handshake by different ways. */
const BOTH = [linkNamed('rawsocket+json'), linkNamed('rawsocket+msgpack')];
const ROWS = LINKS.filter(link => link.kind === 'rawsocket');

const SMALL_HELLO = [1, 'realm1', { roles: { caller: {} } }];

/** A handshake, and whatever follows, written in one piece. */
async function greet(world: World, following: Uint8Array = Buffer.alloc(0), exponent = 15): Promise<RawPeer> {
  const peer = await RawPeer.dial(world.port);
  const { rawSocketId } = CODECS[world.link.serializer];
  await peer.write(Buffer.concat([Buffer.from([0x7f, (exponent << 4) | rawSocketId, 0, 0]), following]));
  await peer.octets(4);
  return peer;
}

function message(world: World, value: unknown): Buffer {
  return frame(MESSAGE, CODECS[world.link.serializer].encode(value));
}

/** A connection with a session and a registration. */
async function guilty(world: World): Promise<Client> {
  const client = await world.join();
  await client.register('com.guilty');
  return client;
}

for (const [octets, answer, why] of [
  ['7f000000', '7f100000', 'serializer 0 is reserved'],
  ['7ff40000', '7f100000', 'UBJSON is not offered'],
  ['7fff0000', '7f100000', 'no such serializer'],
  ['7ff10100', '7f300000', 'a reserved octet is used'],
  ['7ff10001', '7f300000', 'a reserved octet is used'],
  ['7ff10080', '7f300000', 'a reserved octet is used'],
] as const) {
  beside(BOTH, `handshake ${octets} is answered with ${answer}: ${why}`, async world => {
    const peer = await RawPeer.dial(world.port);
    await peer.write(Buffer.from(octets, 'hex'));
    assert.equal((await peer.ended()).toString('hex'), answer);
    peer.socket.end();
  });
}

beside([linkNamed('rawsocket+msgpack')], 'what is no RawSocket handshake is refused', async world => {
  const peer = await RawPeer.dial(world.port);
  await peer.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal((await peer.ended()).toString('hex'), '7f300000');
});

beside(
  ROWS,
  'the answer tells the serializer and the longest message that the router takes',
  async world => {
    const peer = await greet(world);
    assert.equal(peer.received.toString('hex'), `7fb${CODECS[world.link.serializer].rawSocketId}0000`);
    peer.socket.end();
  },
  { maxMessageBytes: 2 ** 20 + 5 },
);

beside(
  [linkNamed('rawsocket+msgpack')],
  'serializers that the transport does not offer are refused',
  async world => {
    for (const id of [1, 3]) {
      const peer = await RawPeer.dial(world.port);
      await peer.write(Buffer.from([0x7f, 0xf0 | id, 0, 0]));
      assert.equal((await peer.ended()).toString('hex'), '7f100000');
    }
  },
  { serializers: ['msgpack'] },
);

for (const pieces of [1, 3]) {
  beside(ROWS, `handshake, HELLO and a call arrive in pieces of ${pieces}`, async world => {
    const hello = message(world, SMALL_HELLO);
    const call = message(world, [48, 1, {}, 'wamp.session.count']);
    const bye = message(world, [6, {}, 'wamp.close.close_realm']);
    const { rawSocketId, decode } = CODECS[world.link.serializer];
    const all = Buffer.concat([Buffer.from([0x7f, 0xf0 | rawSocketId, 0, 0]), hello, call, bye]);
    const peer = await RawPeer.dial(world.port);
    for (let p = 0; p < all.length; p += pieces) {
      await peer.write(all.subarray(p, p + pieces));
      await turn();
    }
    const codes: unknown[] = [];
    const reader = new FrameReader((_type, bytes) => codes.push((decode(bytes) as unknown[])[0]));
    await world.until(() => world.realm.sessions.size === 2, 'the GOODBYE');
    peer.socket.end();
    reader.push((await peer.ended()).subarray(4));
    assert.deepEqual(codes, [2, 50, 6]);
  });
}

beside(ROWS, 'a frame arrives in two pieces, cut anywhere', async world => {
  const client = await guilty(world);
  for (let cut = 1; cut < 20; cut++) {
    const bytes = message(world, [34, ++client.requests, 1000]);
    client.wire.socket!.write(bytes.subarray(0, cut));
    await turn();
    client.wire.socket!.write(bytes.subarray(cut));
    await client.receivesError(34, client.requests, 'wamp.error.no_such_subscription');
  }
  await client.leave();
});

beside(ROWS, 'a thousand messages arrive in one segment, answered in order', async world => {
  const client = await guilty(world);
  const frames: Buffer[] = [];
  for (let i = 0; i < 1000; i++) frames.push(message(world, [34, ++client.requests, 1000]));
  client.wire.socket!.write(Buffer.concat(frames));
  for (let id = 2; id <= 1001; id++) await client.receivesError(34, id, 'wamp.error.no_such_subscription');
  await client.leave();
});

for (const [name, header] of [
  ['type 3', 0x03000000],
  ['type 7', 0x07000000],
  ['reserved bit 31', 0x80000001],
  ['reserved bit 28', 0x10000001],
  ['all bits', 0xffffffff],
] as const) {
  beside(BOTH, `a frame with ${name} ends the connection`, async world => {
    const client = await guilty(world);
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(header);
    client.wire.socket!.write(bytes);
    await client.ended();
  });
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
  'a message of 2^24 octets passes both ways, one of more is refused',
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
    await callee.leave();
    await caller.leave();
  },
);

beside(BOTH, 'PING is answered with PONG and its payload, PONG with nothing', async world => {
  const peer = await greet(world);
  for (const payload of ['', 'x', 'y'.repeat(1000)]) {
    const before = peer.received.length;
    await peer.write(Buffer.concat([frame(PONG, Buffer.from('unasked')), frame(PING, Buffer.from(payload))]));
    await peer.octets(before + 4 + payload.length);
    assert.deepEqual(peer.received.subarray(before), frame(PONG, Buffer.from(payload)));
  }
  peer.socket.end();
});

beside(
  BOTH,
  'PINGs whose answers nobody reads do not pile up',
  async world => {
    const peer = await greet(world);
    peer.socket.pause();
    const ping = frame(PING, Buffer.alloc(2 ** 20));
    let taken = 0;
    for (let i = 0; i < 64; i++) peer.socket.write(ping, () => taken++);
    await world.until(() => taken === 64, 'the PINGs to be taken');
    // What does not fit is not answered, and the connection goes on.
    await peer.write(message(world, SMALL_HELLO));
    let pongs = 0;
    let welcomed = false;
    const reader = new FrameReader(type => {
      if (type === PONG) pongs++;
      else welcomed = true;
    });
    reader.push(peer.received.subarray(4));
    peer.socket.removeAllListeners('data');
    peer.socket.on('data', chunk => reader.push(chunk));
    peer.socket.resume();
    await world.until(() => welcomed, 'WELCOME after the PONGs');
    assert.ok(pongs < 40, `${pongs} of 64 were answered`);
    peer.socket.destroy();
  },
  { maxMessageBytes: 2 ** 20 },
);

beside(
  BOTH,
  'who says nothing, or half a handshake, is disconnected',
  async world => {
    const silent = await RawPeer.dial(world.port);
    const half = await RawPeer.dial(world.port);
    await half.write(Buffer.from([0x7f, 0xf1]));
    await Promise.all([silent.ended(), half.ended()]);
    assert.equal(half.received.length, 0);
  },
  { handshakeTimeout: 250 },
);

beside(
  BOTH,
  'who says no HELLO is disconnected, with a CHALLENGE pending as well',
  async world => {
    const peer = await greet(world);
    const client = await world.dial();
    client.sendHello('realm1', { authid: 'alice', authmethods: ['ticket'] });
    await client.receives([4, 'ticket', {}]);
    const left = await world.join();
    await left.leave();
    await peer.ended();
    await client.ended();
    await left.ended();
  },
  { limits: { handshakeTimeout: 250 } },
);

beside(
  BOTH,
  'a refused peer that keeps its half open is not kept',
  async world => {
    const peer = await RawPeer.dial(world.port);
    peer.socket.allowHalfOpen = true;
    await peer.write(Buffer.from('7f000000', 'hex'));
    await peer.ended();
    // Only a socket that is gone answers octets with a reset.
    await world.until(() => {
      if (!peer.socket.destroyed) peer.socket.write('x');
      return peer.socket.destroyed;
    }, 'a reset');
  },
  { handshakeTimeout: 250 },
);

for (const [name, cut] of [
  ['in its header', 2],
  ['in its payload', 20],
] as const) {
  for (const how of ['end', 'reset'] as const) {
    beside(ROWS, `a socket that dies (${how}) ${name} ends its session`, async world => {
      const client = await guilty(world);
      const bytes = message(world, [16, 2, {}, 'com.x', ['x'.repeat(100)]]);
      await new Promise<void>(resolve => client.wire.socket!.write(bytes.subarray(0, cut), () => resolve()));
      if (how === 'end') client.wire.close();
      else client.wire.destroy();
      await world.until(() => world.realm.sessions.size === 2, 'the end of the session');
      assert.equal(world.realm.dealer.registrations.best('com.guilty'), undefined);
    });
  }
}

beside(
  ROWS,
  'messages longer than a client accepts: its events are dropped and counted, calls and results fail',
  async world => {
    const narrow = world.adopt(await dialRawSocket(world.port, world.link.serializer, 1));
    await narrow.hello('realm1', { roles: { callee: CLIENT_ROLES.callee } });
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

// In JSON alone WELCOME is longer than the 512 octets that a client must accept at least.
beside([linkNamed('rawsocket+json')], 'a client that cannot even take WELCOME gets no session', async world => {
  const peer = await greet(world, message(world, SMALL_HELLO), 0);
  const bytes = await peer.ended();
  assert.deepEqual(CODECS[world.link.serializer].decode(bytes.subarray(8)), [
    3,
    { message: 'WELCOME is longer than the client accepts' },
    'wamp.error.payload_size_exceeded',
  ]);
  peer.socket.end();
});
