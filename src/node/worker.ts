/** Owns one router worker of a node: its router, its listeners, its traces. */

import { type TraceStorage, Traces } from '../api/traces.js';
import type { RealmFigures } from '../observers/metrics.js';
import type { RealmOptions } from '../realm/realm.js';
import { Router } from '../router.js';
import { Listener } from '../transport/listener.js';
import { Flusher } from '../transport/send-queue.js';
import type { ListenerConfig } from './config/listeners.js';
import type { LimitsConfig, RouterWorkerConfig } from './config/schema.js';
import { LoopGuard } from './loop-guard.js';
import { Observatory } from './observatory.js';
import { listenerOptions, realmOptions } from './options.js';

export class Worker {
  readonly id: string;
  readonly router: Router;
  readonly observatory: Observatory;
  readonly traces: Traces;
  readonly started: number;
  readonly #limits: LimitsConfig;
  readonly #listeners: Listener[] = [];

  /** `extra` realms are those that no worker's configuration names. */
  constructor(
    config: RouterWorkerConfig,
    limits: LimitsConfig,
    extra: readonly (RealmOptions & { readonly traced: false })[],
    onFault: (what: string, error: unknown) => void,
    storage: Omit<TraceStorage, 'worker'> | undefined,
  ) {
    this.id = config.id;
    this.#limits = limits;
    this.router = new Router({
      realms: [...config.realms.map(realmOptions), ...extra],
      limits: { sendQueueBytes: limits.send_queue_bytes, handshakeTimeout: limits.handshake_timeout },
      onFault,
    });
    this.started = this.router.clock();
    this.observatory = new Observatory(this.router, limits.open_actions);
    this.traces = new Traces({
      clock: this.router.clock,
      after: (milliseconds, run) => setTimeout(run, milliseconds).unref(),
      cancel: timer => clearTimeout(timer as NodeJS.Timeout),
      watch: observer => this.observatory.watch(observer),
      unwatch: observer => this.observatory.unwatch(observer),
      codec: this.router.serializers.json,
      store: storage && { ...storage, worker: this.id },
    });
    this.traces.listen(
      new LoopGuard(this.traces, trace => onFault(`trace ${trace.id} stopped`, 'the event loop was late for 5 s')),
    );
  }

  /** Listens as configured; resolves with one line for each listener, for people. */
  async listen(configs: readonly ListenerConfig[]): Promise<string[]> {
    const flusher = new Flusher();
    const lines: string[] = [];
    for (const config of configs) {
      const options = listenerOptions(
        config,
        this.#limits.handshake_timeout,
        this.router.serializers,
        (transport, auth) => this.router.attach(transport, { auth }),
      );
      const listener = new Listener(options, flusher);
      const address = await listener.listen();
      this.#listeners.push(listener);
      lines.push(urls(config, address));
    }
    return lines;
  }

  *figures(): Iterable<RealmFigures> {
    for (const realm of this.router.realms.values()) {
      const { counts } = realm;
      yield {
        name: realm.name,
        sessions: realm.sessions.size,
        subscriptions: realm.broker.subscriptionCount,
        registrations: realm.dealer.registrationCount,
        received: counts.received,
        sent: counts.sent,
        receivedBytes: counts.receivedBytes,
        sentBytes: counts.sentBytes,
        droppedEvents: counts.droppedEvents,
      };
    }
  }

  async close(): Promise<void> {
    await this.router.close();
    for (const listener of this.#listeners) await listener.close();
    this.traces.close();
  }
}

function urls(config: ListenerConfig, address: string): string {
  const paths = config.anyPath ? [''] : [...config.webSockets.keys()];
  const found = paths.map(path => `ws://${address}/${path}`);
  if (config.rawSocket) found.push(config.endpoint.type === 'unix' ? `rs+unix:${address}` : `rs://${address}`);
  return found.join('  ');
}
