/** Owns the form in which the OpenTelemetry SDK for JavaScript wants a span that has ended. */

import {
  type Attributes,
  createTraceState,
  type HrTime,
  type Link,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  type TraceState,
} from '@opentelemetry/api';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace-base';
import { hexWord } from '../../trace/action.js';
import type { Source } from './otlp.js';
import { type AttributeValue, hrTime, type SpanData, type SpanLink } from './span-data.js';

type Resource = ReadableSpan['resource'];
type Scope = ReadableSpan['instrumentationScope'];

/** What all spans of a process have in common; exporters group by the identity of these two objects. */
export interface SdkSource {
  readonly resource: Resource;
  readonly scope: Scope;
}

export function sdkSourceOf(source: Source): SdkSource {
  return {
    resource: resourceOf(attributesOf(source.resource)),
    scope: { name: source.scopeName, version: source.scopeVersion, schemaUrl: source.schemaUrl },
  };
}

/** A resource that is settled from the start, so that no processor has to wait for it. */
export function resourceOf(attributes: Attributes): Resource {
  return {
    attributes,
    merge: other => resourceOf({ ...attributes, ...other?.attributes }),
    getRawAttributes: () => Object.entries(attributes),
  };
}

export class SdkSpan implements ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly resource: Resource;
  readonly instrumentationScope: Scope;
  readonly links: Link[];
  readonly events: TimedEvent[] = [];
  readonly ended = true;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  readonly #context: SpanContext;

  constructor(span: SpanData, source: SdkSource) {
    const { ids } = span;
    const traceId = hexWord(ids.trace0) + hexWord(ids.trace1) + hexWord(ids.trace2) + hexWord(ids.trace3);
    const traceFlags = ids.traceFlags;
    const spanId = hexWord(ids.span0) + hexWord(ids.span1);
    const { tracestate } = span;
    this.#context =
      tracestate === ''
        ? { traceId, spanId, traceFlags }
        : { traceId, spanId, traceFlags, traceState: stateOf(tracestate) };
    if (ids.parent0 !== 0 || ids.parent1 !== 0) {
      const spanId = hexWord(ids.parent0) + hexWord(ids.parent1);
      this.parentSpanContext = { traceId, spanId, traceFlags, isRemote: ids.parentIsRemote };
    }
    this.name = span.operation.name;
    // The API counts kinds from 0 (INTERNAL), OTLP from 1.
    this.kind = span.operation.kind - 1;
    this.startTime = hrTime(span.startedAt);
    this.endTime = hrTime(span.endedAt);
    this.duration = difference(this.startTime, this.endTime);
    this.status = { code: span.ending.status };
    this.attributes = attributesOf(span.operation.attributes);
    if (span.peer !== undefined) addAttributes(this.attributes, span.peer.attributes);
    addAttributes(this.attributes, span.own);
    addAttributes(this.attributes, span.ending.attributes);
    this.links = span.link === undefined ? [] : [linkOf(span.link)];
    this.resource = source.resource;
    this.instrumentationScope = source.scope;
  }

  spanContext(): SpanContext {
    return this.#context;
  }
}

/** Exported as it came: the API's own parser drops keys that level 2 allows. */
function stateOf(text: string): TraceState {
  const parsed = createTraceState(text);
  return {
    get: key => parsed.get(key),
    set: (key, value) => parsed.set(key, value),
    unset: key => parsed.unset(key),
    serialize: () => text,
  };
}

function linkOf(link: SpanLink): Link {
  const traceId = hexWord(link.trace0) + hexWord(link.trace1) + hexWord(link.trace2) + hexWord(link.trace3);
  const spanId = hexWord(link.span0) + hexWord(link.span1);
  return { context: { traceId, spanId, traceFlags: link.traceFlags, isRemote: link.isRemote } };
}

export function attributesOf(list: readonly AttributeValue[]): Attributes {
  const attributes: Attributes = {};
  addAttributes(attributes, list);
  return attributes;
}

function addAttributes(attributes: Attributes, list: readonly AttributeValue[]): void {
  for (let i = 0; i < list.length; i += 2) {
    const value = list[i + 1]!;
    attributes[list[i] as string] = typeof value === 'object' ? value.toString() : value;
  }
}

function difference(start: HrTime, end: HrTime): HrTime {
  const nanos = end[1] - start[1];
  return nanos < 0 ? [end[0] - start[0] - 1, nanos + 1e9] : [end[0] - start[0], nanos];
}
