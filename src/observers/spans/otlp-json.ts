/** Owns OTLP in JSON (protobuf's JSON mapping, but ids in hex and enumerations as numbers, as OTLP has it). */

import { hexWord } from '../../trace/action.js';
import { type OtlpEncoder, otlpFlags, otlpLinkFlags, type Source } from './otlp.js';
import { type AttributeValue, hrTime, type Part, type SpanData, type SpanLink, Status } from './span-data.js';

// Punctuation, written faster octet by octet; all of it is ASCII.
const SHORT = 2;

export class JsonEncoder implements OtlpEncoder {
  readonly #head: string;
  readonly #tail: string;
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #at = 0;
  #spans = 0;

  constructor(source: Source) {
    const scope = JSON.stringify({ name: source.scopeName, version: source.scopeVersion });
    const resource = `{"attributes":[${attributesText(source.resource)}]}`;
    this.#head = `{"resourceSpans":[{"resource":${resource},"scopeSpans":[{"scope":${scope},"spans":[`;
    this.#tail = `],"schemaUrl":${JSON.stringify(source.schemaUrl)}}]}]}`;
    this.#write(this.#head);
  }

  get spans(): number {
    return this.#spans;
  }

  get size(): number {
    return this.#at;
  }

  add(span: SpanData): void {
    this.#write(this.#spans === 0 ? headText(span) : `,${headText(span)}`);
    this.#raw(span.operation.bytes ?? partBytes(span.operation));
    if (span.peer !== undefined) {
      this.#write(',');
      this.#raw(span.peer.bytes ?? partBytes(span.peer));
    }
    if (span.own.length > 0) this.#write(`,${attributesText(span.own)}`);
    if (span.ending.attributes.length > 0) {
      this.#write(',');
      this.#raw(span.ending.bytes ?? partBytes(span.ending));
    }
    const links = span.link === undefined ? '' : `,"links":[${linkText(span.link)}]`;
    const status = span.ending.status === Status.unset ? '' : `,"status":{"code":${span.ending.status}}`;
    this.#write(links === '' && status === '' ? ']}' : `]${links}${status}}`);
    this.#spans++;
  }

  take(): Uint8Array {
    this.#write(this.#tail);
    const request = Uint8Array.prototype.slice.call(this.#bytes, 0, this.#at);
    this.#at = 0;
    this.#write(this.#head);
    this.#spans = 0;
    return request;
  }

  reuse(): void {}

  /** At once what is at hand: one string of all spans would be put together at twice the price. */
  #write(text: string): void {
    // No character takes more than three octets.
    this.#reserve(text.length * 3);
    if (text.length > SHORT) {
      this.#at += this.#bytes.write(text, this.#at);
    } else {
      for (let i = 0; i < text.length; i++) this.#bytes[this.#at++] = text.charCodeAt(i);
    }
  }

  #raw(chunk: Uint8Array): void {
    this.#reserve(chunk.length);
    this.#bytes.set(chunk, this.#at);
    this.#at += chunk.length;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + length));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** All that stands before the attributes. */
function headText(span: SpanData): string {
  const { ids, operation } = span;
  const traceId = hexWord(ids.trace0) + hexWord(ids.trace1) + hexWord(ids.trace2) + hexWord(ids.trace3);
  const root = ids.parent0 === 0 && ids.parent1 === 0;
  const parent = root ? '' : `"parentSpanId":"${hexWord(ids.parent0)}${hexWord(ids.parent1)}",`;
  const state = span.tracestate === '' ? '' : `"traceState":${JSON.stringify(span.tracestate)},`;
  const links = span.link ? `"links":[${linkText(span.link)}],` : '';
  return (
    `{"traceId":"${traceId}","spanId":"${hexWord(ids.span0)}${hexWord(ids.span1)}",${parent}${state}${links}` +
    `"name":${JSON.stringify(operation.name)},"kind":${operation.kind},"flags":${otlpFlags(ids)},` +
    `"startTimeUnixNano":"${nanosText(span.startedAt)}","endTimeUnixNano":"${nanosText(span.endedAt)}","attributes":[`
  );
}

function linkText(link: SpanLink): string {
  const traceId = hexWord(link.trace0) + hexWord(link.trace1) + hexWord(link.trace2) + hexWord(link.trace3);
  const spanId = hexWord(link.span0) + hexWord(link.span1);
  return `{"traceId":"${traceId}","spanId":"${spanId}","flags":${otlpLinkFlags(link)}}`;
}

function partBytes(part: Part): Uint8Array {
  part.bytes = Buffer.from(attributesText(part.attributes));
  return part.bytes;
}

function attributesText(attributes: readonly AttributeValue[]): string {
  let text = '';
  for (let i = 0; i < attributes.length; i += 2) {
    text += `${i === 0 ? '' : ','}{"key":${JSON.stringify(attributes[i])},"value":${valueText(attributes[i + 1]!)}}`;
  }
  return text;
}

function valueText(value: AttributeValue): string {
  if (typeof value === 'string') return `{"stringValue":${JSON.stringify(value)}}`;
  if (typeof value === 'object') return `{"stringValue":"${value}"}`;
  if (typeof value === 'boolean') return `{"boolValue":${value}}`;
  // An int64 may be text or a number (protobuf JSON mapping); the official serializer writes the number.
  return Number.isInteger(value) ? `{"intValue":${value}}` : `{"doubleValue":${value}}`;
}

/** Nanoseconds pass 2^53, so they are text. */
function nanosText(ms: number): string {
  const [seconds, nanos] = hrTime(ms);
  return seconds === 0 ? String(nanos) : seconds + String(nanos).padStart(9, '0');
}
