/** Owns OTLP in protobuf: spans go straight into bytes, what spans share is copied from the bytes of last time. */

import { AttributeTemplates } from './attribute-templates.js';
import { type OtlpEncoder, otlpFlags, otlpLinkFlags, type Source } from './otlp.js';
import { ProtobufWriter, varintSize, WIRE_FIXED32, WIRE_FIXED64, WIRE_LENGTH, WIRE_VARINT } from './protobuf-writer.js';
import {
  type Ending,
  type Operation,
  type Part,
  type SpanData,
  type SpanIds,
  type SpanLink,
  Status,
} from './span-data.js';

// opentelemetry-proto trace/v1, message Span.
const SPAN_TRACE_ID = (1 << 3) | WIRE_LENGTH;
const SPAN_SPAN_ID = (2 << 3) | WIRE_LENGTH;
const SPAN_TRACE_STATE = (3 << 3) | WIRE_LENGTH;
const SPAN_PARENT_SPAN_ID = (4 << 3) | WIRE_LENGTH;
const SPAN_NAME = (5 << 3) | WIRE_LENGTH;
const SPAN_KIND = (6 << 3) | WIRE_VARINT;
const SPAN_START_TIME = (7 << 3) | WIRE_FIXED64;
const SPAN_END_TIME = (8 << 3) | WIRE_FIXED64;
const SPAN_ATTRIBUTES = (9 << 3) | WIRE_LENGTH;
const SPAN_LINKS = (13 << 3) | WIRE_LENGTH;
const SPAN_STATUS = (15 << 3) | WIRE_LENGTH;
const SPAN_FLAGS = (16 << 3) | WIRE_FIXED32;
// message Span.Link.
const LINK_TRACE_ID = (1 << 3) | WIRE_LENGTH;
const LINK_SPAN_ID = (2 << 3) | WIRE_LENGTH;
const LINK_FLAGS = (6 << 3) | WIRE_FIXED32;
// message Status.
const STATUS_CODE = (3 << 3) | WIRE_VARINT;
// messages ScopeSpans, ResourceSpans and collector/trace/v1 ExportTraceServiceRequest.
const SCOPE_SPANS_SCOPE = (1 << 3) | WIRE_LENGTH;
const SCOPE_SPANS_SPANS = (2 << 3) | WIRE_LENGTH;
const SCOPE_SPANS_SCHEMA_URL = (3 << 3) | WIRE_LENGTH;
const RESOURCE_SPANS_RESOURCE = (1 << 3) | WIRE_LENGTH;
const RESOURCE_SPANS_SCOPE_SPANS = (2 << 3) | WIRE_LENGTH;
const REQUEST_RESOURCE_SPANS = (1 << 3) | WIRE_LENGTH;
// resource/v1 Resource, common/v1 InstrumentationScope.
const RESOURCE_ATTRIBUTES = (1 << 3) | WIRE_LENGTH;
const SCOPE_NAME = (1 << 3) | WIRE_LENGTH;
const SCOPE_VERSION = (2 << 3) | WIRE_LENGTH;

// More than the ids, times, flags and lengths of one span take.
const FIXED_ROOM = 128;
// A tag and a length before each id, a tag before the flags.
const LINK_LENGTH = 2 + 16 + 2 + 8 + 1 + 4;
// Most spans are of 128 to 16383 octets.
const LENGTH_ROOM = 2;

export class ProtobufEncoder implements OtlpEncoder {
  readonly #out = new ProtobufWriter(64 * 1024);
  /** For what is used again, before it is copied away. */
  readonly #part = new ProtobufWriter(4096);
  readonly #own = new AttributeTemplates(SPAN_ATTRIBUTES, this.#part);
  readonly #resource: Uint8Array;
  readonly #scope: Uint8Array;
  /** Where spans begin: before them is room for what encloses them, whose lengths are known last. */
  readonly #start: number;
  #spans = 0;

  constructor(source: Source) {
    const resource = new ProtobufWriter(1024);
    resource.attributes(RESOURCE_ATTRIBUTES, source.resource);
    this.#resource = field(RESOURCE_SPANS_RESOURCE, resource.bytes());
    const scope = new ProtobufWriter(1024);
    scope.string(SCOPE_NAME, source.scopeName);
    scope.string(SCOPE_VERSION, source.scopeVersion);
    const schema = new ProtobufWriter(1024);
    // Fields may come in any order, so this one may stand before the spans.
    schema.string(SCOPE_SPANS_SCHEMA_URL, source.schemaUrl);
    this.#scope = Buffer.concat([field(SCOPE_SPANS_SCOPE, scope.bytes()), schema.bytes()]);
    this.#start = this.#resource.length + this.#scope.length + 16;
    this.#out.reserve(this.#start);
    this.#out.at = this.#start;
  }

