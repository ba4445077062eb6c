/** Owns one router worker of a node: its router, its listeners, its traces. */

import { type TraceStorage, Traces } from '../api/traces.js';
import type { RealmOptions } from '../realm/realm.js';
import { Router } from '../router.js';
import type { Metering } from '../session/metering.js';
import { Listener } from '../transport/listener.js';
import type { Flusher } from '../transport/send-queue.js';
import type { ListenerConfig } from './config/listeners.js';
import type { LimitsConfig, RouterWorkerConfig } from './config/schema.js';
import { LoopGuard } from './loop-guard.js';
import { Observatory } from './observatory.js';
import { listenerOptions, realmOptions } from './options.js';

/** What all workers of a node share. */
export interface WorkerEnvironment {
  readonly onFault: (what: string, error: unknown) => void;
  readonly flusher: Flusher;
  /** `undefined` while nobody reads metrics. */
  readonly metering: Metering | undefined;
  /** `undefined` without a store. */
  readonly storage: Omit<TraceStorage, 'worker'> | undefined;
}

export class Worker {
  readonly id: string;
  readonly router: Router;
  readonly observatory: Observatory;
  readonly traces: Traces;
  readonly started: number;
  readonly #limits: LimitsConfig;
  readonly #listeners: Listener[] = [];

  readonly #flusher: Flusher;

  /** `extra` realms are those that no worker's configuration names. */
  constructor(
    config: RouterWorkerConfig,
    limits: LimitsConfig,
    extra: readonly (RealmOptions & { readonly traced: false })[],
    { onFault, flusher, metering, storage }: WorkerEnvironment,
  ) {
    this.#flusher = flusher;
    this.id = config.id;
    this.#limits = limits;
    this.router = new Router({
      realms: [...config.realms.map(realmOptions), ...extra],
      limits: { sendQueueBytes: limits.send_queue_bytes, handshakeTimeout: limits.handshake_timeout },
      onFault,
      metering,
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
    this.traces.listen(new LoopGuard(this.traces, (trace, why) => onFault(`trace ${trace.id} stopped`, why)));
  }

  /** Listens as configured; resolves with one line for each listener, for people. */
  async listen(configs: readonly ListenerConfig[]): Promise<string[]> {
    const lines: string[] = [];
    for (const config of configs) {
      const options = listenerOptions(
        config,
        this.#limits.handshake_timeout,
        this.router.serializers,
        (transport, auth) => this.router.attach(transport, { auth }),
      );
      const listener = new Listener(options, this.#flusher);
      const address = await listener.listen();
      this.#listeners.push(listener);
      lines.push(urls(config, address));
    }
    return lines;
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
