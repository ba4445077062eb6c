/** Owns `/sessionz`: the sessions of the node with their accounts, for people and scripts, page by page. */

import type { RealmSession } from '../../session/host.js';
import type { Page, Route } from './listener.js';
import { BadRequest, type Query } from './query.js';
import { Slices } from './slices.js';
import { type Keyed, sortedPage } from './sorted.js';

/** What the page reads of the node. */
export interface SessionSource {
  readonly node: string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** The realms of all workers; a name may stand in several. */
  realms(): Iterable<{
    readonly worker: string;
    readonly name: string;
    readonly sessions: ReadonlyMap<number, RealmSession>;
  }>;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
const MAX_OFFSET = 1_000_000_000;
/** Rows in one piece of the page. */
const PIECE = 50;

interface Seen {
  readonly worker: string;
  readonly session: RealmSession;
}

const SORTS = {
  bytes: ({ traffic }: RealmSession) => traffic.receivedBytes + traffic.sentBytes,
  bytes_received: ({ traffic }: RealmSession) => traffic.receivedBytes,
  bytes_sent: ({ traffic }: RealmSession) => traffic.sentBytes,
  messages: ({ traffic }: RealmSession) => traffic.receivedMessages + traffic.sentMessages,
  rated_messages: ({ traffic }: RealmSession) => traffic.receivedRated + traffic.sentRated,
  buffered: (session: RealmSession) => session.buffered,
  subscriptions: ({ seat }: RealmSession) => seat?.subscriptions ?? 0,
  registrations: ({ seat }: RealmSession) => seat?.registrations ?? 0,
  joined: ({ seat }: RealmSession) => seat?.joined ?? 0,
  session: ({ id }: RealmSession) => id,
} as const;

const ORDERS = ['desc', 'asc'] as const;

export function sessionzRoute(source: SessionSource): Route {
  return {
    parameters: ['sort', 'order', 'limit', 'offset', 'realm'],
    page: query => sessionz(source, query),
  };
}

/** The realm that is asked for, `undefined` for all. Throws BadRequest for one that does not exist. */
export function realmOf(source: SessionSource, query: Query): string | undefined {
  const realm = query.text('realm');
  if (realm === undefined) return undefined;
  const names = new Set([...source.realms()].map(({ name }) => name));
  if (names.has(realm)) return realm;
  throw new BadRequest(`parameter realm is ${JSON.stringify(realm)}; the realms here are ${[...names].join(', ')}`);
}

async function sessionz(source: SessionSource, query: Query): Promise<Page> {
  const sort = query.choice('sort', Object.keys(SORTS) as (keyof typeof SORTS)[], 'bytes');
  const order = query.choice('order', ORDERS, 'desc');
  const limit = query.whole('limit', DEFAULT_LIMIT, 1, MAX_LIMIT);
  const offset = query.whole('offset', 0, 0, MAX_OFFSET);
  const realm = realmOf(source, query);
  const read = SORTS[sort];
  const sign = order === 'desc' ? -1 : 1;
  // Equal ones stand in a fixed order, so that pages neither repeat nor miss one.
  const before = (a: Keyed<Seen>, b: Keyed<Seen>): number =>
    sign * (a.key - b.key) || a.item.session.id - b.item.session.id;
  const { total, page } = await sortedPage(seen(source, realm, read), before, offset, limit);
  const head = { node: source.node, now: iso(source.now()), total, offset, limit, sort, order, realm: realm ?? null };
  return { contentType: 'application/json', body: pieces(head, page) };
}

function* seen(
  source: SessionSource,
  realm: string | undefined,
  read: (session: RealmSession) => number,
): Generator<Keyed<Seen>> {
  for (const { worker, name, sessions } of source.realms()) {
    if (realm !== undefined && name !== realm) continue;
    for (const session of sessions.values()) yield { key: read(session), item: { worker, session } };
  }
}

async function* pieces(head: object, page: readonly Seen[]): AsyncGenerator<string> {
  const slices = new Slices();
  yield `${JSON.stringify(head).slice(0, -1)},"sessions":[`;
  for (let i = 0; i < page.length; i += PIECE) {
    const rows = page.slice(i, i + PIECE).map(row);
    yield `${i === 0 ? '\n' : ',\n'}${rows.join(',\n')}`;
    if (slices.over) await slices.rest();
  }
  yield '\n]}\n';
}

function row({ worker, session }: Seen): string {
  const { identity, traffic, seat, peer } = session;
  return JSON.stringify({
    session: identity.id,
    worker,
    realm: identity.realm,
    authid: identity.authid,
    authrole: identity.authrole,
    authmethod: identity.authmethod,
    serializer: identity.serializer,
    transport: identity.transport,
    peer: peer.peer,
    // One that has left since the page was begun.
    joined: seat ? iso(seat.joined) : null,
    received: {
      bytes: traffic.receivedBytes,
      messages: traffic.receivedMessages,
      rated_messages: traffic.receivedRated,
    },
    sent: { bytes: traffic.sentBytes, messages: traffic.sentMessages, rated_messages: traffic.sentRated },
    buffered: session.buffered,
    dropped_events: traffic.droppedEvents,
    subscriptions: seat?.subscriptions ?? 0,
    registrations: seat?.registrations ?? 0,
  });
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