  get spans(): number {
    return this.#spans;
  }

  get size(): number {
    return this.#out.at;
  }

  add(span: SpanData): void {
    const out = this.#out;
    out.reserve(FIXED_ROOM);
    out.tag(SCOPE_SPANS_SPANS);
    const lengthAt = out.at;
    out.at += LENGTH_ROOM;
    this.#addIds(span.ids);
    out.tag(SPAN_START_TIME);
    out.unixNanos(span.startedAt);
    out.tag(SPAN_END_TIME);
    out.unixNanos(span.endedAt);
    out.raw(span.operation.bytes ?? operationBytes(span.operation, this.#part));
    if (span.peer !== undefined) out.raw(span.peer.bytes ?? peerBytes(span.peer, this.#part));
    this.#own.write(out, span.own, span.operation.kind);
    out.raw(span.ending.bytes ?? endingBytes(span.ending, this.#part));
    if (span.tracestate !== '') out.string(SPAN_TRACE_STATE, span.tracestate);
    if (span.link !== undefined) this.#addLink(span.link);
    out.closeLength(lengthAt, LENGTH_ROOM);
    this.#spans++;
  }

  take(): Uint8Array {
    const out = this.#out;
    const end = out.at;
    const scopeSpans = this.#scope.length + end - this.#start;
    const resourceSpans = this.#resource.length + 1 + varintSize(scopeSpans) + scopeSpans;
    const begin = end - resourceSpans - varintSize(resourceSpans) - 1;
    out.at = begin;
    out.tag(REQUEST_RESOURCE_SPANS);
    out.varint(resourceSpans);
    out.raw(this.#resource);
    out.tag(RESOURCE_SPANS_SCOPE_SPANS);
    out.varint(scopeSpans);
    out.raw(this.#scope);
    out.at = end;
    const request = out.detach(begin);
    out.reserve(this.#start);
    out.at = this.#start;
    this.#spans = 0;
    return request;
  }

  reuse(request: Uint8Array): void {
    this.#out.reuse(request);
  }

  #addLink(link: SpanLink): void {
    const out = this.#out;
    out.reserve(LINK_LENGTH + 8);
    out.tag(SPAN_LINKS);
    out.tag(LINK_LENGTH);
    out.tag(LINK_TRACE_ID);
    out.tag(16);
    out.word(link.trace0);
    out.word(link.trace1);
    out.word(link.trace2);
    out.word(link.trace3);
    out.tag(LINK_SPAN_ID);
    out.tag(8);
    out.word(link.span0);
    out.word(link.span1);
    out.tag(LINK_FLAGS);
    out.fixed32(otlpLinkFlags(link));
  }

  #addIds(ids: SpanIds): void {
    const out = this.#out;
    out.tag(SPAN_TRACE_ID);
    out.tag(16);
    out.word(ids.trace0);
    out.word(ids.trace1);
    out.word(ids.trace2);
    out.word(ids.trace3);
    out.tag(SPAN_SPAN_ID);
    out.tag(8);
    out.word(ids.span0);
    out.word(ids.span1);
    if (ids.parent0 !== 0 || ids.parent1 !== 0) {
      out.tag(SPAN_PARENT_SPAN_ID);
      out.tag(8);
      out.word(ids.parent0);
      out.word(ids.parent1);
    }
    out.tag(SPAN_FLAGS);
    out.fixed32(otlpFlags(ids));
  }
}

function operationBytes(operation: Operation, out: ProtobufWriter): Uint8Array {
  out.at = 0;
  out.string(SPAN_NAME, operation.name);
  out.reserve(8);
  out.tag(SPAN_KIND);
  out.varint(operation.kind);
  out.attributes(SPAN_ATTRIBUTES, operation.attributes);
  operation.bytes = out.bytes();
  return operation.bytes;
}

function peerBytes(peer: Part, out: ProtobufWriter): Uint8Array {
  out.at = 0;
  out.attributes(SPAN_ATTRIBUTES, peer.attributes);
  peer.bytes = out.bytes();
  return peer.bytes;
}

function endingBytes(ending: Ending, out: ProtobufWriter): Uint8Array {
  out.at = 0;
  out.attributes(SPAN_ATTRIBUTES, ending.attributes);
  if (ending.status !== Status.unset) {
    out.reserve(8);
    out.tag(SPAN_STATUS);
    out.varint(2);
    out.tag(STATUS_CODE);
    out.varint(ending.status);
  }
  ending.bytes = out.bytes();
  return ending.bytes;
}

function field(tag: number, content: Uint8Array): Uint8Array {
  const out = new ProtobufWriter(content.length + 16);
  out.tag(tag);
  out.varint(content.length);
  out.raw(content);
  return out.bytes();
}
