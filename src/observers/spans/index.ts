/** Owns the choice of a span pipeline; the door of this folder. */

import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { SpanLog, SpanPipeline } from './pipeline.js';
import { RowSpans } from './row-spans.js';
import { CountingProcessor, createBatchProcessor, createOtlpExporter } from './sdk-processor.js';
import { SdkSpans, type Tally } from './sdk-spans.js';
import { type Environment, exportSettings, sourceOf } from './settings.js';
import { spawnWorker } from './worker-link.js';

export type { SpanLog, SpanPipeline, SpanStats } from './pipeline.js';

export interface SpanOptions {
  /** `rows`: encoded and sent by a worker thread. `sdk`: by the OpenTelemetry SDK on the router's thread. */
  readonly pipeline: 'rows' | 'sdk';
  /** Base URL of an OTLP/HTTP collector; goes before OTEL_EXPORTER_OTLP_ENDPOINT and means the same. */
  readonly endpoint?: string | undefined;
  /** The process environment: OTEL_EXPORTER_OTLP_*, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and the like. */
  readonly env: Environment;
  /** For `sdk`: takes the place of OTLP, behind a batch processor. */
  readonly exporter?: SpanExporter | undefined;
  /** For `sdk`: takes the place of the batch processor and all behind it. Its `onStart` is never called. */
  readonly processor?: SpanProcessor | undefined;
  readonly log: SpanLog;
  /** A UUID for `service.instance.id`, to share it with metrics. Default: a fresh one. */
  readonly instanceId?: string | undefined;
}

/**
 * The span pipeline that options and environment ask for. Without an endpoint, an exporter or a processor it
 * observes nothing and costs nothing. Throws a TypeError that names the option or variable that is wrong.
 */
export function createSpans(options: SpanOptions): SpanPipeline {
  const { pipeline, exporter, processor, env, log } = options;
  if (pipeline !== 'rows' && pipeline !== 'sdk') {
    throw new TypeError(`Expected \`pipeline\` to be 'rows' or 'sdk', got '${String(pipeline)}'; default is 'rows'`);
  }
  const own = [exporter, processor].filter(given => given !== undefined).length;
  if (own === 2)
    throw new TypeError('Expected `exporter` or `processor`, got both; put the exporter into the processor');
  if (own === 1 && pipeline === 'rows') {
    throw new TypeError("Expected pipeline 'sdk' with `exporter` or `processor`, got 'rows', which sends by itself");
  }
  const source = sourceOf(env, options.instanceId);
  const tally: Tally = { handed: 0, exported: 0, failed: 0 };
  if (processor !== undefined) return new SdkSpans(new CountingProcessor(processor, tally), tally, source, log);
  if (exporter !== undefined) {
    return new SdkSpans(createBatchProcessor(exporter, tally, env, log), tally, source, log);
  }
  const settings = exportSettings(options.endpoint, env);
  if (settings === undefined) return NOTHING;
  if (pipeline === 'rows') return new RowSpans(() => spawnWorker({ settings, source }), log);
  return new SdkSpans(createBatchProcessor(createOtlpExporter(settings), tally, env, log), tally, source, log);
}

/** Has no `onActionEnd`, so that nobody calls it. */
const NOTHING: SpanPipeline = Object.freeze({
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
  stats: () => ({ spans: 0, exported: 0, dropped: 0, failed: 0 }),
});
