/** Owns one client of the oracle's traffic: what it asks for, and how it answers as callee. It ends when it must. */

import { CLIENT_ROLES, type Dict, type Wire } from '../helpers/client.js';
import { CODECS, type Codec } from '../helpers/codecs.js';
import { dialRawSocket, dialWebSocket, type Link } from '../helpers/links.js';
import type { Random } from '../helpers/random.js';

/** How the callee is to answer, which the caller puts into the call: the callee reads it there. */
export type Plan = 'ok' | 'error' | 'progress' | 'slow' | 'hold' | 'die';

/** By GOODBYE, as a crash does, by closing the connection, by a request that breaks the protocol. */
export type End = 'goodbye' | 'crash' | 'close' | 'violation';
export const ENDS: readonly End[] = ['goodbye', 'crash', 'close', 'violation'];

/** What players share. */
export interface Stage {
  readonly random: Random;
  readonly port: number;
  /** Unique in all the traffic. */
  token(): string;
  /** A player has ended, by its own will or another's. */
  gone(player: Player): void;
}

type Message = readonly unknown[];

/** An INVOCATION without its last answer. */
interface Held {
  readonly token: string;
  /** The caller takes progressive results. */
  readonly progressive: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** A callee that neither takes INTERRUPT nor sends progressive results. */
const PLAIN_ROLES: Dict = { ...CLIENT_ROLES, callee: { features: { shared_registration: true } } };
/** What callees fail with: also what the router itself says, which must not be taken for it. */
const FAILURES = ['com.failed', 'com.failed', 'wamp.error.canceled', 'wamp.error.timeout', 'wamp.error.runtime_error'];

export class Player {
  readonly link: Link;
  session = 0;
  /** Subscriptions and registrations, by id. */
  readonly subscriptions: number[] = [];
  readonly registrations: number[] = [];
  /** Requests of calls without their last answer. */
  readonly calls = new Set<number>();
  /** INVOCATIONs that wait: what stops the waiting. */
  readonly #held = new Map<number, Held>();
  readonly #stage: Stage;
  readonly #wire: Wire;
  readonly #codec: Codec;
  #request = 0;
  #ended = false;
  #welcomed: (() => void) | undefined;
  #refused: ((error: Error) => void) | undefined;

  private constructor(stage: Stage, link: Link, wire: Wire) {
    this.#stage = stage;
    this.link = link;
    this.#wire = wire;
    this.#codec = CODECS[link.serializer];
    wire.onMessage = bytes => this.#onMessage(this.#codec.decode(bytes) as Message);
    wire.onClose = () => this.#end();
  }

  static async join(stage: Stage, link: Link): Promise<Player> {
    const dial = link.kind === 'ws' ? dialWebSocket : dialRawSocket;
    const player = new Player(stage, link, await dial(stage.port, link.serializer));
    const welcomed = new Promise<void>((resolve, reject) => {
      player.#welcomed = resolve;
      player.#refused = reject;
    });
    player.#send([1, 'realm1', { roles: stage.random.below(4) ? CLIENT_ROLES : PLAIN_ROLES }]);
    await welcomed;
    return player;
  }

  #send(message: Message): void {
    if (!this.#ended) this.#wire.send(this.#codec.encode(message));
  }

  #ask(code: number, ...rest: unknown[]): number {
    this.#send([code, ++this.#request, ...rest]);
    return this.#request;
  }

