/** Owns the clients of the demo: who they are, what they offer each other, and what they do in one round. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Autobahn, type AutobahnSession, joinAutobahn } from './autobahn.js';
import { joinWampy, type WampySerializer } from './wampy.js';

const REALM = 'realm1';
const DISPLAYS: readonly WampySerializer[] = ['json', 'msgpack', 'cbor', 'json', 'msgpack', 'cbor'];

export class Actors {
  readonly #url: string;
  /** Names by session id. */
  readonly #names = new Map<number, string>();
  readonly #leave: (() => Promise<unknown>)[] = [];
  #customer!: AutobahnSession;
  #station!: AutobahnSession;
  #visits = 0;

  constructor(url: string) {
    this.#url = url;
  }

  nameOf(session: number): string {
    return this.#names.get(session) ?? 'router';
  }

  async join(): Promise<void> {
    const calculator = await this.#wampy('calculator', 'json');
    await calculator.register('com.example.square', ({ argsList }) => ({ argsList: [Number(argsList![0]) ** 2] }));
    await calculator.register('com.example.divide', ({ argsList }) => {
      const [dividend, divisor] = argsList as [number, number];
      if (divisor === 0) throw { error: 'com.example.error.division_by_zero', argsList: [dividend] };
      return { argsList: [dividend / divisor] };
    });
    await calculator.register('com.example.ponder', async () => {
      await sleep(250);
      return { argsList: [42] };
    });

    this.#station = (await this.#autobahn('station')).session;
    await this.#station.register('com.example.forecast', async ([days], _keywords, { progress }) => {
      for (let day = 1; day <= Number(days); day++) {
        await sleep(20);
        progress?.([`day ${day}: ${10 + day} degrees`]);
      }
      return 'sunny';
    });

    for (const [i, serializer] of DISPLAYS.entries()) {
      const display = await this.#wampy(`display ${i + 1}`, serializer);
      await display.subscribe('com.example.temperature', () => {});
    }
    this.#customer = (await this.#autobahn('customer')).session;
  }

  /** One thing of each kind. */
  async round(number: number): Promise<void> {
    const customer = this.#customer;
    await customer.call('com.example.square', [number]);
    await sleep(40);
    await outcome(customer.call('com.example.divide', [number, 0]));
    await sleep(40);
    this.#station.publish('com.example.temperature', [20 + number / 10]);
    await sleep(40);
    await outcome(customer.call('com.example.forecast', [3], {}, { receive_progress: true }));
    await sleep(40);
    const pondering = customer.call('com.example.ponder');
    await sleep(40);
    pondering.cancel({ mode: 'kill' });
    await outcome(pondering);
    await outcome(customer.call('com.example.ponder', [], {}, { timeout: 50 }));
    await outcome(customer.call('com.example.nobody_offers_this'));
    await this.#station.publish('com.example.nobody_listens', [], {}, { acknowledge: true });
    if (number % 3 === 2) await this.#visit();
  }

  async leave(): Promise<void> {
    for (const leave of this.#leave.splice(0)) await leave();
  }

  /** Somebody comes, asks one thing and goes. */
  async #visit(): Promise<void> {
    const { session, leave } = await joinAutobahn(REALM, { url: this.#url, serializer: 'Msgpack' });
    this.#names.set(session.id, `visitor ${++this.#visits}`);
    await session.call('com.example.divide', [84, 2]);
    await leave();
  }

  async #wampy(name: string, serializer: WampySerializer) {
    const wampy = await joinWampy(this.#url, REALM, serializer);
    // With MessagePack wampy has it as a BigInt.
    this.#names.set(Number(wampy.getSessionId()), name);
    this.#leave.push(() => wampy.disconnect());
    return wampy;
  }

  async #autobahn(name: string): Promise<Autobahn> {
    const client = await joinAutobahn(REALM, { url: this.#url });
    this.#names.set(client.session.id, name);
    this.#leave.push(() => client.leave());
    return client;
  }
}

/** Waits for the end of a call that is meant to fail. */
async function outcome(call: Promise<unknown>): Promise<void> {
  await call.then(
    () => {},
    () => {},
  );
}
