/** Owns what the scenarios of on_stats share: a realm with statistics, a monitor, and the client's own count. */

import type { StatsOptions } from '../../src/realm/session-stats.js';
import type { Client, Dict } from './client.js';
import type { World, WorldOptions } from './world.js';

const NEVER: StatsOptions = {
  ratedMessageSize: 512,
  triggerAfterRatedMessages: 0,
  triggerAfterDuration: 0,
  triggerOnJoin: false,
  triggerOnLeave: false,
};

export function stats(options: Partial<StatsOptions>): WorldOptions {
  return { realm: { stats: { ...NEVER, ...options } } };
}

export async function monitor(world: World): Promise<Client> {
  const client = await world.join({ authid: 'root' });
  await client.subscribe('wamp.session.', { match: 'prefix' });
  return client;
}

/** What the client itself has counted since its message `from`. */
export function counted(client: Client, from = 0, size = 512): Dict {
  const sizes = client.sizes.slice(from);
  return {
    bytes: sizes.reduce((sum, octets) => sum + octets, 0),
    messages: sizes.length,
    rated_messages: sizes.reduce((sum, octets) => sum + Math.ceil(octets / size), 0),
  };
}

/** The next on_stats: who, the counts, and the rest. */
export async function next(watching: Client): Promise<{ who: Dict; counts: Dict; rest: Dict }> {
  const [who, all] = (await watching.receivesMeta('wamp.session.on_stats')) as [Dict, Dict];
  const { bytes, messages, rated_messages, ...rest } = all;
  return { who, counts: { bytes, messages, rated_messages }, rest };
}

/** The next on_stats of one session; other meta events are passed over. */
export async function nextOf(watching: Client, session: number): ReturnType<typeof next> {
  for (;;) {
    const message = await watching.next(`on_stats of ${session}`);
    const [who, all] = (message[4] ?? []) as [Dict, Dict];
    if (message[0] !== 36 || (message[3] as Dict).topic !== 'wamp.session.on_stats' || who.session !== session)
      continue;
    const { bytes, messages, rated_messages, ...rest } = all;
    return { who, counts: { bytes, messages, rated_messages }, rest };
  }
}
