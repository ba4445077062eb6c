/** Owns the traffic of the stack's tests: real clients, and a tally of exactly what they did. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Wampy } from 'wampy';
import { type Autobahn, joinAutobahn } from '../../examples/demo/autobahn.js';
import { joinWampy } from '../../examples/demo/wampy.js';

const REALM = 'realm1';
const SUBSCRIBERS = 3;
const SLOW_MILLISECONDS = 600;
export const PROGRESS = 3;

/** What the clients did: actions by how they went. */
export interface Tally {
  calls: number;
  slowCalls: number;
  /** Calls that were answered with `PROGRESS` progressive results and one more. */
  progressiveCalls: number;
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
  /** That joined, and those of them that left. */
  sessions: number;
  goodbyes: number;
}

/** Calls that reached a callee, and were answered by it. */
export function answeredBy(tally: Tally): number {
  return tally.calls + tally.slowCalls + tally.progressiveCalls + tally.failedCalls;
}

/** Spans that the router makes of it: one for the action, and one for the hop to those who answered or listened. */
export function spansOf(tally: Tally): number {
  const both = answeredBy(tally) + tally.publications;
  return (
    2 * both +
    tally.lostCalls +
    tally.unheard +
    tally.registrations +
    tally.subscriptions +
    tally.sessions +
    tally.goodbyes
  );
}

export class Load {
  readonly tally: Tally = {
    calls: 0,
    slowCalls: 0,
    progressiveCalls: 0,
    failedCalls: 0,
    lostCalls: 0,
    publications: 0,
    unheard: 0,
    events: 0,
    registrations: 0,
    subscriptions: 0,
    sessions: 0,
    goodbyes: 0,
  };
  readonly #url: string;
  #caller!: Autobahn;
  #station!: Autobahn;
  readonly #others: Wampy[] = [];

  private constructor(url: string) {
    this.#url = url;
  }

  static async join(url: string): Promise<Load> {
    const load = new Load(url);
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
    load.#station = await joinAutobahn(REALM, { url });
    await load.#station.session.register('com.example.forecast', async (_args, _kwargs, { progress }) => {
      for (let day = 1; day <= PROGRESS; day++) progress?.([`day ${day}`]);
      return 'sunny';
    });
    load.tally.registrations++;
    for (const serializer of ['json', 'msgpack', 'cbor'].slice(0, SUBSCRIBERS) as ('json' | 'msgpack' | 'cbor')[]) {
      const subscriber = await joinWampy(url, REALM, serializer);
      load.#others.push(subscriber);
      await subscriber.subscribe('com.example.news', () => {
        load.tally.events++;
      });
      load.tally.subscriptions++;
    }
    load.#caller = await joinAutobahn(REALM, { url });
    // The caller and the station besides.
    load.tally.sessions = load.#others.length + 2;
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

  async callProgressively(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      let progress = 0;
      const call = this.#caller.session.call('com.example.forecast', [], {}, { receive_progress: true });
      await call.progress(() => {
        progress++;
      });
      if (progress !== PROGRESS) throw new Error(`${progress} progressive results, not ${PROGRESS}`);
      this.tally.progressiveCalls++;
    }
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

  /** Somebody comes and goes. */
  async visit(): Promise<void> {
    const visitor = await joinAutobahn(REALM, { url: this.#url });
    await visitor.leave();
    this.tally.sessions++;
    this.tally.goodbyes++;
  }

  /** Some of everything. */
  async round(): Promise<void> {
    await this.call(20);
    await this.callProgressively(1);
    await this.visit();
    await this.fail(2);
    await this.callNobody(1);
    await this.publish(5);
    await this.publishUnheard(1);
  }

  async leave(): Promise<void> {
    await this.#caller.leave();
    await this.#station.leave();
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
