/** Owns a router with one listening port for one test, and the check that the test left nothing behind. */

import assert from 'node:assert/strict';
import type { Permission } from '../../src/realm/authorizer.js';
import type { Realm, RealmOptions } from '../../src/realm/realm.js';
import { Router } from '../../src/router.js';
import type { AuthOptions } from '../../src/session/auth/authenticator.js';
import type { SessionLimits } from '../../src/session/host.js';
import { Listener } from '../../src/transport/listener.js';
import type { OriginPolicy } from '../../src/transport/origin.js';
import { Flusher } from '../../src/transport/send-queue.js';
import type { Transport } from '../../src/transport/transport.js';
import type { SerializerName } from '../../src/wire/serializers/serializer.js';
import { Client, type Dict, type Wire } from './client.js';
import { CODECS } from './codecs.js';
import { FakeTime } from './fake-time.js';
import { dialRawSocket, dialWebSocket, type Link, memoryWire } from './links.js';

const ALL = { call: true, register: true, publish: true, subscribe: true };
const HIDDEN = { caller: false, publisher: false };

export const EVERYTHING: Permission = { uri: '', match: 'prefix', allow: ALL, disclose: HIDDEN };
export const KILLING: Permission = { uri: 'wamp.session.kill', match: 'prefix', allow: ALL, disclose: HIDDEN };
export const DISCLOSING: Permission = { ...EVERYTHING, disclose: { caller: true, publisher: true } };

const REALM: RealmOptions = {
  name: 'realm1',
  roles: [
    { name: 'user', permissions: [EVERYTHING] },
    { name: 'guest', permissions: [EVERYTHING] },
    { name: 'open', permissions: [DISCLOSING] },
    { name: 'admin', permissions: [EVERYTHING, KILLING] },
  ],
  uriCheck: 'loose',
  requestIds: 'strict',
  metaApi: true,
  onLeave: 'full',
  stats: undefined,
};

/** The ticket of each is its authid and "-secret". */
const PRINCIPALS = { alice: 'user', bob: 'user', carol: 'guest', dora: 'open', root: 'admin', ghost: 'nowhere' };

export const AUTH: AuthOptions = {
  anonymous: { role: 'user' },
  ticket: {
    principals: new Map(
      Object.entries(PRINCIPALS).map(([authid, role]) => [authid, { ticket: `${authid}-secret`, role }]),
    ),
  },
};

export interface WorldOptions {
  readonly realm?: Partial<RealmOptions>;
  /** Further realms, like the first but for their names. */
  readonly realms?: readonly string[];
  readonly auth?: AuthOptions;
  readonly limits?: Partial<SessionLimits>;
  readonly maxMessageBytes?: number;
  readonly origins?: OriginPolicy;
  readonly pingInterval?: number;
  readonly serializers?: readonly SerializerName[];
  /** Milliseconds a connection has to say what it wants. */
  readonly handshakeTimeout?: number;
  /** The path of a Unix socket to listen on instead of a TCP port. */
  readonly path?: string;
}

export interface JoinOptions {
  /** One of the principals above; absent: anonymous. */
  readonly authid?: keyof typeof PRINCIPALS;
  /** Instead of the link's own. */
  readonly serializer?: SerializerName;
  /** HELLO.Details.roles; absent: everything announced. */
  readonly roles?: Dict;
  readonly realm?: string;
}

export class World {
  readonly link: Link;
  readonly router: Router;
  readonly realm: Realm;
  readonly time = new FakeTime();
  /** Faults of the router's own code; a test that expects some empties it. */
  readonly faults: string[] = [];
  readonly #options: WorldOptions;
  readonly #listener: Listener | undefined;
  readonly #clients: Client[] = [];
  readonly #start: { readonly subscriptions: number; readonly registrations: number };

  private constructor(link: Link, options: WorldOptions) {
    this.link = link;
    this.#options = options;
    const first = { ...REALM, ...options.realm };
    this.router = new Router({
      realms: [first, ...(options.realms ?? []).map(name => ({ ...first, name }))],
      limits: options.limits ?? {},
      clock: this.time.clock,
      timers: this.time,
      onFault: (what, error) => this.faults.push(`${what}: ${error instanceof Error ? error.message : error}`),
    });
    this.realm = this.router.realm(first.name)!;
    this.#listener = link.kind === 'memory' ? undefined : this.#makeListener();
    this.#start = this.#standing();
  }

