/** Owns whether metrics are exported over OTLP, and where to; loads nothing of OpenTelemetry to say no. */

import type { Environment, Warn } from '../spans/environment.js';
import type { Source } from '../spans/otlp.js';
import { type ExportSettings, exportSettings, isAskedFor, millisecondsOf, sourceOf } from '../spans/settings.js';

/** OTLP exporter specification, "Configuration Options": where a collector is when nobody says. */
const DEFAULT_ENDPOINT = 'http://localhost:4318';
/** OpenTelemetry specification, "Periodic exporting MetricReader". */
const DEFAULT_INTERVAL = 60_000;
const DEFAULT_TIMEOUT = 30_000;
const TEMPORALITY = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';

export interface MetricsExportOptions {
  readonly settings: ExportSettings;
  readonly source: Source;
  /** Milliseconds. */
  readonly interval: number;
  readonly timeout: number;
  readonly log: { warn(message: string): void };
}

/** A running export. */
export interface MetricsExport {
  /** Exports now. Rejects when that is not possible. */
  flush(): Promise<void>;
  /** Exports a last time and ends, after some seconds in any case. Never rejects. */
  close(): Promise<void>;
}

/** What an operator wrote. */
export interface MetricsExportConfig {
  /** As OTEL_EXPORTER_OTLP_ENDPOINT; goes before the environment. */
  readonly endpoint: string | undefined;
  /** Milliseconds; as OTEL_METRIC_EXPORT_INTERVAL. */
  readonly interval: number | undefined;
}

/**
 * `undefined` unless metrics are asked for by name: a configured endpoint, OTEL_METRICS_EXPORTER=otlp, or
 * OTEL_EXPORTER_OTLP_METRICS_ENDPOINT. The endpoint of all signals alone is for spans: metrics have `/metrics`.
 *
 * @throws TypeError for a variable with a value that is not served.
 */
export function metricsExportOptions(
  config: MetricsExportConfig,
  env: Environment,
  log: MetricsExportOptions['log'],
  instanceId?: string,
): MetricsExportOptions | undefined {
  if (config.endpoint === undefined && !isAskedFor(env, 'metrics')) return undefined;
  const warn: Warn = message => log.warn(`metrics: ${message}`);
  const settings =
    exportSettings(config.endpoint, env, warn, 'metrics') ?? exportSettings(DEFAULT_ENDPOINT, env, warn, 'metrics');
  if (!settings) return undefined;
  const preference = env[TEMPORALITY]?.trim().toLowerCase() ?? '';
  if (preference !== '' && preference !== 'cumulative') {
    log.warn(`${TEMPORALITY} is "${preference}", but metrics are exported as totals since the start: cumulative`);
  }
  return {
    settings,
    source: sourceOf(env, instanceId),
    interval: config.interval ?? millisecondsOf(env, 'OTEL_METRIC_EXPORT_INTERVAL', DEFAULT_INTERVAL),
    timeout: millisecondsOf(env, 'OTEL_METRIC_EXPORT_TIMEOUT', DEFAULT_TIMEOUT),
    log,
  };
}
