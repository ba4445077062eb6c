/** Owns RawSocket connections that a client of ours opens (WAMP advanced, "RawSocket Transport"), in JSON. */

import { connect } from 'node:net';
import { type ClientLink, type ConnectOptions, LinkRefused } from './client-link.js';
import { MAGIC } from './rawsocket.js';

const JSON_ID = 1;
/** The longest message we accept is 2^24 octets, the most that RawSocket knows. */
const MAX_EXPONENT = 15;
const MESSAGE = 0;
const PING = 1;
const PONG = 2;

const REFUSALS: { readonly [code: number]: string } = {
  1: 'it does not speak JSON',
  2: 'it does not accept our longest message',
  3: 'it does not know the reserved bits',
  4: 'it has too many connections',
};

/** @throws LinkRefused, or the error of the socket. */
export function connectRawSocket(host: string, port: number, { timeout }: ConnectOptions): Promise<ClientLink> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const timer = setTimeout(() => fail(new LinkRefused(`no answer within ${timeout} ms`)), timeout);
    let link: ClientLink | undefined;
    let failure = '';
    let rest: Buffer = Buffer.alloc(0);

    const fail = (error: Error): void => {
      reject(error);
      socket.destroy();
    };
    const handshake = (): void => {
      const [magic, answer] = rest as unknown as [number, number];
      if (magic !== MAGIC) return fail(new LinkRefused('what listens there speaks no RawSocket'));
      if ((answer & 15) !== JSON_ID) {
        return fail(new LinkRefused(`RawSocket refused: ${REFUSALS[answer >> 4] ?? `code ${answer >> 4}`}`));
      }
      clearTimeout(timer);
      rest = rest.subarray(4);
      link = {
        onMessage: () => {},
        onClose: () => {},
        send: text => socket.write(frame(MESSAGE, Buffer.from(text))),
        close: () => socket.end(),
        destroy: () => socket.destroy(),
      };
      resolve(link);
    };
    const onFrame = (type: number, bytes: Buffer): void => {
      if (type === MESSAGE) link?.onMessage(bytes.toString());
      else if (type === PING) socket.write(frame(PONG, bytes));
    };

    socket.once('connect', () => socket.write(Buffer.from([MAGIC, (MAX_EXPONENT << 4) | JSON_ID, 0, 0])));
    socket.on('data', chunk => {
      rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
      if (!link) {
        // A router says nothing before HELLO: what follows the handshake can wait for the next chunk.
        if (rest.length >= 4) handshake();
        return;
      }
      read();
    });
    const read = (): void => {
      while (rest.length >= 4) {
        const length = lengthOf(rest);
        if (rest.length < 4 + length) return;
        const type = rest[0]! & 7;
        const bytes = rest.subarray(4, 4 + length);
        rest = rest.subarray(4 + length);
        onFrame(type, bytes);
      }
    };
    socket.on('error', error => {
      failure = error.message;
      reject(error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new LinkRefused(failure || 'the connection was closed during the handshake'));
      link?.onClose(failure || 'the connection was closed');
    });
  });
}

/** Only lengths below 2^24 are sent. */
function frame(type: number, bytes: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE((type << 24) | bytes.length, 0);
  return Buffer.concat([header, bytes]);
}

function lengthOf(header: Buffer): number {
  return (header.readUInt32BE(0) & 0xffffff) + (header[0]! & 8 ? 2 ** 24 : 0);
}
