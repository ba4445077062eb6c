/** Owns a running node: which parts there are, in which order they start and stop. */

import { randomUUID } from 'node:crypto';
import { Readers } from '../api/readers.js';
import { traceEvents } from '../api/trace-events.js';
import { registerTracing } from '../api/tracing.js';
import { Metrics, type DetailedQuery as MetricsQuery } from '../observers/metrics/index.js';
import {
  type MetricsExport,
  type MetricsExportOptions,
  metricsExportOptions,
} from '../observers/metrics/otlp-settings.js';
import { Persister } from '../observers/persister.js';
import { createSampler, createSpans, type Sampler, type SpanPipeline } from '../observers/spans/index.js';
import { Flusher } from '../transport/send-queue.js';
import { Serializers } from '../wire/serializers/index.js';
import { listenersOf } from './config/listeners.js';
import type { Config, StoreConfig } from './config/schema.js';
import { Access } from './http/access.js';
import { HttpListener } from './http/listener.js';
import { pagesOf } from './http/pages.js';
import { createMetering, metricsSource } from './metering.js';
import { managementRealm } from './options.js';
import { Telemetry } from './telemetry.js';
import { Worker } from './worker.js';

export interface NodeEnvironment {
  readonly env: NodeJS.ProcessEnv;
  readonly log: { info(message: string): void; warn(message: string): void };
}

export class Node {
  readonly workers: readonly Worker[];
  readonly #config: Config;
  readonly #environment: NodeEnvironment;
  readonly #started = Date.now();
  readonly #telemetry: Telemetry;
  #sampler: Sampler | undefined;
  /** Spans and metrics are of one instance. */
  readonly #instanceId = randomUUID();
  /** `undefined` while nobody reads them: then nothing is measured. */
  readonly metrics: Metrics | undefined;
  readonly #exportOptions: MetricsExportOptions | undefined;
  #export: MetricsExport | undefined;
  readonly #persister: Persister | undefined;
  #spans: SpanPipeline | undefined;
  #http: HttpListener | undefined;
  #state: 'starting' | 'running' | 'stopping' = 'starting';