  static async open(link: Link, options: WorldOptions = {}): Promise<World> {
    const world = new World(link, options);
    await world.#listener?.listen();
    return world;
  }

  #makeListener(): Listener {
    const { kind, shared } = this.link;
    const { maxMessageBytes = 2 ** 24, handshakeTimeout = 10_000, pingInterval = 0 } = this.#options;
    const names = this.#options.serializers ?? ['json', 'msgpack', 'cbor'];
    const serializers = names.map(name => this.router.serializers[name]);
    const origins = this.#options.origins ?? { allowed: [], allowNull: false };
    const onTransport = (transport: Transport): void => this.router.attach(transport, { auth: this.auth });
    const webSocket = { options: { serializers, maxMessageBytes, origins, pingInterval }, onTransport };
    const rawSocket = { options: { serializers, maxMessageBytes, handshakeTimeout }, onTransport };
    return new Listener(
      {
        address: this.#options.path ? { path: this.#options.path } : { host: '127.0.0.1', port: 0 },
        webSockets: new Map(kind === 'ws' || shared ? [['ws', webSocket]] : []),
        rawSocket: kind === 'rawsocket' || shared ? rawSocket : undefined,
        handshakeTimeout,
      },
      new Flusher(),
    );
  }

  get auth(): AuthOptions {
    return this.#options.auth ?? AUTH;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** A connection of the link's kind, not yet with a session. */
  async dial(serializer: SerializerName = this.link.serializer): Promise<Client> {
    return this.adopt(await this.#wire(serializer), serializer);
  }

  async #wire(serializer: SerializerName): Promise<Wire> {
    const address = this.#options.path ?? this.port;
    if (this.link.kind === 'ws') return dialWebSocket(address, serializer);
    if (this.link.kind === 'rawsocket') return dialRawSocket(address, serializer);
    return memoryWire(this.router.connect(serializer, { auth: this.auth }));
  }

  /** Makes a client of a connection that a test dialled itself. */
  adopt(wire: Wire, serializer: SerializerName = this.link.serializer): Client {
    const client = new Client(`client ${this.#clients.length + 1} (${this.link.name})`, wire, CODECS[serializer]);
    this.#clients.push(client);
    return client;
  }

  /** A client with an established session. */
  async join(options: JoinOptions = {}): Promise<Client> {
    const client = await this.dial(options.serializer);
    const { authid, roles, realm = this.realm.name } = options;
    await client.hello(realm, {
      ...(authid && { authid, authmethods: ['ticket'] }),
      ...(roles && { roles }),
    });
    return client;
  }

  /** Waits for what no client is told: a few turns of the event loop, not a time. */
  async until(done: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + 5000;
    while (!done()) {
      assert.ok(Date.now() < deadline, `awaited in vain: ${what}`);
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  #standing(): { subscriptions: number; registrations: number } {
    const { broker, dealer } = this.realm;
    return { subscriptions: broker.subscriptionCount, registrations: dealer.registrationCount };
  }

  /** Ends everything; fails when something outlives the clients that caused it. */
  async close(): Promise<void> {
    for (const client of this.#clients) if (!client.isClosed) client.wire.close();
    for (const client of this.#clients) await client.ended();
    await this.until(() => this.router.connections === 0, 'the end of the connections that the clients closed');
    for (const realm of this.router.realms.values()) assert.equal(realm.sessions.size, 0, 'sessions left');
    assert.deepEqual(this.#standing(), this.#start, 'subscriptions or registrations left');
    await this.router.close(100);
    assert.equal(this.time.open, 0, 'timers left');
    await this.#listener?.close();
    assert.deepEqual(this.faults, [], 'faults of the router');
  }

  /** Ends everything after a failure, without further questions. */
  async abandon(): Promise<void> {
    for (const client of this.#clients) client.wire.destroy();
    await this.router.close(100);
    await this.#listener?.close();
  }
}
