/** Owns three accounts of one session, each kept by somebody else: on_stats, the router's counters, an outside proxy. */

import assert from 'node:assert/strict';
import type { Realm } from '../../src/realm/realm.js';
import type { Wire } from '../e2e/proxy.js';
import type { WireMessage } from '../e2e/wire.js';
import type { Client, Dict } from '../helpers/client.js';

/** What a message costs. */
export interface Account {
  bytes: number;
  messages: number;
  rated: number;
}

export const RATED_SIZE = 256;

export function account(octets: readonly number[]): Account {
  return {
    bytes: octets.reduce((sum, size) => sum + size, 0),
    messages: octets.length,
    rated: octets.reduce((sum, size) => sum + Math.ceil(size / RATED_SIZE), 0),
  };
}

export function sum(accounts: Iterable<Account>): Account {
  const total = { bytes: 0, messages: 0, rated: 0 };
  for (const { bytes, messages, rated } of accounts) {
    total.bytes += bytes;
    total.messages += messages;
    total.rated += rated;
  }
  return total;
}

interface Cycle extends Account {
  readonly cycle: number;
  readonly first: boolean;
  readonly last: boolean;
  readonly timestamp: bigint;
  readonly duration: bigint;
  readonly serializer: string;
}

/** All cycles of all sessions, as a client hears of them. */
export class Told {
  readonly cycles = new Map<number, Cycle[]>();
  /** In the order in which they left. */
  readonly left: number[] = [];

  /** Whoever listens must not have any other subscription. */
  static async by(client: Client): Promise<Told> {
    const told = new Told();
    const stats = await client.subscribe('wamp.session.on_stats');
    const leaves = await client.subscribe('wamp.session.on_leave');
    client.wire.onMessage = bytes => {
      client.sizes.push(bytes.length);
      const [code, subscription, , , args] = client.codec.decode(bytes) as [number, number, number, Dict, unknown[]];
      assert.equal(code, 36);
      if (subscription === leaves) told.#onLeave(args[0] as number);
      else if (subscription === stats) told.#onStats(args as [Dict, Dict]);
    };
    return told;
  }

  #onLeave(session: number): void {
    assert.equal(this.cycles.get(session)?.at(-1)?.last, true, 'the last on_stats comes before on_leave');
    this.left.push(session);
  }

  #onStats([who, all]: [Dict, Dict]): void {
    const cycle = {
      cycle: all.cycle as number,
      first: all.first as boolean,
      last: all.last as boolean,
      timestamp: BigInt(all.timestamp as bigint),
      duration: BigInt(all.duration as number),
      serializer: all.serializer as string,
      bytes: all.bytes as number,
      messages: all.messages as number,
      rated: all.rated_messages as number,
    };
    const session = who.session as number;
    const before = this.cycles.get(session);
    if (before) before.push(cycle);
    else this.cycles.set(session, [cycle]);
  }

  /** Everything about a session's cycles that does not need another witness. */
  check(session: number): Account {
    const cycles = this.cycles.get(session)!;
    for (const [i, cycle] of cycles.entries()) {
      assert.equal(cycle.cycle, i + 1, 'cycles are numbered without gaps');
      assert.equal(cycle.first, i === 0, 'the first is first');
      assert.equal(cycle.last, i === cycles.length - 1, 'the last is last');
      const before = cycles[i - 1];
      if (before) assert.equal(cycle.timestamp, before.timestamp + before.duration, 'a cycle begins where one ended');
    }
    return sum(cycles);
  }
}

export interface Counted {
  readonly received: Account;
  readonly sent: Account;
}

/** What the router has counted for each session of a realm when it left. */
export function countersAtLeave(realm: Realm): Map<number, Counted> {
  const found = new Map<number, Counted>();
  const { sessions } = realm;
  const remove = sessions.delete.bind(sessions);
  // The realm forgets a session as the first thing at its end, and nobody else has its counters.
  sessions.delete = id => {
    const { traffic: t } = sessions.get(id)!;
    found.set(id, {
      received: { bytes: t.receivedBytes, messages: t.receivedMessages, rated: t.receivedRated },
      sent: { bytes: t.sentBytes, messages: t.sentMessages, rated: t.sentRated },
    });
    return remove(id);
  };
  return found;
}

/** How a session ended, as its wire shows: by GOODBYE of the client and the answer to it, or in any other way. */
export function endedCleanly(wire: Wire): boolean {
  const [, , reason] = wire.messages.findLast(({ direction }) => direction === 'tx')!.message;
  const last = wire.messages.findLast(({ direction }) => direction === 'rx')!;
  return reason === 'wamp.close.goodbye_and_out' && last.type === 'GOODBYE';
}

/** Throws unless the router has counted what crossed the wire, the tail of a killed session aside. */
export function compareWithWire(wire: Wire, { received, sent }: Counted): 'clean' | 'killed' {
  const sizes = (way: WireMessage['direction']): number[] =>
    wire.messages.filter(({ direction }) => direction === way).map(({ bytes }) => bytes.length);
  const [rx, tx] = [sizes('rx'), sizes('tx')];
  if (endedCleanly(wire)) {
    assert.deepEqual(received, account(rx), 'received');
    assert.deepEqual(sent, account(tx), 'sent');
    return 'clean';
  }
  // What the router received is the beginning of what the client sent.
  assert.ok(received.messages <= rx.length, `${received.messages} received of ${rx.length}`);
  assert.deepEqual(received, account(rx.slice(0, received.messages)), 'the beginning, received');
  // What crossed the wire is the beginning of what the router sent.
  const crossed = account(tx);
  assert.ok(sent.messages >= crossed.messages, `${sent.messages} sent, ${crossed.messages} arrived`);
  if (sent.messages === crossed.messages) assert.deepEqual(sent, crossed, 'sent');
  else assert.ok(sent.bytes > crossed.bytes && sent.rated > crossed.rated, 'more messages are more octets');
  return 'killed';
}

/** The two counters of `/metrics` that a realm's sessions advance. */
export function realmCounters(metrics: ReadonlyMap<string, number>, realm: string): Omit<Account, 'rated'> {
  const total = (name: string): number =>
    [...metrics]
      .filter(([key]) => key.startsWith(`${name}{`) && key.includes(`realm="${realm}"`))
      .reduce((found, [, value]) => found + value, 0);
  return { bytes: total('wamp_message_io_bytes_total'), messages: total('wamp_messages_total') };
}