  constructor(config: Config, environment: NodeEnvironment) {
    this.#config = config;
    this.#environment = environment;
    const { management, limits, store, telemetry } = config.wampscope;
    this.#telemetry = new Telemetry(telemetry);
    const onFault = (what: string, error: unknown): void =>
      environment.log.warn(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    const flusher = new Flusher();
    const { procedures, endpoint, export_interval: interval } = config.wampscope.metrics;
    this.#exportOptions = metricsExportOptions(
      { endpoint, interval },
      environment.env,
      environment.log,
      this.#instanceId,
    );
    const isRead = config.wampscope.http !== undefined || this.#exportOptions !== undefined;
    const metering = isRead ? createMetering(procedures, flusher) : undefined;
    this.#persister = store && openPersister(store, environment);
    const storage = this.#persister && { persister: this.#persister, node: config.controller.id };
    this.workers = config.workers.map((worker, index) => {
      // One management realm for the node; it stands in the first worker and answers for all.
      const extra = management && index === 0 ? [managementRealm(management)] : [];
      return new Worker(worker, limits, extra, { onFault, flusher, metering, storage, telemetry: this.#telemetry });
    });
    if (!metering) return;
    const parts = { workers: this.workers, metering, started: this.#started, spans: () => this.#spans?.stats() };
    this.metrics = new Metrics(metricsSource(parts));
  }

  /** Resolves when everything listens; when a part fails to start, those before it are stopped. */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { log } = this.#environment;
    // What consumes starts before what produces.
    this.#startSpans();
    await this.#startExport();
    this.startManagement();
    await this.#startHttp();
    const listeners = listenersOf(this.#config);
    for (const worker of this.workers) {
      const own = listeners.filter(listener => listener.worker.id === worker.id);
      for (const line of await worker.listen(own)) log.info(`${worker.id} listens at ${line}`);
    }
    if (this.#state === 'starting') this.#state = 'running';
  }

  /** The packages of the SDK are loaded here, and not when nothing is exported. */
  async #startExport(): Promise<void> {
    if (!this.#exportOptions) return;
    const { startMetricsExport } = await import('../observers/metrics/otlp-export.js');
    this.#export = startMetricsExport(this.metrics!, this.#exportOptions);
  }

  #startSpans(): void {
    const { env, log } = this.#environment;
    const { pipeline, endpoint, non_error_uris: nonErrorUris } = this.#config.wampscope.telemetry;
    const spans = createSpans({ pipeline, endpoint, env, nonErrorUris, log, instanceId: this.#instanceId });
    // Without an endpoint it observes nothing, and the router must not build frames for it.
    if (!spans.onActionEnd) return;
    this.#spans = spans;
    // One for all workers, because its limits are those of the node.
    const sampler = createSampler(this.#telemetry.sampling(Date.now()), env, log, nonErrorUris);
    this.#sampler = sampler;
    for (const worker of this.workers) worker.observatory.export(spans, sampler);
  }

  /** Makes the tracing API answer; `start` does it, and an embedder that does not listen may. */
  startManagement(): void {
    const { management } = this.#config.wampscope;
    if (!management) return;
    const { id } = this.#config.controller;
    const persister = this.#persister;
    const sampling = {
      sampler: this.#sampler,
      propagation: this.#telemetry.propagation,
      realms: () => [...new Set(this.#config.workers.flatMap(({ realms }) => realms.map(({ name }) => name)))],
      changed: (now: object, by: string) =>
        this.#environment.log.info(`sampling changed by ${by}: ${JSON.stringify(now)}`),
    };
    const node = { id, pid: process.pid, started: this.#started, workers: this.workers, store: persister, sampling };
    const readers = new Readers(new Map(Object.entries(management.readers)));
    const names = [management.realm, ...management.also_in];
    const realms = this.workers.flatMap(({ router }) => names.map(name => router.realm(name)).filter(isDefined));
    const sessions = realms.map(realm => realm.local(`wampscope.node.${id}`));
    const clock = this.workers[0]?.router.clock;
    if (!clock) return;
    for (const session of sessions) registerTracing(session, node, readers, clock);
    for (const worker of this.workers) {
      worker.traces.listen(traceEvents({ nodeId: id, workerId: worker.id, sessions, readers, clock }));
    }
    this.#environment.log.info(`tracing API in ${names.length === 1 ? 'realm' : 'realms'} ${names.join(', ')}`);
  }

  async #startHttp(): Promise<void> {
    const { http } = this.#config.wampscope;
    if (!http) return;
    const { workers } = this;
    const metrics = this.metrics!;
    const pages = pagesOf({
      node: this.#config.controller.id,
      now: () => Date.now(),
      *realms() {
        for (const { id, router } of workers) {
          for (const { name, sessions } of router.realms.values()) yield { worker: id, name, sessions };
        }
      },
      metrics: accept => metrics.page(accept),
      detailed: {
        families: ['session', 'procedure', 'topic'],
        page: (query: MetricsQuery, accept) => metrics.detailed(query, accept),
      },
      unready: () => this.#unready(),
    });
    this.#http = new HttpListener(pages, Access.of(http));
    const url = await this.#http.listen(http.interface, http.port);
    this.#environment.log.info(`metrics at ${url}/metrics, health at ${url}/healthz`);
  }

  #unready(): string | undefined {
    if (this.#state === 'starting') return 'the listeners are not up yet';
    return this.#state === 'stopping' ? 'the node is stopping' : undefined;
  }

  /** Says GOODBYE to all sessions, flushes what is to be exported, closes everything. Bounded by a few seconds. */
  async stop(): Promise<void> {
    this.#state = 'stopping';
    await Promise.all(this.workers.map(worker => worker.close()));
    // Each has its own few seconds: together, not one after the other.
    await Promise.all([this.#persister?.close(), this.#spans?.close(), this.#export?.close()]);
    await this.#http?.close();
  }
}

function openPersister({ directory, max_bytes, max_age }: StoreConfig, { log }: NodeEnvironment): Persister {
  const serializers = new Serializers();
  const maxAge = max_age * 1000;
  log.info(`traces with "persist" are kept in ${directory}: ${Math.round(max_bytes / 2 ** 20)} MiB, ${max_age} s`);
  return new Persister({ directory, maxBytes: max_bytes, maxAge, serializers: name => serializers[name] }, log);
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
