/** Owns a running node: which parts there are, in which order they start and stop. */

import { Readers } from '../api/readers.js';
import { traceEvents } from '../api/trace-events.js';
import { registerTracing } from '../api/tracing.js';
import { createMetrics } from '../observers/metrics.js';
import { createSpans, type SpanPipeline } from '../observers/spans/index.js';
import { listenersOf } from './config/listeners.js';
import type { Config } from './config/schema.js';
import { HttpListener } from './http.js';
import { managementRealm } from './options.js';
import { VERSION } from './version.js';
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
  #spans: SpanPipeline | undefined;
  #http: HttpListener | undefined;

  constructor(config: Config, environment: NodeEnvironment) {
    this.#config = config;
    this.#environment = environment;
    const { management, limits } = config.wampscope;
    const onFault = (what: string, error: unknown): void =>
      environment.log.warn(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    this.workers = config.workers.map((worker, index) => {
      // One management realm for the node; it stands in the first worker and answers for all.
      const extra = management && index === 0 ? [managementRealm(management)] : [];
      return new Worker(worker, limits, extra, onFault);
    });
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
    this.startManagement();
    await this.#startHttp();
    const listeners = listenersOf(this.#config);
    for (const worker of this.workers) {
      const own = listeners.filter(listener => listener.worker.id === worker.id);
      for (const line of await worker.listen(own)) log.info(`${worker.id} listens at ${line}`);
    }
  }

  #startSpans(): void {
    const { env, log } = this.#environment;
    const { pipeline, endpoint, non_error_uris: nonErrorUris } = this.#config.wampscope.telemetry;
    const spans = createSpans({ pipeline, endpoint, env, nonErrorUris, log });
    // Without an endpoint it observes nothing, and the router must not build frames for it.
    if (!spans.onActionEnd) return;
    this.#spans = spans;
    for (const worker of this.workers) worker.observatory.watch(spans);
  }

  /** Makes the tracing API answer; `start` does it, and an embedder that does not listen may. */
  startManagement(): void {
    const { management } = this.#config.wampscope;
    if (!management) return;
    const { id } = this.#config.controller;
    const node = { id, pid: process.pid, started: this.#started, workers: this.workers };
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
    const sum = (read: (worker: Worker) => number): number =>
      this.workers.reduce((total, worker) => total + read(worker), 0);
    const { workers } = this;
    const registry = createMetrics({
      version: VERSION,
      *realms() {
        for (const worker of workers) yield* worker.figures();
      },
      connections: () => sum(worker => worker.router.connections),
      openActions: () => sum(worker => worker.observatory.correlator.openActions),
      abandonedActions: () => sum(worker => worker.observatory.correlator.abandoned),
      runningTraces: () => sum(worker => worker.traces.list(false).length),
      harmfulTraces: () => sum(worker => worker.traces.stoppedForHarm),
      spans: () => this.#spans?.stats(),
    });
    this.#http = new HttpListener({
      '/metrics': async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
      '/healthz': () => ({ contentType: 'text/plain', body: 'ok\n' }),
    });
    const url = await this.#http.listen(http.interface, http.port);
    this.#environment.log.info(`metrics at ${url}/metrics, health at ${url}/healthz`);
  }

  /** Says GOODBYE to all sessions, flushes what is to be exported, closes everything. Bounded by a few seconds. */
  async stop(): Promise<void> {
    await Promise.all(this.workers.map(worker => worker.close()));
    await this.#spans?.close();
    await this.#http?.close();
  }
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
