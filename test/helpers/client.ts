/** Owns a raw WAMP client for tests: it sends what it is told, legal or not, and hands out what comes, in order. */

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { Codec } from './codecs.js';

/** A connection that carries whole messages; made by links.ts. */
export interface Wire {
  send(bytes: Uint8Array): void;
  onMessage: (bytes: Buffer) => void;
  /** Called once, with words for people. */
  onClose: (why: string) => void;
  /** Ends it in good order. */
  close(): void;
  /** Ends it as a crash would. */
  destroy(): void;
  /** For tests that write octets or stop reading; memory has none. */
  readonly socket: Socket | undefined;
}

export type WampMessage = [code: number, ...rest: unknown[]];
export type Dict = Record<string, unknown>;

/** Stands for an element whose value does not matter. */
export const ANY = Symbol('any');
export const MAX_ID = 2 ** 53;

const PATIENCE = 5000;

/** What a full client announces. */
export const CLIENT_ROLES: Dict = {
  publisher: {
    features: { publisher_exclusion: true, publisher_identification: true, subscriber_blackwhite_listing: true },
  },
  subscriber: { features: { pattern_based_subscription: true, publisher_identification: true } },
  caller: {
    features: {
      call_canceling: true,
      call_timeout: true,
      caller_identification: true,
      progressive_call_results: true,
    },
  },
  callee: {
    features: {
      call_canceling: true,
      caller_identification: true,
      pattern_based_registration: true,
      progressive_call_results: true,
      shared_registration: true,
    },
  },
};

export class Client {
  readonly name: string;
  readonly wire: Wire;
  readonly codec: Codec;
  /** WELCOME.Session, 0 while there is none. */
  session = 0;
  /** WELCOME.Details. */
  details: Dict = {};
  /** The newest request id. */
  requests = 0;
  /** The octets of the message that `next` returned last. */
  bytes: Buffer = Buffer.alloc(0);
  /** Octets of each message so far, sent or arrived. */
  readonly sizes: number[] = [];
  #inbox: Buffer[] = [];
  /** How many of `#inbox` have been read: Array.shift is slow on long ones. */
  #read = 0;
  #closed: string | undefined;
  #wake: (() => void) | undefined;

  constructor(name: string, wire: Wire, codec: Codec) {
    this.name = name;
    this.wire = wire;
    this.codec = codec;
    wire.onMessage = bytes => {
      this.sizes.push(bytes.length);
      this.#inbox.push(bytes);
      this.#wake?.();
    };
    wire.onClose = why => {
      this.#closed = why;
      this.#wake?.();
    };
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  send(message: WampMessage): void {
    this.sendBytes(this.codec.encode(message));
  }

  sendBytes(bytes: Uint8Array): void {
    this.sizes.push(bytes.length);
    this.wire.send(bytes);
  }

  /** Sends a request with the next id and returns the id. */
  request(code: number, ...rest: unknown[]): number {
    this.send([code, ++this.requests, ...rest]);
    return this.requests;
  }

  /** The octets of the next message. */
  async nextBytes(awaited: string): Promise<Buffer> {
    if (this.#read === this.#inbox.length) {
      this.#inbox = [];
      this.#read = 0;
      await this.#until(() => this.#inbox.length > 0, awaited);
    }
    this.bytes = this.#inbox[this.#read++]!;
    return this.bytes;
  }

  /** The next message. */
  async next(awaited: string): Promise<WampMessage> {
    const bytes = await this.nextBytes(awaited);
    const message = this.codec.decode(bytes);
    assert.ok(Array.isArray(message), `${this.name} got no list: ${bytes.toString('latin1')}`);
    return message as WampMessage;
  }

  /** Resolves with the reason when the connection has ended. */
  async ended(): Promise<string> {
    await this.#until(() => this.#closed !== undefined, 'the end of the connection');
    return this.#closed!;
  }

  async #until(done: () => boolean, awaited: string): Promise<void> {
    while (!done()) {
      assert.equal(this.#closed, undefined, `${this.name}: the connection closed while awaiting ${awaited}`);
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`${this.name}: no ${awaited} within ${PATIENCE} ms`)),
          PATIENCE,
        );
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The next message must be this one; `ANY` matches every element. */
  async receives(expected: readonly unknown[]): Promise<WampMessage> {
    const message = await this.next(`[${expected.map(element => describe(element)).join(', ')}]`);
    const wanted = expected.map((element, i) => (element === ANY && i < message.length ? message[i] : element));
    assert.deepEqual(message, wanted, `${this.name} received something else`);
    return message;
  }

