/** Owns WebSocket connections that a client of ours opens, in JSON. */

import { WebSocket } from 'ws';
import { type ClientLink, type ConnectOptions, LinkRefused } from './client-link.js';

const SUBPROTOCOL = 'wamp.2.json';
/** Octets of one message: pages of records are below 8 MiB, unless a single record is longer. */
const MAX_MESSAGE = 64 << 20;

/** @throws LinkRefused, or the error of the socket. */
export function connectWebSocket(url: string, { timeout }: ConnectOptions): Promise<ClientLink> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, SUBPROTOCOL, {
      handshakeTimeout: timeout,
      maxPayload: MAX_MESSAGE,
      perMessageDeflate: false,
    });
    socket.on('unexpected-response', (request, response) => {
      reject(new LinkRefused(`HTTP ${response.statusCode} ${response.statusMessage ?? ''}`.trim()));
      request.destroy();
    });
    // Stays for the whole life: `ws` emits errors of an open connection too, and closes afterwards.
    let failure = '';
    socket.on('error', error => {
      failure = error.message;
      // What `ws` finds wrong in an answer has no code; what the system reports has one.
      reject('code' in error && !String(error.code).startsWith('WS_') ? error : asRefusal(error));
    });
    socket.once('open', () => {
      const link: ClientLink = {
        onMessage: () => {},
        onClose: () => {},
        send: text => socket.send(text),
        close: () => socket.close(1000),
        destroy: () => socket.terminate(),
      };
      socket.on('message', data => link.onMessage(String(data)));
      socket.on('close', code => link.onClose(failure || `WebSocket closed with code ${code}`));
      resolve(link);
    });
  });
}

function asRefusal(error: Error): Error {
  return 'errors' in error ? error : new LinkRefused(error.message);
}
