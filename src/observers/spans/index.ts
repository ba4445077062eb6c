/** Owns the choice of a span pipeline; the door of this folder. */

import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NON_ERROR_URIS } from '../../trace/failure.js';
import { Accounts } from './accounts.js';
import { BATCH_DEFAULTS, batchSettings, textLimit } from './batching.js';
import type { Environment, Warn } from './environment.js';
import { Figures } from './figures.js';
import type { SpanLog, SpanPipeline } from './pipeline.js';
import { ROW_BYTES_LIMIT, RowSpans } from './row-spans.js';
import { SdkBatch } from './sdk-batch.js';
import { createOtlpExporter } from './sdk-exporter.js';
import { SdkSpans } from './sdk-spans.js';
import { UserProcessor } from './sdk-user.js';
import { TIMING } from './sender.js';
import { type ExportSettings, exportSettings, sourceOf } from './settings.js';
import { spawnWorker } from './worker-link.js';

export type { BreakerState, DropCause, FailCause, SpanLog, SpanPipeline, SpanStats } from './pipeline.js';
export { createSampler, Sampler, type SamplingOptions } from './sampling.js';

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
  /** Error URIs that are answers: they do not make a span a failure. Default `wamp.error.canceled`. */
  readonly nonErrorUris?: readonly string[] | undefined;
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
  const warn: Warn = message => log.warn(`span export: ${message}`);
  if (processor !== undefined) {
    return sdkSpans(options, warn, parts => new UserProcessor(processor, parts.accounts));
  }
  if (exporter !== undefined) return sdkSpans(options, warn, batched(exporter, options, warn));
  const settings = exportSettings(options.endpoint, env, warn);
  if (settings === undefined) return nothing();
  if (pipeline === 'rows') return rowSpans(settings, options, warn);
  return sdkSpans(options, warn, batched(createOtlpExporter(settings), options, warn));
}

function rowSpans(
  settings: ExportSettings,
  { env, log, instanceId, nonErrorUris }: SpanOptions,
  warn: Warn,
): SpanPipeline {
  const source = sourceOf(env, instanceId);
  const batch = batchSettings(env, BATCH_DEFAULTS.rows, warn);
  const forgiven = nonErrorUris ?? NON_ERROR_URIS;
  const timing = { ...TIMING, giveUpAfter: batch.exportTimeout };
  return new RowSpans(
    figures =>
      spawnWorker({
        ...{ settings, source, timing, nonErrorUris: forgiven },
        ...{ batchSpans: batch.batchSize, figures: figures.memory },
      }),
    {
      flushInterval: batch.delay,
      maxText: textLimit(env, warn),
      nonErrors: new Set(forgiven),
      queue: { spans: batch.queueSize, bytes: ROW_BYTES_LIMIT },
    },
    log,
  );
}

interface Books {
  readonly accounts: Accounts;
  readonly figures: Figures;
}

function sdkSpans(
  { env, log, instanceId, nonErrorUris }: SpanOptions,
  warn: Warn,
  sinkOf: (books: Books) => SdkBatch | UserProcessor,
): SpanPipeline {
  const books = { accounts: new Accounts(), figures: new Figures() };
  const nonErrors = new Set(nonErrorUris ?? NON_ERROR_URIS);
  return new SdkSpans({
    ...books,
    sink: sinkOf(books),
    source: sourceOf(env, instanceId),
    maxText: textLimit(env, warn),
    nonErrors,
    log,
  });
}

function batched(exporter: SpanExporter, { env, log }: SpanOptions, warn: Warn): (books: Books) => SdkBatch {
  const batch = batchSettings(env, BATCH_DEFAULTS.sdk, warn);
  return books => new SdkBatch({ ...books, exporter, batch, log });
}

/** Has no `onActionEnd`, so that nobody calls it. */
function nothing(): SpanPipeline {
  const stats = {
    ...new Accounts().read(),
    ...new Figures().read(),
    capacity: 0,
    waitingBytes: 0,
    capacityBytes: 0,
  };
  return { flush: () => Promise.resolve(), close: () => Promise.resolve(), stats: () => stats };
}
