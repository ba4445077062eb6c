/** Owns the traffic of the stack's tests: real clients, and a tally of exactly what they did. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Wampy } from 'wampy';
import { type Autobahn, joinAutobahn } from '../../examples/demo/autobahn.js';
import { joinWampy } from '../../examples/demo/wampy.js';

const REALM = 'realm1';
const SUBSCRIBERS = 3;
export const SLOW_MILLISECONDS = 600;

/** What the clients did: actions by how they went. */
export interface Tally {
  calls: number;
  slowCalls: number;
  failedCalls: number;
  /** Calls of a procedure that nobody offers. */
  lostCalls: number;
  publications: number;
  /** Publications to a topic that nobody listens to. */
  unheard: number;
  /** EVENTs that subscribers got. */
  events: number;
  registrations: number;
  subscriptions: number;
}

/** Spans that the router makes of it: one for the action, and one for the hop to those who answered or listened. */
export function spansOf(tally: Tally): number {
  const both = tally.calls + tally.slowCalls + tally.failedCalls + tally.publications;
  return 2 * both + tally.lostCalls + tally.unheard + tally.registrations + tally.subscriptions;
}

export class Load {
  readonly tally: Tally = {
    calls: 0,
    slowCalls: 0,
    failedCalls: 0,
    lostCalls: 0,
    publications: 0,
    unheard: 0,
    events: 0,
    registrations: 0,
    subscriptions: 0,
  };
  #caller!: Autobahn;
  readonly #others: Wampy[] = [];

  static async join(url: string): Promise<Load> {
    const load = new Load();
    const callee = await joinWampy(url, REALM, 'json');
    load.#others.push(callee);
    await callee.register('com.example.square', ({ argsList }) => ({ argsList: [Number(argsList![0]) ** 2] }));
    await callee.register('com.example.fail', () => {
      throw { error: 'com.example.error.failed', argsList: ['on purpose'] };
    });
    await callee.register('com.example.slow', async () => {
      await sleep(SLOW_MILLISECONDS);
      return { argsList: ['at last'] };
    });
    load.tally.registrations += 3;
    for (const serializer of ['json', 'msgpack', 'cbor'].slice(0, SUBSCRIBERS) as ('json' | 'msgpack' | 'cbor')[]) {
      const subscriber = await joinWampy(url, REALM, serializer);
      load.#others.push(subscriber);
      await subscriber.subscribe('com.example.news', () => {
        load.tally.events++;
      });
      load.tally.subscriptions++;
    }
    load.#caller = await joinAutobahn(REALM, { url });
    return load;
  }

  async call(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const square = await this.#caller.session.call('com.example.square', [i]);
      if (square !== i * i) throw new Error(`${i} squared is not ${square}`);
      this.tally.calls++;
    }
  }

  async callSlowly(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#caller.session.call('com.example.slow')));
    this.tally.slowCalls += count;
  }

  async fail(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.#refused('com.example.fail', 'com.example.error.failed');
      this.tally.failedCalls++;
    }
  }

  async callNobody(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.#refused('com.example.nobody', 'wamp.error.no_such_procedure');
      this.tally.lostCalls++;
    }
  }

  async publish(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.#caller.session.publish('com.example.news', [i], {}, { acknowledge: true });
      this.tally.publications++;
    }
  }

  async publishUnheard(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.#caller.session.publish('com.example.silence', [i], {}, { acknowledge: true });
      this.tally.unheard++;
    }
  }

  /** Some of everything. */
  async round(): Promise<void> {
    await this.call(20);
    await this.fail(2);
    await this.callNobody(1);
    await this.publish(5);
    await this.publishUnheard(1);
  }

  async leave(): Promise<void> {
    await this.#caller.leave();
    for (const wampy of this.#others) await wampy.disconnect();
  }

  async #refused(procedure: string, expected: string): Promise<void> {
    const error = await this.#caller.session.call(procedure).then(
      () => 'no error',
      (reason: { error: string }) => reason.error,
    );
    if (error !== expected) throw new Error(`${procedure} answered ${error}, not ${expected}`);
  }
}
