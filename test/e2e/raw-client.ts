/** Owns a client that sends what it is told to: for what autobahn-js and wampy cannot do, such as taking INTERRUPT. */

import { once } from 'node:events';
import { WebSocket } from 'ws';

export type Message = readonly unknown[];

export class RawClient {
  readonly #socket: WebSocket;
  readonly #received: Message[] = [];
  readonly #waiting: { codes: readonly number[]; resolve: (message: Message) => void }[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', data => {
      const message = JSON.parse(String(data)) as Message;
      const index = this.#waiting.findIndex(({ codes }) => codes.includes(message[0] as number));
      if (index < 0) this.#received.push(message);
      else this.#waiting.splice(index, 1)[0]!.resolve(message);
    });
  }

  static async join(url: string, realm: string, roles: object): Promise<RawClient> {
    const socket = new WebSocket(url, 'wamp.2.json');
    const client = new RawClient(socket);
    await once(socket, 'open');
    client.send([1, realm, { roles }]);
    await client.next(2);
    return client;
  }

  send(message: Message): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** The next message of one of these types. */
  nextOf(...codes: number[]): Promise<Message> {
    const index = this.#received.findIndex(message => codes.includes(message[0] as number));
    if (index >= 0) return Promise.resolve(this.#received.splice(index, 1)[0]!);
    return new Promise(resolve => void this.#waiting.push({ codes, resolve }));
  }

  /** The next message of a type, whether it has come already or not. */
  next(code: number): Promise<Message> {
    return this.nextOf(code);
  }

  /** Says GOODBYE and waits for the answer. */
  async leave(): Promise<void> {
    this.send([6, {}, 'wamp.close.close_realm']);
    await this.next(6);
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  /** Is gone without a word. */
  drop(): void {
    this.#socket.terminate();
  }
}
