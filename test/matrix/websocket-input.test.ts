/** Owns the WebSocket handshake and framing against peers that get them wrong, dribble, or die half way. */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientOptions, WebSocket } from 'ws';
import type { Client } from '../helpers/client.js';
import { CODECS } from '../helpers/codecs.js';
import { LINKS, linkNamed } from '../helpers/links.js';
import { RawPeer, turn } from '../helpers/raw-peer.js';
import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, webSocketFrame } from '../helpers/websocket-frames.js';
import { beside, guilty } from '../helpers/witness.js';
import type { World } from '../helpers/world.js';

/** Ports for WebSocket alone, and shared with RawSocket, reach the handshake by different ways. */
const BOTH = [linkNamed('ws+json'), linkNamed('ws+msgpack')];
const ROWS = LINKS.filter(link => link.kind === 'ws');
const VIOLATION = 'wamp.error.protocol_violation';

/** The status of the answer to an upgrade: 101 when it was granted. */
function upgrade(world: World, protocols: string[], options: ClientOptions = {}, path = 'ws'): Promise<string> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${world.port}/${path}`, protocols, options);
  return new Promise((resolve, reject) => {
    webSocket.on('error', reject);
    webSocket.on('open', () => {
      // An extension would change frames that the router writes by itself.
      const { protocol, extensions } = webSocket;
      webSocket.on('close', () => resolve(`101 ${protocol}${extensions}`));
      webSocket.close();
    });
    webSocket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', chunk => {
        body += chunk;
      });
      response.on('end', () => resolve(`${response.statusCode} ${body}`));
    });
  });
}

function encode(world: World, value: unknown): Buffer {
  return CODECS[world.link.serializer].encode(value);
}

/** The opcode that is right for the serializer, and the one that is wrong. */
function opcodes(world: World): [right: number, wrong: number] {
  return world.link.serializer === 'json' ? [TEXT, BINARY] : [BINARY, TEXT];
}

function raw(client: Client, bytes: Uint8Array): void {
  client.wire.socket!.write(bytes);
}

beside(BOTH, 'the first subprotocol of the client that the transport speaks is taken', async world => {
  assert.equal(await upgrade(world, ['wamp.2.cbor', 'wamp.2.json']), '101 wamp.2.cbor');
  assert.equal(await upgrade(world, ['wamp.2.ubjson', 'wamp.2.json.batched', 'wamp.2.json']), '101 wamp.2.json');
});

beside(BOTH, 'without a subprotocol in common the handshake fails', async world => {
  for (const offers of [[], ['mqtt'], ['wamp.2.ubjson', 'wamp.1']]) {
    assert.match(await upgrade(world, offers), /^400 .*wamp\.2\.json/);
  }
});

beside(BOTH, 'other paths and plain HTTP are told where the router is', async world => {
  assert.match(await upgrade(world, ['wamp.2.json'], {}, 'other'), /^404 .*\/ws/);
  assert.equal(await upgrade(world, ['wamp.2.json'], {}, 'ws?token=1'), '101 wamp.2.json');
  const response = await fetch(`http://127.0.0.1:${world.port}/`);
  assert.equal(response.status, 426);
  assert.match(await response.text(), /\/ws/);
});

beside(
  BOTH,
  'pages of this machine and of listed origins may connect, others not',
  async world => {
    const ask = (origin: string): Promise<string> => upgrade(world, ['wamp.2.json'], { origin });
    for (const origin of ['http://localhost:3000', 'https://127.0.0.1', 'http://[::1]:8080', 'http://127.1.2.3:5']) {
      assert.equal(await ask(origin), '101 wamp.2.json', origin);
    }
    for (const origin of ['https://app.example.com', 'https://APP.example.com', 'https://a.b.sub.example.org:8443']) {
      assert.equal(await ask(origin), '101 wamp.2.json', origin);
    }
    for (const origin of [
      'https://evil.example',
      'null',
      'http://app.example.com',
      'https://app.example.com.evil.example',
      'https://appXexample.com',
      'https://sub.example.org:8443',
      'http://localhost.evil.example',
      'http://127.0.0.1.evil.example',
      'file://localhost',
    ]) {
      assert.match(await ask(origin), /^403 .*allowed_origins/, origin);
    }
  },
  { origins: { allowed: ['https://app.example.com', 'https://*.sub.example.org:*'], allowNull: false } },
);

beside(
  [linkNamed('ws+json')],
  'pages without an origin of their own may connect where that is allowed',
  async world => assert.equal(await upgrade(world, ['wamp.2.json'], { origin: 'null' }), '101 wamp.2.json'),
  { origins: { allowed: [], allowNull: true } },
);