  /** The next message must be an EVENT of the meta API for a prefix subscription; returns its arguments. */
  async receivesMeta(topic: string): Promise<unknown[]> {
    const message = await this.receives([36, ANY, ANY, ANY, ANY]);
    assert.equal((message[3] as Dict).topic, topic);
    return message[4] as unknown[];
  }

  /** The next message must be an ERROR of the router's making: one argument, a sentence. */
  async receivesError(requestType: number, request: number, uri: string): Promise<string> {
    const message = await this.receives([8, requestType, request, {}, uri, ANY]);
    return sentence(message[5]);
  }

  /** Sends a request that must be answered with ERROR `uri`; returns the error's sentence. */
  async refused(uri: string, code: number, ...rest: unknown[]): Promise<string> {
    return this.receivesError(code, this.request(code, ...rest), uri);
  }

  /** The next message must be ABORT, the last; the connection ends. */
  async aborted(reason: string): Promise<string> {
    const message = await this.receives([3, ANY, reason]);
    const details = message[1] as Dict;
    assert.deepEqual(Object.keys(details), ['message']);
    await this.ended();
    assert.equal(this.#inbox.length, this.#read, 'nothing follows an ABORT');
    return sentence([details.message]);
  }

  /**
   * Nothing came that was not read. Proved without waiting: messages are answered in order, so what was
   * on its way has arrived before the answer to a request that changes nothing.
   */
  async receivesNothing(): Promise<void> {
    await this.refused('wamp.error.no_such_subscription', 34, MAX_ID);
  }

  sendHello(realm: string, details: Dict = {}): void {
    this.send([1, realm, { roles: CLIENT_ROLES, ...details }]);
  }

  async hello(realm: string, details: Dict = {}): Promise<void> {
    this.sendHello(realm, details);
    if ((details.authmethods as string[] | null | undefined)?.[0] === 'ticket') {
      await this.receives([4, 'ticket', {}]);
      this.send([5, `${details.authid}-secret`, {}]);
    }
    await this.welcomed();
  }

  async welcomed(): Promise<void> {
    const message = await this.receives([2, ANY, ANY]);
    this.session = message[1] as number;
    this.details = message[2] as Dict;
    this.requests = 0;
  }

  /** Says GOODBYE and awaits the answer; the connection stays. */
  async leave(): Promise<void> {
    this.send([6, {}, 'wamp.close.close_realm']);
    await this.receives([6, {}, 'wamp.close.goodbye_and_out']);
    this.session = 0;
  }

  async subscribe(topic: string, options: Dict = {}): Promise<number> {
    const request = this.request(32, options, topic);
    return (await this.receives([33, request, ANY]))[2] as number;
  }

  async unsubscribe(subscription: number): Promise<void> {
    await this.receives([35, this.request(34, subscription)]);
  }

  /** Publishes with `acknowledge` and returns the publication id. */
  async publish(topic: string, args?: unknown[], options: Dict = {}): Promise<number> {
    const request = this.request(16, { acknowledge: true, ...options }, topic, ...(args ? [args] : []));
    return (await this.receives([17, request, ANY]))[2] as number;
  }

  async register(procedure: string, options: Dict = {}): Promise<number> {
    const request = this.request(64, options, procedure);
    return (await this.receives([65, request, ANY]))[2] as number;
  }

  async unregister(registration: number): Promise<void> {
    await this.receives([67, this.request(66, registration)]);
  }

  /** Calls a procedure that answers by itself and returns the elements after RESULT.Details. */
  async call(procedure: string, args?: unknown[], kwargs?: Dict): Promise<unknown[]> {
    const payload = kwargs ? [args ?? [], kwargs] : args ? [args] : [];
    const request = this.request(48, {}, procedure, ...payload);
    const message = await this.next(`RESULT of ${procedure}`);
    assert.deepEqual(message.slice(0, 3), [50, request, {}], `${this.name} received something else`);
    return message.slice(3);
  }

  /** The only value in the result of `call`. */
  async value(procedure: string, ...args: unknown[]): Promise<unknown> {
    const [list, ...rest] = await this.call(procedure, args.length ? args : undefined);
    assert.ok(Array.isArray(list) && list.length === 1 && rest.length === 0, `${procedure} returns one value`);
    return list[0];
  }
}

function sentence(args: unknown): string {
  assert.ok(Array.isArray(args) && args.length === 1, 'one argument');
  const text: unknown = args[0];
  assert.ok(typeof text === 'string' && text.length > 10, `a sentence, not ${JSON.stringify(text)}`);
  return text;
}

function describe(element: unknown): string {
  if (element === ANY) return '…';
  return JSON.stringify(element, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)) ?? '-';
}
