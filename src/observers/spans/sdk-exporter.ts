/** Owns the official OTLP exporter as the sdk pipeline runs it, and what it does not tell: spans that were rejected. */

import { createRequire } from 'node:module';
import type * as exporterBase from '@opentelemetry/otlp-exporter-base';
import type * as nodeHttp from '@opentelemetry/otlp-exporter-base/node-http';
import type * as transformer from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { PartialSuccess } from './otlp-response.js';
import type { ExportSettings } from './settings.js';
import { transportOptions } from './transport-options.js';

// Loaded when asked for: a tenth of a second and some 20 MB that the rows pipeline does without.
const load = createRequire(import.meta.url);

/** More than are ever under way: a batch that timed out may still be. */
const CONCURRENCY = 16;

/** An exporter that can say, while it calls back, what its last answer rejected. */
export interface TellingExporter extends SpanExporter {
  takeRejected(): PartialSuccess;
}

const NOTHING: PartialSuccess = { rejected: 0, message: '' };

export function createOtlpExporter(settings: ExportSettings): TellingExporter {
  const { OTLPExporterBase } = load('@opentelemetry/otlp-exporter-base') as typeof exporterBase;
  const { createOtlpHttpExportDelegate, httpAgentFactoryFromOptions } = load(
    '@opentelemetry/otlp-exporter-base/node-http',
  ) as typeof nodeHttp;
  const { JsonTraceSerializer, ProtobufTraceSerializer, TraceExporterMetricsHelper } = load(
    '@opentelemetry/otlp-transformer',
  ) as typeof transformer;
  const official = settings.protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer;
  let last = NOTHING;
  const delegate = createOtlpHttpExportDelegate<ReadableSpan[], transformer.IExportTraceServiceResponse>(
    transportOptions(settings, CONCURRENCY, httpAgentFactoryFromOptions),
    {
      serializeRequest: spans => official.serializeRequest(spans),
      // The delegate reads a response and calls back in one go, so this is the answer to the batch called back for.
      deserializeResponse: bytes => {
        const response = official.deserializeResponse(bytes);
        const { rejectedSpans, errorMessage } = response.partialSuccess ?? {};
        last = { rejected: Number(rejectedSpans ?? 0), message: errorMessage ?? '' };
        return response;
      },
    },
    'otlp_http_span_exporter',
    TraceExporterMetricsHelper,
    undefined,
  );
  const exporter = new OTLPExporterBase<ReadableSpan[]>(delegate);
  return {
    export: (spans, done) => exporter.export(spans, done),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    takeRejected() {
      const taken = last;
      last = NOTHING;
      return taken;
    },
  };
}
