/** Owns listening sockets: one TCP port (or Unix path) that serves WebSocket, RawSocket and a word for HTTP visitors. */

import { unlinkSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { acceptRawSocket, MAGIC, type RawSocketOptions } from './rawsocket.js';
import type { Flusher } from './send-queue.js';
import type { Transport } from './transport.js';
import { refuse, WebSocketAcceptor, type WebSocketOptions } from './websocket.js';

/** One service on a listener, with what the one who listens wants to know of its transports. */
export interface Service<Options> {
  readonly options: Options;
  readonly onTransport: (transport: Transport) => void;
}

export interface ListenerOptions {
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly backlog?: number | undefined;
  /** By URL path without the leading slash; '' is the root. */
  readonly webSockets: ReadonlyMap<string, Service<WebSocketOptions>>;
  /** Serves every path that `webSockets` does not name. */
  readonly anyPath?: Service<WebSocketOptions> | undefined;
  readonly rawSocket: Service<RawSocketOptions> | undefined;
  /** Milliseconds a connection has to say what it wants. */
  readonly handshakeTimeout: number;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #flusher: Flusher;
  readonly #http: HttpServer;
  readonly #server: Server;
  readonly #acceptors = new Map<string, WebSocketAcceptor>();
  readonly #anyPath: WebSocketAcceptor | undefined;
  /** Open sockets, each with the timer that ends it unless it becomes a WAMP connection. */
  readonly #sockets = new Map<Socket, NodeJS.Timeout>();

  constructor(options: ListenerOptions, flusher: Flusher) {
    this.#options = options;
    this.#flusher = flusher;
    for (const [path, service] of options.webSockets) {
      this.#acceptors.set(path, new WebSocketAcceptor(service.options, flusher, service.onTransport));
    }
    const { anyPath } = options;
    this.#anyPath = anyPath && new WebSocketAcceptor(anyPath.options, flusher, anyPath.onTransport);
    this.#http = createHttpServer((_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain; charset=utf-8', upgrade: 'websocket' });
      response.end(`This is a WAMP router. Connect with WebSocket to ${this.#paths()}.\n`);
    });
    this.#http.on('upgrade', this.#onUpgrade);
    this.#server = createServer({ pauseOnConnect: false }, this.#onConnection);
  }

  /** Resolves with the address in use: `ws://127.0.0.1:8080`, or the path of a Unix socket. */
  async listen(): Promise<string> {
    const { address } = this.#options;
    try {
      return await this.#bind();
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!isTaken || !('path' in address) || (await isAlive(address.path))) throw error;
      // A router that was killed leaves its socket file behind, and nobody answers there.
      unlinkSync(address.path);
      return this.#bind();
    }
  }

  #bind(): Promise<string> {
    const { address, backlog } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...address, backlog }, () => {
        this.#server.off('error', reject);
        resolve(this.address);
      });
    });
  }

  get address(): string {
    const bound = this.#server.address();
    if (bound === null || typeof bound === 'string') return bound ?? '';
    return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
  }

  /** The TCP port in use, which matters when 0 was asked for. */
  get port(): number {
    const bound = this.#server.address();
    return bound !== null && typeof bound === 'object' ? bound.port : 0;
  }

  /** Stops accepting. */
  async close(): Promise<void> {
    for (const acceptor of this.#acceptors.values()) acceptor.close();
    this.#anyPath?.close();
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    this.#http.closeAllConnections();
    for (const socket of this.#sockets.keys()) socket.destroy();
    await closed;
  }

  #paths(): string {
    if (this.#anyPath) return 'any path';
    return [...this.#acceptors.keys()].map(path => `/${path}`).join(', ') || 'another port';
  }

  readonly #onConnection = (socket: Socket): void => {
    // The HTTP server has timeouts of its own, but keeps them only when it listens itself.
    const timer = setTimeout(() => socket.destroy(), this.#options.handshakeTimeout);
    this.#sockets.set(socket, timer);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
    // Peers vanish at any time, also while they are refused; whom it concerns hears of it by `close`.
    socket.on('error', () => socket.destroy());
    const raw = this.#options.rawSocket;
    if (!raw) return void this.#http.emit('connection', socket);
    if (this.#acceptors.size === 0 && !this.#anyPath) return this.#acceptRawSocket(socket, raw);
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      socket.unshift(first);
      if (first[0] === MAGIC) this.#acceptRawSocket(socket, raw);
      else this.#http.emit('connection', socket);
    });
  };

  #acceptRawSocket(socket: Socket, { options, onTransport }: Service<RawSocketOptions>): void {
    clearTimeout(this.#sockets.get(socket));
    acceptRawSocket(socket, options, this.#flusher, onTransport);
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    const path = (request.url ?? '/').split('?', 1)[0]!.replace(/^\//, '');
    const acceptor = this.#acceptors.get(path) ?? this.#anyPath;
    clearTimeout(this.#sockets.get(socket));
    if (acceptor) return acceptor.upgrade(request, socket, head);
    refuse(socket, 404, `No WebSocket at /${path}; this router serves it at ${this.#paths()}`);
  };
}

function isAlive(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', error => resolve((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED'));
    socket.once('connect', () => socket.destroy());
  });
}