beside(BOTH, 'peers that vanish while they are refused do no harm', async world => {
  const head = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const requests = [
    `GET /other HTTP/1.1\r\n${head}${key}\r\n`,
    `GET /ws HTTP/1.1\r\n${head}${key}Origin: https://evil.example\r\n\r\n`,
    `GET /ws HTTP/1.1\r\n${head}${key}Sec-WebSocket-Protocol: mqtt\r\n\r\n`,
    `GET /ws HTTP/1.1\r\n${head}Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n`,
    `GET /ws HTTP/1.1\r\n${head}${key}Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n`,
    'GET / HTTP/1.1\r\n',
    'nonsense\r\n\r\n',
    '\x16\x03\x01\x02\x00',
  ];
  for (const request of requests) {
    for (let i = 0; i < 4; i++) {
      const peer = await RawPeer.dial(world.port);
      await peer.write(request);
      if (i > 1) await turn();
      if (i === 3) await turn();
      peer.socket.resetAndDestroy();
      await turn();
    }
  }
  // Were their sockets' errors nobody's, this process would have ended.
  await world.until(() => world.router.connections === 2, 'the end of the connections');
});

beside(
  BOTH,
  'who says nothing, or half a request, is disconnected',
  async world => {
    const silent = await RawPeer.dial(world.port);
    const half = await RawPeer.dial(world.port);
    await half.write('GET /ws HTTP/1.1\r\nHost: x\r\n');
    const idle = await RawPeer.dial(world.port);
    await idle.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await Promise.all([silent.ended(), half.ended(), idle.ended()]);
    assert.match(idle.received.toString(), /^HTTP\/1\.1 426/);
  },
  { handshakeTimeout: 250 },
);

beside(
  BOTH,
  'who says no HELLO is disconnected, with a CHALLENGE pending as well',
  async world => {
    const silent = await world.dial();
    const client = await world.dial();
    client.sendHello('realm1', { authid: 'alice', authmethods: ['ticket'] });
    await client.receives([4, 'ticket', {}]);
    await silent.ended();
    await client.ended();
  },
  { limits: { handshakeTimeout: 250 } },
);

beside(
  [linkNamed('ws+json')],
  'that pinging takes longer than a moment disconnects nobody who answers',
  async world => {
    const client = await world.join();
    const { ping } = WebSocket.prototype;
    WebSocket.prototype.ping = function (this: WebSocket) {
      for (const begin = performance.now(); performance.now() - begin < 8; );
      ping.call(this);
    };
    await sleep(450);
    WebSocket.prototype.ping = ping;
    await client.receivesNothing();
    await client.leave();
  },
  { pingInterval: 100 },
);

beside(
  [linkNamed('ws+json')],
  'who answers no ping is disconnected, who does stays',
  async world => {
    const client = await world.join();
    const deaf = await guilty(world);
    deaf.wire.socket!.removeAllListeners('data');
    deaf.wire.socket!.resume();
    await deaf.ended();
    await client.receivesNothing();
    await client.leave();
  },
  { pingInterval: 250 },
);

beside(ROWS, 'a message of the wrong kind for the subprotocol is ABORT', async world => {
  const client = await guilty(world);
  // As text it must be UTF-8, or WebSocket itself fails the connection.
  raw(client, webSocketFrame(opcodes(world)[1], '[34,2,1000]'));
  assert.match(await client.aborted(VIOLATION), /WebSocket message/);
});

beside(ROWS, 'fragments, cut anywhere and with a ping between them, are one message', async world => {
  const client = await guilty(world);
  const [right] = opcodes(world);
  for (let cut = 0; cut <= 12; cut++) {
    const bytes = encode(world, [34, ++client.requests, 1000]);
    const frames = [
      webSocketFrame(right, bytes.subarray(0, cut), { fin: false }),
      webSocketFrame(CONTINUATION, bytes.subarray(cut, 5), { fin: false }),
      webSocketFrame(PING, 'still there?'),
      webSocketFrame(CONTINUATION, bytes.subarray(Math.max(cut, 5))),
    ];
    for (const frame of frames) raw(client, frame);
    await client.receivesError(34, client.requests, 'wamp.error.no_such_subscription');
  }
  await client.leave();
});

beside(ROWS, 'messages arrive one octet at a time, and a thousand in one segment', async world => {
  const client = await guilty(world);
  const [right] = opcodes(world);
  for (const octet of webSocketFrame(right, encode(world, [34, ++client.requests, 1000]))) {
    raw(client, Buffer.from([octet]));
    await turn();
  }
  await client.receivesError(34, client.requests, 'wamp.error.no_such_subscription');
  const frames: Buffer[] = [];
  const first = client.requests + 1;
  for (let i = 0; i < 1000; i++) frames.push(webSocketFrame(right, encode(world, [34, ++client.requests, 1000])));
  raw(client, Buffer.concat(frames));
  for (let id = first; id < first + 1000; id++) {
    await client.receivesError(34, id, 'wamp.error.no_such_subscription');
  }
  await client.leave();
});

