/** Owns one router worker of a node: its router, its listeners, its traces. */

import { Traces } from '../api/traces.js';
import type { RealmFigures } from '../observers/metrics.js';
import type { RealmOptions } from '../realm/realm.js';
import { Router } from '../router.js';
import { Listener, type Service } from '../transport/listener.js';
import { Flusher } from '../transport/send-queue.js';
import type { LimitsConfig, RouterWorkerConfig, TransportConfig } from './config/schema.js';
import { Observatory } from './observatory.js';
import { realmOptions, type ServiceOptions, transportPlan } from './options.js';

export class Worker {
  readonly id: string;
  readonly router: Router;
  readonly observatory: Observatory;
  readonly traces: Traces;
  readonly started: number;
  readonly #config: RouterWorkerConfig;
  readonly #limits: LimitsConfig;
  readonly #listeners: Listener[] = [];

  /** `extra` realms are those that no worker's configuration names. */
  constructor(
    config: RouterWorkerConfig & { readonly id: string },
    limits: LimitsConfig,
    extra: readonly (RealmOptions & { readonly traced: false })[],
    onFault: (what: string, error: unknown) => void,
  ) {
    this.id = config.id;
    this.#config = config;
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
    });
  }

  /** Listens on all transports; resolves with one line for each, for people. */
  async listen(): Promise<string[]> {
    const flusher = new Flusher();
    const lines: string[] = [];
    for (const config of this.#config.transports) lines.push(await this.#listen(config, flusher));
    return lines;
  }

  async #listen(config: TransportConfig, flusher: Flusher): Promise<string> {
    const plan = transportPlan(config, this.#limits, this.router.serializers);
    const serve = <Options>({ options, auth }: ServiceOptions<Options>): Service<Options> => ({
      options,
      onTransport: transport => this.router.attach(transport, { auth }),
    });
    const listener = new Listener(
      {
        address: plan.address,
        backlog: plan.backlog,
        webSockets: new Map([...plan.webSockets].map(([path, service]) => [path, serve(service)])),
        rawSocket: plan.rawSocket && serve(plan.rawSocket),
        handshakeTimeout: this.#limits.handshake_timeout,
      },
      flusher,
    );
    const address = await listener.listen();
    this.#listeners.push(listener);
    const urls = [...plan.webSockets.keys()].map(path => `ws://${address}/${path}`);
    if (plan.rawSocket) urls.push('path' in plan.address ? `rs+unix:${address}` : `rs://${address}`);
    return urls.join('  ');
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
