/** Owns the way of a request to the collector: the official package's retries, headers, compression and timeouts. */

import { createOtlpHttpExportDelegate, httpAgentFactoryFromOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ExportSettings } from './settings.js';
import { transportOptions } from './transport-options.js';

/** An encoded request. */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly spans: number;
}

/** How many spans the collector took; `error` says why it is fewer than all, '' when it is not. */
export type Sent = (exported: number, error: string) => void;

export type Send = (batch: Batch, sent: Sent) => void;

/** The delegate's own limit of requests at a time; the worker's is far below. */
const CONCURRENCY = 16;

export function createSend(settings: ExportSettings): Send {
  const official = settings.protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer;
  let rejected = 0;
  let reason = '';
  const delegate = createOtlpHttpExportDelegate(
    transportOptions(settings, CONCURRENCY, httpAgentFactoryFromOptions),
    {
      serializeRequest: (batch: Batch) => batch.bytes,
      // The delegate reads a response and calls back in one go, so this is the answer to the batch called back for.
      deserializeResponse: bytes => {
        const response = official.deserializeResponse(bytes);
        rejected = Number(response.partialSuccess?.rejectedSpans ?? 0);
        reason = response.partialSuccess?.errorMessage ?? '';
        return response;
      },
    },
    'otlp_http_span_exporter',
    { name: 'span', countItems: batch => batch.spans },
    undefined,
  );
  return (batch, sent) => {
    delegate.export(batch, result => {
      const refused = Math.min(rejected, batch.spans);
      const why = reason;
      rejected = 0;
      reason = '';
      if (result.code !== 0) sent(0, describe(result.error));
      else sent(batch.spans - refused, refused === 0 ? '' : `${refused} spans rejected: ${why}`);
    });
  };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason given';
  const code = 'code' in error ? ` (${error.code})` : '';
  const data = 'data' in error && typeof error.data === 'string' ? `: ${error.data.slice(0, 200)}` : '';
  return `${error.message}${code}${data}`;
}
