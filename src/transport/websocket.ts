/** Owns WebSocket connections that clients open: receives through `ws`, sends frames of its own making. */

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { Serializer } from '../wire/serializers/serializer.js';
import { type Framing, webSocketBinary, webSocketText } from './framing.js';
import { isOriginAllowed, type OriginPolicy } from './origin.js';
import { type Flusher, SendQueue } from './send-queue.js';
import { peerName, type Receiver, type Transport, type TransportInfo } from './transport.js';

export interface WebSocketOptions {
  readonly serializers: readonly Serializer[];
  readonly maxMessageBytes: number;
  readonly origins: OriginPolicy;
  /** Milliseconds between pings, 0 for none. */
  readonly pingInterval: number;
  /** Milliseconds a peer has to answer a ping before it is disconnected. Default: until the next ping. */
  readonly pingTimeout?: number | undefined;
  /** Milliseconds a peer has to answer a close frame. Default 1000. */
  readonly closeTimeout?: number | undefined;
}

/** Timers of Node.js may be early by this, in milliseconds. */
const TIMER_PRECISION = 1;
const CLOSE_NORMAL = 1000;
/** The longest close reason a frame can carry is 123 octets; a character cut in two makes it two longer. */
const MAX_REASON = 121;

/** Accepts WebSocket upgrades for one set of options and hands over the transports. */
export class WebSocketAcceptor {
  readonly #server: WebSocketServer;
  readonly #options: WebSocketOptions;
  readonly #flusher: Flusher;
  readonly #onTransport: (transport: Transport) => void;
  readonly #open = new Set<WebSocketTransport>();
  readonly #pinger: NodeJS.Timeout | undefined;

  constructor(options: WebSocketOptions, flusher: Flusher, onTransport: (transport: Transport) => void) {
    this.#options = options;
    this.#flusher = flusher;
    this.#onTransport = onTransport;
    // The typings do not know `closeTimeout` yet.
    const serverOptions: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      // Deflate would interleave with the frames that are written past `ws`.
      perMessageDeflate: false,
      maxPayload: options.maxMessageBytes,
      closeTimeout: options.closeTimeout ?? 1000,
      handleProtocols: offered => this.#choose(offered)?.subprotocol ?? false,
    };
    this.#server = new WebSocketServer(serverOptions);
    if (options.pingInterval > 0) {
      this.#pinger = setInterval(() => this.#ping(), options.pingInterval);
      this.#pinger.unref();
    }
  }

  /** Takes over an HTTP upgrade request, or refuses it with a status and a sentence. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const origin = request.headers.origin;
    if (!isOriginAllowed(origin, this.#options.origins)) {
      return refuse(socket, 403, `Origin ${origin} is not allowed; list it in the transport's options.allowed_origins`);
    }
    const header = request.headers['sec-websocket-protocol'] ?? '';
    const offered = new Set(header.split(',').map(name => name.trim()));
    const serializer = this.#choose(offered);
    if (!serializer) {
      const known = this.#options.serializers.map(s => s.subprotocol).join(', ');
      return refuse(socket, 400, `No usable WebSocket subprotocol in "${header}"; this transport speaks ${known}`);
    }
    this.#server.handleUpgrade(request, socket, head, webSocket => {
      const peer = peerName(socket);
      const transport = new WebSocketTransport(webSocket, socket, serializer, this.#flusher, peer);
      this.#open.add(transport);
      webSocket.on('close', () => this.#open.delete(transport));
      this.#onTransport(transport);
    });
  }

  close(): void {
    clearInterval(this.#pinger);
    this.#server.close();
  }

  /** The first of the client's offers that we speak: the order is the client's preference (RFC 6455, 4.1). */
  #choose(offered: Set<string>): Serializer | undefined {
    for (const name of offered) {
      const serializer = this.#options.serializers.find(s => s.subprotocol === name);
      if (serializer) return serializer;
    }
    return undefined;
  }

  #ping(): void {
    const { pingInterval, pingTimeout } = this.#options;
    for (const transport of this.#open) transport.ping();
    const timeout = Math.min(pingTimeout ?? pingInterval, pingInterval);
    const check = (): void => {
      for (const transport of this.#open) transport.expectAnswer(timeout);
    };
    setTimeout(check, timeout).unref();
  }
}

class WebSocketTransport implements Transport {
  readonly info: TransportInfo;
  readonly serializer: Serializer;
  readonly framing: Framing;
  readonly maxSend = Number.POSITIVE_INFINITY;
  receiver: Receiver | undefined;
  readonly #webSocket: WebSocket;
  readonly #queue: SendQueue;
  #asked = '';
  #failure = '';
  #alive = true;
  /** When the first ping was sent that has not been answered. */
  #pingedAt = 0;

  constructor(webSocket: WebSocket, socket: Socket, serializer: Serializer, flusher: Flusher, peer: string) {
    this.#webSocket = webSocket;
    this.serializer = serializer;
    this.framing = serializer.binary ? webSocketBinary : webSocketText;
    this.#queue = new SendQueue(socket, flusher);
    this.info = { type: 'websocket', peer, protocol: serializer.subprotocol, rtt: 0 };
    webSocket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
    webSocket.on('error', error => {
      this.#failure = error.message;
    });
    webSocket.on('close', code => this.#onClose(code));
    webSocket.on('pong', () => this.#onPong());
  }

  get buffered(): number {
    return this.#queue.buffered;
  }

  get turn(): number {
    return this.#queue.turn;
  }

  send(out: Buffer, end: number): void {
    this.#queue.copy(out, this.framing.prepend(out, end), end);
  }

  sendShared(framed: Buffer): void {
    this.#queue.share(framed);
  }

  close(reason: string): void {
    if (this.#asked) return;
    this.#asked = reason;
    // `ws` writes its close frame past the queue.
    this.#queue.flush();
    this.#webSocket.close(CLOSE_NORMAL, Buffer.from(reason).subarray(0, MAX_REASON).toString());
  }

  destroy(reason: string): void {
    this.#asked ||= reason;
    this.#webSocket.terminate();
  }

  ping(): void {
    if (this.#alive) this.#pingedAt = performance.now();
    this.#alive = false;
    this.#webSocket.ping();
  }

  /** To ping many takes a while, so the next ping may have been sent before the last one's time is over. */
  expectAnswer(timeout: number): void {
    const waited = performance.now() - this.#pingedAt;
    if (!this.#alive && waited >= timeout - TIMER_PRECISION) this.destroy('no answer to a ping');
  }

  #onPong(): void {
    // RFC 6455, 5.5.3: a pong may come unasked.
    if (this.#alive) return;
    this.#alive = true;
    this.info.rtt = performance.now() - this.#pingedAt;
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (isBinary === this.serializer.binary) return this.receiver?.onMessage(data);
    this.receiver?.onViolation(
      `${isBinary ? 'binary' : 'text'} WebSocket message, but ${this.serializer.subprotocol} travels in ${isBinary ? 'text' : 'binary'} ones`,
    );
  }

  #onClose(code: number): void {
    const lost = this.#asked === '';
    this.receiver?.onClose({ lost, reason: this.#asked || this.#failure || `WebSocket closed with code ${code}` });
  }
}

const STATUS = { 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found' } as const;

/** Answers an upgrade request with a sentence and ends the connection, whether or not the peer ends its half. */
export function refuse(socket: Socket, status: keyof typeof STATUS, text: string): void {
  const body = `${text.replaceAll(/[\r\n]/g, ' ')}\n`;
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
