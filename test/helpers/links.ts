/** Owns the links that every behaviour is tested over, and how a test client dials each of them. */

import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { MemoryPeer } from '../../src/transport/memory.js';
import type { SerializerName } from '../../src/wire/serializers/serializer.js';
import type { Wire } from './client.js';
import { CODECS } from './codecs.js';
import { FrameReader, frame, MESSAGE } from './rawsocket-frames.js';

export type LinkKind = 'memory' | 'ws' | 'rawsocket';

export interface Link {
  readonly name: `${LinkKind}+${SerializerName}`;
  readonly kind: LinkKind;
  readonly serializer: SerializerName;
  /** Whether the port serves WebSocket and RawSocket, so that the router must find out which one comes. */
  readonly shared: boolean;
}

export const LINKS: readonly Link[] = (['memory', 'ws', 'rawsocket'] as const).flatMap(kind =>
  (['json', 'msgpack', 'cbor'] as const).map(
    serializer => ({ name: `${kind}+${serializer}`, kind, serializer, shared: serializer === 'json' }) as const,
  ),
);

export function linkNamed(name: Link['name']): Link {
  return LINKS.find(link => link.name === name)!;
}

export function memoryWire(peer: MemoryPeer): Wire {
  const wire: Wire = {
    send: bytes => peer.send(bytes),
    onMessage: () => {},
    onClose: () => {},
    close: () => peer.close(),
    destroy: () => peer.close(),
    socket: undefined,
  };
  // The router's bytes are valid only during the call, so what waits to be read is copied.
  peer.onMessage = bytes => wire.onMessage(Buffer.from(bytes));
  peer.onClose = () => wire.onClose('memory link closed');
  return wire;
}

export function dialWebSocket(address: Address, serializer: SerializerName): Promise<Wire> {
  const { subprotocol, binary } = CODECS[serializer];
  const url = typeof address === 'string' ? `ws+unix:${address}:/ws` : `ws://127.0.0.1:${address}/ws`;
  const webSocket = new WebSocket(url, subprotocol, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    webSocket.once('error', reject);
    webSocket.once('upgrade', response => {
      const wire: Wire = {
        send: bytes => webSocket.send(bytes, { binary }),
        onMessage: () => {},
        onClose: () => {},
        close: () => webSocket.close(1000),
        destroy: () => reset(response.socket),
        socket: response.socket,
      };
      webSocket.on('message', (data, isBinary) => {
        if (isBinary !== binary) return webSocket.close(1003, 'wrong kind of message');
        wire.onMessage(data as Buffer);
      });
      webSocket.on('close', (code, reason) => wire.onClose(`WebSocket ${code} ${reason}`));
      webSocket.once('open', () => {
        webSocket.off('error', reject);
        webSocket.on('error', () => {});
        resolve(wire);
      });
    });
  });
}

/** A port of this machine, or the path of a Unix socket. */
export type Address = number | string;

/** A connection without a protocol; errors only end it. */
export function dialTcp(address: Address): Promise<Socket> {
  const tcp = { port: Number(address), host: '127.0.0.1', noDelay: true };
  const socket = connect(typeof address === 'string' ? { path: address } : tcp);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/**
 * The peer dies. With a write or an end under way only a plain end of the connection is safe: of one that was reset then,
 * Node.js (20 and 22) now and then awaits the request for ever, at the exit of its process and at full load.
 */
function reset(socket: Socket): void {
  if (socket.writableLength > 0 || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** `exponent`: the longest message that the client accepts is 2^(9 + exponent) octets. */
export async function dialRawSocket(address: Address, serializer: SerializerName, exponent = 15): Promise<Wire> {
  const socket = await dialTcp(address);
  socket.write(Buffer.from([0x7f, (exponent << 4) | CODECS[serializer].rawSocketId, 0, 0]));
  const wire: Wire = {
    send: bytes => void socket.write(frame(MESSAGE, bytes)),
    onMessage: () => {},
    onClose: () => {},
    close: () => void socket.end(),
    destroy: () => reset(socket),
    socket,
  };
  const reader = new FrameReader((type, bytes) => {
    if (type === MESSAGE) wire.onMessage(bytes);
  });
  const greeting = await new Promise<Buffer>((resolve, reject) => {
    let octets = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      octets = Buffer.concat([octets, chunk]);
      if (octets.length < 4) return;
      socket.off('data', onData);
      resolve(octets);
    };
    socket.on('data', onData);
    socket.once('close', () => reject(new Error('closed before the RawSocket handshake')));
  });
  if (greeting[0] !== 0x7f || (greeting[1]! & 15) !== CODECS[serializer].rawSocketId) {
    throw new Error(`RawSocket handshake refused: ${greeting.toString('hex')}`);
  }
  socket.on('data', chunk => reader.push(chunk));
  socket.on('close', hadError => wire.onClose(hadError ? 'TCP reset' : 'TCP closed'));
  reader.push(greeting.subarray(4));
  return wire;
}
