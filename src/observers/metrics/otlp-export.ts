/** Owns the export of metrics over OTLP: the official reader and transport, fed with our numbers. Loaded only when asked for. */

import { createOtlpHttpExportDelegate, httpAgentFactoryFromOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import {
  MeterProvider,
  type MetricProducer,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { attributesOf, resourceOf } from '../spans/sdk-span.js';
import type { ExportSettings } from '../spans/settings.js';
import { transportOptions } from '../spans/transport-options.js';
import type { Metrics } from './index.js';
import { metricData } from './otlp.js';
import type { MetricsExport, MetricsExportOptions } from './otlp-settings.js';
import { Load } from './runtime.js';

/** Milliseconds between two warnings: a collector that is down is down for long. */
const QUIET = 300_000;
/** Milliseconds that an operator who stops a router waits for the last export. */
const CLOSE_LIMIT = 3000;

export function startMetricsExport(metrics: Metrics, options: MetricsExportOptions): MetricsExport {
  const { settings, source, interval, timeout, log } = options;
  const resource = resourceOf(attributesOf(source.resource));
  const scope = { name: source.scopeName, version: source.scopeVersion, schemaUrl: source.schemaUrl };
  const load = new Load();
  const producer: MetricProducer = {
    collect: async () => {
      const families = await metrics.read(load);
      const time = { from: metrics.started, to: Date.now() };
      const scopeMetrics = [{ scope, metrics: metricData(families, time) }];
      return { resourceMetrics: { resource, scopeMetrics }, errors: [] };
    },
  };
  const reader = new PeriodicExportingMetricReader({
    exporter: new Exporter(settings, log),
    exportIntervalMillis: interval,
    exportTimeoutMillis: Math.min(timeout, interval),
    metricProducers: [producer],
  });
  // The provider has no instruments: a reader only wants one to belong to.
  const provider = new MeterProvider({ resource, readers: [reader] });
  return {
    flush: () => provider.forceFlush(),
    close: () => provider.shutdown({ timeoutMillis: CLOSE_LIMIT }).catch(() => {}),
  };
}

type Done = Parameters<PushMetricExporter['export']>[1];

/** The official transport; says when the collector does not take what we send, which the reader keeps to itself. */
class Exporter implements PushMetricExporter {
  readonly #url: string;
  readonly #log: MetricsExportOptions['log'];
  readonly #transport: ReturnType<typeof createOtlpHttpExportDelegate<ResourceMetrics, unknown>>;
  #warned = Number.NEGATIVE_INFINITY;

  constructor(settings: ExportSettings, log: MetricsExportOptions['log']) {
    this.#url = settings.url;
    this.#log = log;
    this.#transport = createOtlpHttpExportDelegate<ResourceMetrics, unknown>(
      // One at a time: the next has newer numbers.
      transportOptions(settings, 1, httpAgentFactoryFromOptions),
      settings.protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer,
      'otlp_http_metric_exporter',
      { name: 'metric_data_point', countItems: pointsOf },
      undefined,
    );
  }

  export(items: ResourceMetrics, done: Done): void {
    this.#transport.export(items, result => {
      if (result.code !== 0) this.#warn(result.error);
      done(result);
    });
  }

  forceFlush(): Promise<void> {
    return this.#transport.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#transport.shutdown();
  }

  #warn(error: Error | undefined): void {
    const now = performance.now();
    if (now - this.#warned < QUIET) return;
    this.#warned = now;
    this.#log.warn(`metrics are not exported to ${this.#url}: ${error?.message ?? 'no reason given'}`);
  }
}

function pointsOf({ scopeMetrics }: ResourceMetrics): number {
  return scopeMetrics.reduce(
    (sum, { metrics }) => sum + metrics.reduce((all, { dataPoints }) => all + dataPoints.length, 0),
    0,
  );
}
