/** Owns the RawSocket handshake and framing against peers that get them wrong, dribble, or die half way. */

import assert from 'node:assert/strict';
import { CODECS } from '../helpers/codecs.js';
import { LINKS, linkNamed } from '../helpers/links.js';
import { framed, greet, RawPeer, SMALL_HELLO, turn } from '../helpers/raw-peer.js';
import { FrameReader, frame, PING, PONG } from '../helpers/rawsocket-frames.js';
import { beside, guilty } from '../helpers/witness.js';

/** Ports for RawSocket alone, and shared with WebSocket, reach the handshake by different ways. */
const BOTH = [linkNamed('rawsocket+json'), linkNamed('rawsocket+msgpack')];
const ROWS = LINKS.filter(link => link.kind === 'rawsocket');

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
    const hello = framed(world, SMALL_HELLO);
    const call = framed(world, [48, 1, {}, 'wamp.session.count']);
    const bye = framed(world, [6, {}, 'wamp.close.close_realm']);
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
    const bytes = framed(world, [34, ++client.requests, 1000]);
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
  for (let i = 0; i < 1000; i++) frames.push(framed(world, [34, ++client.requests, 1000]));
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
    await assert.rejects(client.next('an ABORT: what has no frame is no message'), /the connection closed/);
  });
}

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
    await peer.write(framed(world, SMALL_HELLO));
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
      const bytes = framed(world, [16, 2, {}, 'com.x', ['x'.repeat(100)]]);
      await new Promise<void>(resolve => client.wire.socket!.write(bytes.subarray(0, cut), () => resolve()));
      if (how === 'end') client.wire.close();
      else client.wire.destroy();
      await world.until(() => world.realm.sessions.size === 2, 'the end of the session');
      assert.equal(world.realm.dealer.registrations.best('com.guilty'), undefined);
    });
  }
}
