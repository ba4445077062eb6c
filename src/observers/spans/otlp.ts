/** Owns what both OTLP encoders share: whose spans these are, and the contract of an encoder. */

import type { AttributeValue, SpanIds, SpanLink, SpanSink } from './span-data.js';

/** The resource and scope that every span of a process has. */
export interface Source {
  /** Key, value, key, value … */
  readonly resource: readonly AttributeValue[];
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly schemaUrl: string;
}

// opentelemetry-proto trace/v1, SpanFlags: bit 8 says that bit 9 is known, bit 9 that the parent is remote.
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** `Span.flags`, for a root span too, as the official serializer has it. */
export function otlpFlags(ids: SpanIds): number {
  return ids.traceFlags | HAS_IS_REMOTE | (ids.parentIsRemote ? IS_REMOTE : 0);
}

/** `Link.flags`, likewise. */
export function otlpLinkFlags(link: SpanLink): number {
  return link.traceFlags | HAS_IS_REMOTE | (link.isRemote ? IS_REMOTE : 0);
}

/** Collects spans and turns them into an ExportTraceServiceRequest (opentelemetry-proto collector/trace/v1). */
export interface OtlpEncoder extends SpanSink {
  /** Spans added since the last `take`. */
  readonly spans: number;
  /** Octets of them, about. */
  readonly size: number;
  /** The request of the spans added since the last `take`; the caller's until given to `reuse`. */
  take(): Uint8Array;
  /** Takes the memory of a request that nobody needs any more. */
  reuse(request: Uint8Array): void;
}
