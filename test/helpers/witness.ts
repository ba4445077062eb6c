/** Owns the innocent sessions of a bad-input test: they call and publish all along, and must notice nothing. */

import { test } from 'node:test';
import { ANY, type Client } from './client.js';
import type { Link } from './links.js';
import { inWorld } from './scenario.js';
import type { World, WorldOptions } from './world.js';

export class Witness {
  readonly #asking: Client;
  readonly #answering: Client;
  readonly #registration: number;
  readonly #subscription: number;
  #rounds = 0;

  private constructor(asking: Client, answering: Client, registration: number, subscription: number) {
    this.#asking = asking;
    this.#answering = answering;
    this.#registration = registration;
    this.#subscription = subscription;
  }

  static async join(world: World): Promise<Witness> {
    const [asking, answering] = [await world.join(), await world.join()];
    const registration = await answering.register('com.innocent.procedure');
    return new Witness(asking, answering, registration, await answering.subscribe('com.innocent.topic'));
  }

  /** A call and an event get through, and nothing else came in the meantime. */
  async check(): Promise<void> {
    const n = ++this.#rounds;
    const request = this.#asking.request(48, {}, 'com.innocent.procedure', [n]);
    const published = this.#asking.request(16, { acknowledge: true }, 'com.innocent.topic', [n]);
    const [, invocation] = await this.#answering.receives([68, n, this.#registration, {}, [n]]);
    await this.#answering.receives([36, this.#subscription, ANY, {}, [n]]);
    await this.#asking.receives([17, published, ANY]);
    this.#answering.send([70, invocation, {}, [n]]);
    await this.#asking.receives([50, request, {}, [n]]);
  }
}

/** A test over several links of something bad, beside innocent sessions: in the end these are left, and no others. */
export function beside(
  links: readonly Link[],
  name: string,
  run: (world: World) => Promise<void>,
  options: WorldOptions = {},
): void {
  for (const link of links) {
    const where = link.shared && link.kind !== 'memory' ? `${link.name} on a shared port` : link.name;
    test(`${where} | ${name}`, () =>
      inWorld(link, options, async world => {
        const witness = await Witness.join(world);
        await run(world);
        await witness.check();
        await world.until(() => world.realm.sessions.size === 2, 'the end of the guilty sessions');
      }));
  }
}

/** A client with a registration, whose end shows that its session was disposed of. */
export async function guilty(world: World): Promise<Client> {
  const client = await world.join();
  await client.register('com.guilty');
  return client;
}
