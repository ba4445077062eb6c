/** Owns the metrics of Node.js and its process: prom-client's own, without those that read every socket. */

import { statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Written, WrittenMetric } from './exposition.js';

/** They list all sockets or files when they are scraped, which with ten thousand sessions stalls the loop for long. */
const EXPENSIVE = [
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'process_open_fds',
];
/** Milliseconds between the looks of `monitorEventLoopDelay`, each of which wakes the loop. */
const RESOLUTION = 20;
const FILES = '/proc/self/fd';

/** One for the life of a process: what it watches with cannot be stopped. */
export class Runtime {
  readonly #registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: RESOLUTION });
    for (const name of EXPENSIVE) this.#registry.removeSingleMetric(name);
    if (openFiles() > 0) this.#addOpenFiles();
  }

  get metrics(): readonly Written[] {
    const all = this.#registry.getMetricsAsArray() as unknown as { get(): Promise<WrittenMetric> }[];
    return all.map(metric => ({ get: async () => withoutTimer(await metric.get()) }));
  }

  #addOpenFiles(): void {
    new Gauge({
      name: 'process_open_fds',
      help: 'Number of open file descriptors.',
      registers: [this.#registry],
      collect() {
        this.set(openFiles());
      },
    });
  }
}

export class Load {
  #before = performance.eventLoopUtilization();

  /** Share of the time since the last call in which the loop was busy. */
  utilization(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    return utilization;
  }
}

/**
 * `monitorEventLoopDelay` counts the time that its own timer was asked to wait; how late it was is what we tell,
 * and nothing when it has not looked yet.
 */
function withoutTimer(metric: WrittenMetric): WrittenMetric {
  const known = metric.values.filter(({ value }) => !Number.isNaN(value));
  if (!/^nodejs_eventloop_lag_(?:min|max|mean|p\d+)_seconds$/.test(metric.name)) return { ...metric, values: known };
  const values = known.map(entry => ({ ...entry, value: Math.max(0, entry.value - RESOLUTION / 1000) }));
  return { ...metric, values };
}

/** Linux from 6.2 on tells it as a size; 0 elsewhere. */
function openFiles(): number {
  return statSync(FILES, { throwIfNoEntry: false })?.size ?? 0;
}