/** RFC 6455 makes each of these the end of the connection. */
const ILL_FRAMED: readonly (readonly [string, (right: number) => Buffer])[] = [
  ['not masked', right => webSocketFrame(right, 'x', { masked: false })],
  ['with RSV1', right => webSocketFrame(right, 'x', { reserved: 4 })],
  ['with RSV3', right => webSocketFrame(right, 'x', { reserved: 1 })],
  ['of opcode 3', () => webSocketFrame(3, 'x')],
  ['of opcode 15', () => webSocketFrame(15, 'x')],
  ['continuing nothing', () => webSocketFrame(CONTINUATION, 'x')],
  ['that is a ping in fragments', () => webSocketFrame(PING, 'x', { fin: false })],
  ['that is a ping of 126 octets', () => webSocketFrame(PING, 'x'.repeat(126))],
  ['that closes with one octet', () => webSocketFrame(CLOSE, 'x')],
  ['that closes with code 1005', () => webSocketFrame(CLOSE, Buffer.from([0x03, 0xed]))],
  [
    'that begins a message inside another',
    right => Buffer.concat([webSocketFrame(right, 'x', { fin: false }), webSocketFrame(right, 'x')]),
  ],
  ['of a length beyond 2^53', right => Buffer.from([0x80 | right, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])],
];

beside(BOTH, 'frames that RFC 6455 forbids end the connection and its session', async world => {
  for (const [name, make] of ILL_FRAMED) {
    const client = await guilty(world);
    raw(client, make(opcodes(world)[0]));
    const reason = await client.ended();
    assert.match(reason, /WebSocket (1002|1009|1006)/, name);
    await world.until(() => world.realm.sessions.size === 2, `the end of the session after a frame ${name}`);
  }
});

beside([linkNamed('ws+json')], 'text that is not UTF-8 ends the connection with 1007', async world => {
  const client = await guilty(world);
  raw(client, webSocketFrame(TEXT, Buffer.from('[16,2,{},"com.x",["\xff"]]', 'latin1')));
  assert.match(await client.ended(), /1007/);
});

beside(
  ROWS,
  'a message longer than the limit ends the connection with 1009, whole or in fragments',
  async world => {
    const [right] = opcodes(world);
    const whole = await guilty(world);
    const long = Buffer.alloc(64);
    webSocketFrame(right, Buffer.alloc(70_000)).copy(long);
    long.writeBigUInt64BE(2n ** 20n + 1n, 2);
    // The header alone decides: nobody waits for, or keeps, what follows.
    raw(whole, long.subarray(0, 14));
    assert.match(await whole.ended(), /1009/);
    const parts = await guilty(world);
    const part = Buffer.alloc(400_000, 0x20);
    raw(parts, webSocketFrame(right, part, { fin: false }));
    raw(parts, webSocketFrame(CONTINUATION, part, { fin: false }));
    raw(parts, webSocketFrame(CONTINUATION, part, { fin: false }));
    assert.match(await parts.ended(), /1009/);
    const client = await guilty(world);
    client.sendBytes(Buffer.alloc(2 ** 20, 0x20));
    await client.aborted(VIOLATION);
  },
  { maxMessageBytes: 2 ** 20 },
);

for (const [name, cut] of [
  ['in its header', 1],
  ['in its payload', 20],
] as const) {
  for (const how of ['end', 'reset'] as const) {
    beside(ROWS, `a socket that dies (${how}) ${name} ends its session`, async world => {
      const client = await guilty(world);
      const frame = webSocketFrame(opcodes(world)[0], encode(world, [16, 2, {}, 'com.x', ['x'.repeat(100)]]));
      const socket = client.wire.socket!;
      await new Promise<void>(resolve => socket.write(frame.subarray(0, cut), () => resolve()));
      if (how === 'end') socket.end();
      else socket.resetAndDestroy();
      await world.until(() => world.realm.sessions.size === 2, 'the end of the session');
      assert.equal(world.realm.dealer.registrations.best('com.guilty'), undefined);
    });
  }
}

beside(BOTH, 'a closing handshake of the peer ends the session, and unasked PONGs do not', async world => {
  const client = await guilty(world);
  raw(client, webSocketFrame(PONG, 'unasked'));
  await client.receivesNothing();
  raw(client, webSocketFrame(CLOSE, Buffer.from([0x03, 0xe8])));
  await client.ended();
  await world.until(() => world.realm.sessions.size === 2, 'the end of the session');
});
