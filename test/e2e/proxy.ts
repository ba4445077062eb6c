/** Owns a TCP proxy between clients and the router that writes down what crosses the wire. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { decode, StreamReader, type WireMessage } from './wire.js';

/** One connection, and who is at its end once WELCOME has passed. */
export class Wire {
  readonly messages: WireMessage[] = [];
  serializer = '';

  /** The only message of its type, or the only one of those that `matches` accepts. */
  one(type: string, matches: (message: readonly unknown[]) => boolean = () => true): WireMessage {
    const found = this.messages.filter(candidate => candidate.type === type && matches(candidate.message));
    if (found.length === 1) return found[0]!;
    throw new Error(`${found.length} messages ${type} that match, expected one`);
  }

  get session(): number {
    return this.one('WELCOME').message[1] as number;
  }

  get details(): { readonly authid: string; readonly authrole: string; readonly realm: string } {
    return this.one('WELCOME').message[2] as Wire['details'];
  }

  /** As it is now. */
  snapshot(): Wire {
    const wire = new Wire();
    wire.serializer = this.serializer;
    wire.messages.push(...this.messages);
    return wire;
  }

  octets(direction: 'rx' | 'tx'): number {
    return this.messages.filter(m => m.direction === direction).reduce((sum, m) => sum + m.bytes.length, 0);
  }
}

export class WireProxy {
  readonly wires: Wire[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number) {
    this.#server = createServer({ allowHalfOpen: true }, client => this.#onConnection(client, target));
  }

  static async listen(target: number): Promise<WireProxy> {
    const proxy = new WireProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get newest(): Wire {
    return this.wires.at(-1)!;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #onConnection(client: Socket, target: number): void {
    const router = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const wire = new Wire();
    this.wires.push(wire);
    const reader = (direction: 'rx' | 'tx'): StreamReader =>
      new StreamReader(
        bytes => void wire.messages.push(decode(wire.serializer, direction, bytes)),
        serializer => {
          wire.serializer = serializer;
        },
      );
    this.#pump(client, router, reader('rx'));
    this.#pump(router, client, reader('tx'));
  }

  #pump(from: Socket, to: Socket, reader: StreamReader): void {
    this.#sockets.add(from);
    from.setNoDelay();
    from.on('data', chunk => {
      // Written down first: who has received a message finds it here.
      reader.push(chunk);
      to.write(chunk);
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      if (from.errored) to.destroy();
    });
  }
}
