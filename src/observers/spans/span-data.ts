/** Owns the neutral form of a span: what the mapping makes and every encoder takes. */

import { uuid } from '../../trace/action.js';

/** A UUID that becomes text where it is written: as text, it would cost as much as the rest of a span. */
export class Uuid {
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;

  constructor(word0: number, word1: number, word2: number, word3: number) {
    this.word0 = word0;
    this.word1 = word1;
    this.word2 = word2;
    this.word3 = word3;
  }

  toString(): string {
    return uuid(this.word0, this.word1, this.word2, this.word3);
  }
}

export type AttributeValue = string | number | boolean | Uuid;

/** OTLP numbers (opentelemetry-proto trace/v1, Span.SpanKind); the API's SpanKind is one less. */
export const Kind = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** OTLP numbers (opentelemetry-proto trace/v1, Status.StatusCode); the API's are the same. */
export const Status = { unset: 0, error: 2 } as const;
export type Status = (typeof Status)[keyof typeof Status];

/**
 * Attributes that many spans have in common. The object's identity is the promise: an encoder writes them
 * once and keeps the result in its slot.
 */
export class Part {
  /** Key, value, key, value … */
  readonly attributes: readonly AttributeValue[];
  /** The encoder's; there is one to a reader. */
  bytes: Uint8Array | undefined = undefined;

  constructor(attributes: readonly AttributeValue[]) {
    this.attributes = attributes;
  }
}

/** What was done to which URI. */
export class Operation extends Part {
  readonly name: string;
  readonly kind: Kind;

  constructor(name: string, kind: Kind, attributes: readonly AttributeValue[]) {
    super(attributes);
    this.name = name;
    this.kind = kind;
  }
}

/** How it ended. */
export class Ending extends Part {
  readonly status: Status;

  constructor(status: Status, attributes: readonly AttributeValue[]) {
    super(attributes);
    this.status = status;
  }
}

/** Who a span is, in 32-bit words, big end first. */
export interface SpanIds {
  readonly trace0: number;
  readonly trace1: number;
  readonly trace2: number;
  readonly trace3: number;
  readonly span0: number;
  readonly span1: number;
  /** Both words 0: a root span. */
  readonly parent0: number;
  readonly parent1: number;
  readonly parentIsRemote: boolean;
  readonly traceFlags: number;
}

/** A span that another one points to, in 32-bit words, big end first. */
export interface SpanLink {
  readonly trace0: number;
  readonly trace1: number;
  readonly trace2: number;
  readonly trace3: number;
  readonly span0: number;
  readonly span1: number;
  readonly traceFlags: number;
  readonly isRemote: boolean;
}

/** One span. Attributes are those of `operation`, `peer`, `own`, `ending`, in this order. */
export interface SpanData {
  readonly ids: SpanIds;
  readonly operation: Operation;
  /** The session at the other end; undefined where there is not exactly one. */
  readonly peer: Part | undefined;
  /** Key, value, key, value … */
  readonly own: readonly AttributeValue[];
  readonly ending: Ending;
  /** Milliseconds since the epoch; the end is never before the start. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** W3C tracestate; '' when there is none. */
  readonly tracestate: string;
  readonly link: SpanLink | undefined;
}

/** Takes spans in order. */
export interface SpanSink {
  add(span: SpanData): void;
}

/**
 * Nanoseconds of the fraction of `ms`, rounded to the nearest; may be 1e6. The one place that rounds: in a
 * double of today's milliseconds a step is 244 ns, and the fraction times 1e6 is exact, so every pipeline
 * that adds this to whole milliseconds names the same instant.
 */
export function subMilliNanos(ms: number): number {
  return Math.round((ms - Math.floor(ms)) * 1e6);
}

/** `ms` since the epoch as OpenTelemetry's HrTime. */
export function hrTime(ms: number): [seconds: number, nanos: number] {
  const whole = Math.floor(ms);
  const seconds = Math.floor(whole / 1000);
  const nanos = (whole - seconds * 1000) * 1e6 + subMilliNanos(ms);
  return nanos < 1e9 ? [seconds, nanos] : [seconds + 1, nanos - 1e9];
}
