/** Owns the router as a library: realms, and the transports that are attached to them. No sockets, files or environment. */

import { randomFillSync } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Timers } from './realm/dealer.js';
import { Realm, type RealmOptions } from './realm/realm.js';
import { Connection } from './session/connection.js';
import type { ConnectionOptions, SessionHost, SessionLimits } from './session/host.js';
import type { Metering } from './session/metering.js';
import { type Clock, Watch } from './session/watch.js';
import type { Tap } from './tap.js';
import { type MemoryPeer, MemoryTransport } from './transport/memory.js';
import type { Transport } from './transport/transport.js';
import { CloseUri } from './wire/errors.js';
import { RandomIds } from './wire/ids.js';
import { Serializers } from './wire/serializers/index.js';
import type { SerializerName } from './wire/serializers/serializer.js';

export interface RouterOptions {
  readonly realms: readonly (RealmOptions & {
    /** `false` keeps a realm out of every trace: the management realm must not record itself. Default `true`. */
    readonly traced?: boolean;
  })[];
  readonly limits?: Partial<SessionLimits>;
  /** Milliseconds since the epoch, monotonic. */
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** Measures for metrics; nothing is measured without. */
  readonly metering?: Metering | undefined;
  /** Called with faults of the router's own code; default: a process warning. */
  readonly onFault?: (what: string, error: unknown) => void;
}

export const DEFAULT_LIMITS: SessionLimits = { sendQueueBytes: 4 << 20, handshakeTimeout: 10_000 };

const ORIGIN = performance.timeOrigin;
const systemClock: Clock = () => ORIGIN + performance.now();

const systemTimers: Timers = {
  after: (milliseconds, run) => setTimeout(run, milliseconds),
  cancel: timer => clearTimeout(timer as NodeJS.Timeout),
};

export class Router implements SessionHost {
  readonly serializers = new Serializers();
  readonly ids = new RandomIds(words => randomFillSync(words));
  /** Reports of sessions that have not joined a realm yet, and of the traced realms. */
  readonly watch: Watch;
  readonly limits: SessionLimits;
  readonly clock: Clock;
  readonly metering: Metering | undefined;
  readonly realms = new Map<string, Realm>();
  readonly fault: (what: string, error: unknown) => void;
  readonly #connections = new Set<Connection>();
  #closing = false;

  constructor(options: RouterOptions) {
    this.clock = options.clock ?? systemClock;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.watch = new Watch(this.clock);
    this.metering = options.metering;
    const timers = options.timers ?? systemTimers;
    this.fault = options.onFault ?? warn;
    for (const realm of options.realms) {
      if (this.realms.has(realm.name)) throw new TypeError(`Two realms are called "${realm.name}"`);
      const watch = realm.traced === false ? new Watch(this.clock) : this.watch;
      const env = { clock: this.clock, timers, ids: this.ids, watch, metering: this.metering, fault: this.fault };
      this.realms.set(realm.name, new Realm(realm, env));
    }
  }

  realm(name: string): Realm | undefined {
    return this.realms.get(name);
  }

  /** Who watches the traced realms from now on; `undefined` for nobody. */
  set tap(tap: Tap | undefined) {
    this.watch.tap = tap;
  }

  get tap(): Tap | undefined {
    return this.watch.tap;
  }

  /** Open connections, with or without a session. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Serves one client on `transport`. */
  attach(transport: Transport, options: ConnectionOptions): void {
    if (this.#closing) return transport.destroy('the router is shutting down');
    this.#connections.add(new Connection(transport, options, this, closed => this.#connections.delete(closed)));
  }

  /** A link to a client in this process. It still says HELLO, as `anonymous` unless `options` say otherwise. */
  connect(serializer: SerializerName, options: ConnectionOptions): MemoryPeer {
    const transport = new MemoryTransport(this.serializers[serializer]);
    this.attach(transport, options);
    return transport.peer;
  }

  /** Says GOODBYE to all sessions and waits until their connections are closed, at most `patience` milliseconds. */
  async close(patience = 1000): Promise<void> {
    this.#closing = true;
    for (const connection of this.#connections) {
      connection.close(CloseUri.systemShutdown, 'the router is shutting down', patience / 2);
    }
    for (const realm of this.realms.values()) realm.close();
    const deadline = performance.now() + patience;
    while (this.#connections.size > 0 && performance.now() < deadline) {
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    for (const connection of this.#connections) connection.destroy('the router has shut down');
  }
}

function warn(what: string, error: unknown): void {
  process.emitWarning(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}