  /** Something to carry beside the token. */
  #filler(): unknown[] {
    const { random } = this.#stage;
    const size = random.below(40) ? random.below(120) : random.below(20) ? 4000 : 70_000;
    const filler: unknown = random.below(8) ? 'ä'.repeat(size / 2) : Buffer.alloc(size, 0xa5);
    return [filler, random.below(1000) / 4, [null, true, { deep: [] }]].slice(0, random.below(4));
  }

  call(procedure: string, plan: Plan, options: Dict = {}): number {
    const args = [this.#stage.token(), plan, ...this.#filler()];
    const kwargs = this.#stage.random.below(3) ? [] : [{ plan }];
    const request = this.#ask(48, options, procedure, args, ...kwargs);
    this.calls.add(request);
    return request;
  }

  /** A call of the meta API, which takes no token. */
  callRouter(procedure: string, ...args: unknown[]): void {
    this.calls.add(this.#ask(48, {}, procedure, args));
  }

  cancel(request: number, mode: string): void {
    this.#send([49, request, { mode }]);
  }

  publish(topic: string, options: Dict): void {
    this.#ask(16, options, topic, [this.#stage.token(), ...this.#filler()]);
  }

  subscribe(topic: string, options: Dict = {}): void {
    this.#ask(32, options, topic);
  }

  unsubscribe(subscription: number): void {
    this.#ask(34, subscription);
  }

  register(procedure: string, options: Dict): void {
    this.#ask(64, options, procedure);
  }

  unregister(registration: number): void {
    this.#ask(66, registration);
  }

  /** From now on it has nothing to say. */
  end(how: End): void {
    const { random } = this.#stage;
    if (how === 'goodbye') {
      // The connection ends when the answer is there.
      this.#send([6, {}, 'wamp.close.close_realm']);
    } else if (how === 'violation') {
      this.#request += random.below(2) ? 5 : -1;
      const request = random.below(3);
      if (request === 0) this.call('com.p.1', 'ok');
      else if (request === 1) this.subscribe('com.t.1');
      else this.publish('com.t.1', { acknowledge: true });
      // The router answers with ABORT and closes.
    } else if (how === 'crash') this.#wire.destroy();
    else this.#wire.close();
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { timer } of this.#held.values()) clearTimeout(timer);
    this.#held.clear();
    this.#refused!(new Error(`${this.link.name} ended before WELCOME`));
    this.#stage.gone(this);
  }

  #onMessage(message: Message): void {
    const [code, first, second] = message;
    if (code === 6) return this.#onGoodbye();
    if (this.#ended) return;
    if (code === 2) {
      this.session = first as number;
      this.#welcomed!();
    } else if (code === 33) this.subscriptions.push(second as number);
    else if (code === 65) this.registrations.push(second as number);
    else if (code === 50 && (second as Dict).progress !== true) this.calls.delete(first as number);
    else if (code === 8 && first === 48) this.calls.delete(second as number);
    else if (code === 68) this.#onInvocation(message);
    else if (code === 69) this.#onInterrupt(first as number);
  }

  /** The router's answer, or its own will (`wamp.session.kill`), which is answered. */
  #onGoodbye(): void {
    if (!this.#ended) this.#send([6, {}, 'wamp.close.goodbye_and_out']);
    this.#end();
    this.#wire.close();
  }

  #onInvocation(message: Message): void {
    const { random } = this.#stage;
    const id = message[1] as number;
    const details = message[3] as Dict;
    const [token, plan] = message[4] as [string, Plan];
    const progressive = details.receive_progress === true;
    this.#held.set(id, { token, progressive, timer: undefined });
    if (plan === 'ok') this.#yield(id);
    else if (plan === 'error') this.#fail(id, random.pick(FAILURES));
    else if (plan === 'slow') this.#later(id, 1 + random.below(8));
    else if (plan === 'progress') {
      const steps = progressive ? random.below(5) : 0;
      for (let i = 0; i < steps; i++) this.#send([70, id, { progress: true }, this.#answer(token)]);
      if (random.below(2)) this.#yield(id);
      else this.#later(id, 1 + random.below(5));
    } else if (plan === 'die') this.end(random.pick(ENDS));
    else if (random.below(8)) this.#later(id, 20 + random.below(40));
  }

  #later(id: number, milliseconds: number): void {
    const held = this.#held.get(id)!;
    held.timer = setTimeout(() => {
      // Both are late if the call has ended meanwhile.
      const twice = held.progressive && this.#stage.random.below(2) === 0;
      if (twice) this.#send([70, id, { progress: true }, this.#answer(held.token)]);
      this.#yield(id);
    }, milliseconds);
  }

  #onInterrupt(id: number): void {
    if (!this.#held.has(id)) return;
    const { random } = this.#stage;
    const choice = random.below(8);
    if (choice === 0) this.#yield(id);
    else if (choice === 1) this.#fail(id, 'com.failed');
    else if (choice < 7) this.#fail(id, 'wamp.error.canceled');
    // Else it goes on as if nothing had come.
  }

  /** Begins with a token of its own, made of the call's. */
  #answer(token: string): unknown[] {
    return [`${token}/${this.#stage.token()}`, ...this.#filler()];
  }

  #yield(id: number): void {
    this.#send([70, id, {}, this.#answer(this.#release(id))]);
  }

  #fail(id: number, uri: string): void {
    this.#send([8, 68, id, {}, uri, this.#answer(this.#release(id))]);
  }

  #release(id: number): string {
    const { token, timer } = this.#held.get(id)!;
    clearTimeout(timer);
    this.#held.delete(id);
    return token;
  }
}
