/** Owns the parts of the OpenTelemetry SDK that the sdk pipeline runs by default, and the counting of what they do. */

import { createRequire } from 'node:module';
import type * as traceExporter from '@opentelemetry/exporter-trace-otlp-http';
import type * as exporterBase from '@opentelemetry/otlp-exporter-base';
import type * as nodeHttp from '@opentelemetry/otlp-exporter-base/node-http';
import type * as transformer from '@opentelemetry/otlp-transformer';
import type * as traceBase from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { SpanLog } from './pipeline.js';
import type { Tally } from './sdk-spans.js';
import type { Environment, ExportSettings } from './settings.js';
import { agentOptions, transportOptions } from './transport-options.js';

// Loaded when asked for: a tenth of a second and some 20 MB that the rows pipeline does without on this thread.
const load = createRequire(import.meta.url);

/** Eight times the SDK's own: a burst of 3000 publications in one turn is 6000 spans. */
const QUEUE_SIZE = 16_384;
/** A flush sends the whole queue at once, in batches. */
const CONCURRENCY = 1024;

export function createOtlpExporter(settings: ExportSettings): SpanExporter {
  if (settings.protocol === 'http/json') {
    const { OTLPTraceExporter } = load('@opentelemetry/exporter-trace-otlp-http') as typeof traceExporter;
    return new OTLPTraceExporter({
      url: settings.url,
      headers: { ...settings.headers },
      timeoutMillis: settings.timeoutMillis,
      compression: settings.compression as exporterBase.CompressionAlgorithm,
      concurrencyLimit: CONCURRENCY,
      httpAgentOptions: agentOptions(settings),
      userAgent: settings.userAgent,
    });
  }
  const { OTLPExporterBase } = load('@opentelemetry/otlp-exporter-base') as typeof exporterBase;
  const { createOtlpHttpExportDelegate, httpAgentFactoryFromOptions } = load(
    '@opentelemetry/otlp-exporter-base/node-http',
  ) as typeof nodeHttp;
  const { ProtobufTraceSerializer, TraceExporterMetricsHelper } = load(
    '@opentelemetry/otlp-transformer',
  ) as typeof transformer;
  return new OTLPExporterBase<ReadableSpan[]>(
    createOtlpHttpExportDelegate(
      transportOptions(settings, CONCURRENCY, httpAgentFactoryFromOptions),
      ProtobufTraceSerializer,
      'otlp_http_span_exporter',
      TraceExporterMetricsHelper,
      undefined,
    ),
  );
}

/** The SDK's batch processor before `exporter`. It reads OTEL_BSP_* by itself; its size goes before ours. */
export function createBatchProcessor(
  exporter: SpanExporter,
  tally: Tally,
  env: Environment,
  log: SpanLog,
): SpanProcessor {
  const { BatchSpanProcessor } = load('@opentelemetry/sdk-trace-base') as typeof traceBase;
  const config = env.OTEL_BSP_MAX_QUEUE_SIZE === undefined ? { maxQueueSize: QUEUE_SIZE } : {};
  return new BatchSpanProcessor(new CountingExporter(exporter, tally, log), config);
}

class CountingExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #tally: Tally;
  readonly #log: SpanLog;
  #hasWarned = false;

  constructor(exporter: SpanExporter, tally: Tally, log: SpanLog) {
    this.#exporter = exporter;
    this.#tally = tally;
    this.#log = log;
  }

  export(spans: ReadableSpan[], resultCallback: Parameters<SpanExporter['export']>[1]): void {
    this.#tally.handed += spans.length;
    this.#exporter.export(spans, result => {
      // ExportResultCode.SUCCESS
      if (result.code === 0) {
        this.#tally.exported += spans.length;
      } else {
        this.#tally.failed += spans.length;
        this.#warn(result.error?.message ?? 'no reason given');
      }
      resultCallback(result);
    });
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush?.() ?? Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  #warn(reason: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log.warn(`span export: ${reason}; further failures are only counted`);
  }
}

/** Before a processor of the user's: handed over is all that can be said of a span. */
export class CountingProcessor implements SpanProcessor {
  readonly #processor: SpanProcessor;
  readonly #tally: Tally;

  constructor(processor: SpanProcessor, tally: Tally) {
    this.#processor = processor;
    this.#tally = tally;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    this.#tally.handed++;
    try {
      this.#processor.onEnd(span);
      this.#tally.exported++;
    } catch {
      // Routing does not stop for an observer.
      this.#tally.failed++;
    }
  }

  forceFlush(): Promise<void> {
    return this.#processor.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#processor.shutdown();
  }
}
