/** Owns what a scenario is, and running all of them over one link. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ROLES } from '../../src/realm/features.js';
import type { Link } from './links.js';
import { World, type WorldOptions } from './world.js';

/** An announced feature, or a part of the basic profile. A name that features.ts does not have does not compile. */
export type Feature =
  | `broker.${keyof typeof ROLES.broker.features}`
  | `dealer.${keyof typeof ROLES.dealer.features}`
  | `basic.${'session' | 'authentication' | 'pubsub' | 'rpc' | 'uris' | 'ids' | 'ordering' | 'payload' | 'permissions' | 'faults'}`
  | 'stats';

/** One behaviour of the router, independent of how its clients are connected. */
export interface Scenario {
  /** A sentence about the router. */
  readonly name: string;
  readonly feature: Feature;
  readonly world?: WorldOptions;
  /** The behaviour, rightly asked for. */
  passes(world: World): Promise<void>;
  /** What must not happen: the request refused, the event not sent, the default without the option. */
  fails(world: World): Promise<void>;
}

/** Runs one case in a world of its own. */
export async function inWorld(link: Link, options: WorldOptions, run: (world: World) => Promise<void>): Promise<void> {
  const world = await World.open(link, options);
  try {
    await run(world);
    await world.close();
  } catch (error) {
    await world.abandon();
    throw error;
  }
}

/** Each scenario is two tests. `skip`: scenario name to the reason, a sentence. */
export function runScenarios(
  link: Link,
  scenarios: readonly Scenario[],
  skip: Readonly<Record<string, string>> = {},
): void {
  for (const name of Object.keys(skip)) {
    assert.ok(
      scenarios.some(scenario => scenario.name === name),
      `"${name}" is skipped but is no scenario`,
    );
    assert.match(skip[name]!, /^\S+( \S+){3,}\.$/, `skipping "${name}" needs a sentence`);
  }
  for (const { name, feature, world = {}, passes, fails } of scenarios) {
    const options = skip[name] === undefined ? {} : { skip: skip[name] };
    test(`${link.name} | ${feature} | ${name}`, options, () => inWorld(link, world, passes));
    test(`${link.name} | ${feature} | not otherwise: ${name}`, options, () => inWorld(link, world, fails));
  }
}
