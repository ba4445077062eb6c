/** Owns the decoding of OTLP trace requests, protobuf and JSON, straight from opentelemetry-proto's definitions. */

export type Attributes = { readonly [key: string]: string | number | boolean };

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** '' for a root span. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly flags: number;
  /** Nanoseconds since the epoch. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Attributes;
  /** Trace and span id of each. */
  readonly links: readonly string[];
  /** `unset`, `ok` or `error`. */
  readonly status: string;
  readonly resource: Attributes;
  readonly scope: string;
}

// trace/v1: Span.SpanKind and Status.StatusCode.
const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUSES = ['unset', 'ok', 'error'];

export function decodeJson(body: Buffer): ReceivedSpan[] {
  const spans: ReceivedSpan[] = [];
  for (const { resource, scopeSpans } of JSON.parse(body.toString()).resourceSpans) {
    for (const { scope, spans: ofScope } of scopeSpans) {
      for (const span of ofScope) {
        spans.push({
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: span.parentSpanId ?? '',
          name: span.name,
          kind: KINDS[span.kind]!,
          flags: span.flags,
          start: BigInt(span.startTimeUnixNano),
          end: BigInt(span.endTimeUnixNano),
          attributes: attributesOfJson(span.attributes),
          links: (span.links ?? []).map(
            (link: { traceId: string; spanId: string }) => `${link.traceId} ${link.spanId}`,
          ),
          status: STATUSES[span.status?.code ?? 0]!,
          resource: attributesOfJson(resource.attributes),
          scope: scope.name,
        });
      }
    }
  }
  return spans;
}

interface JsonAttribute {
  readonly key: string;
  readonly value: { stringValue?: string; boolValue?: boolean; intValue?: string | number; doubleValue?: number };
}

export function attributesOfJson(attributes: readonly JsonAttribute[]): Attributes {
  const entries = attributes.map(({ key, value }): [string, string | number | boolean] => {
    if (value.stringValue !== undefined) return [key, value.stringValue];
    if (value.boolValue !== undefined) return [key, value.boolValue];
    return [key, Number(value.intValue ?? value.doubleValue)];
  });
  return unique(entries);
}

/** A protobuf message: what each field number holds, in order. */
export type Fields = Map<number, (bigint | Buffer)[]>;

export function fieldsOf(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const octet = bytes[at++];
      if (octet === undefined) throw new Error('protobuf ends within a varint');
      value |= BigInt(octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
  };
  const take = (octets: number): Buffer => {
    if (at + octets > bytes.length) throw new Error('protobuf ends within a field');
    at += octets;
    return bytes.subarray(at - octets, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const values = fields.get(tag >>> 3) ?? [];
    fields.set(tag >>> 3, values);
    const wireType = tag & 7;
    if (wireType === 0) values.push(varint());
    else if (wireType === 1) values.push(take(8).readBigUInt64LE());
    else if (wireType === 2) values.push(take(Number(varint())));
    else if (wireType === 5) values.push(BigInt(take(4).readUInt32LE()));
    else throw new Error(`protobuf wire type ${wireType}`);
  }
  return fields;
}

export const number = (fields: Fields, field: number): bigint => (fields.get(field)?.[0] as bigint | undefined) ?? 0n;
export const bytes = (fields: Fields, field: number): Buffer =>
  (fields.get(field)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);
export const all = (fields: Fields, field: number): Fields[] =>
  (fields.get(field) ?? []).map(part => fieldsOf(part as Buffer));

export function decodeProtobuf(body: Buffer): ReceivedSpan[] {
  const spans: ReceivedSpan[] = [];
  for (const resourceSpans of all(fieldsOf(body), 1)) {
    const resource = attributesOf(fieldsOf(bytes(resourceSpans, 1)), 1);
    for (const scopeSpans of all(resourceSpans, 2)) {
      const scope = bytes(fieldsOf(bytes(scopeSpans, 1)), 1).toString();
      for (const span of all(scopeSpans, 2)) spans.push(spanOf(span, resource, scope));
    }
  }
  return spans;
}

function spanOf(span: Fields, resource: Attributes, scope: string): ReceivedSpan {
  return {
    traceId: bytes(span, 1).toString('hex'),
    spanId: bytes(span, 2).toString('hex'),
    parentSpanId: bytes(span, 4).toString('hex'),
    name: bytes(span, 5).toString(),
    kind: KINDS[Number(number(span, 6))]!,
    flags: Number(number(span, 16)),
    start: number(span, 7),
    end: number(span, 8),
    attributes: attributesOf(span, 9),
    links: all(span, 13).map(link => `${bytes(link, 1).toString('hex')} ${bytes(link, 2).toString('hex')}`),
    status: STATUSES[Number(number(fieldsOf(bytes(span, 15)), 3))]!,
    resource,
    scope,
  };
}

/** KeyValue and AnyValue of common/v1. */
export function attributesOf(message: Fields, field: number): Attributes {
  return unique(
    all(message, field).map(pair => {
      const value = fieldsOf(bytes(pair, 2));
      const key = bytes(pair, 1).toString();
      if (value.has(1)) return [key, bytes(value, 1).toString()];
      if (value.has(2)) return [key, number(value, 2) !== 0n];
      if (value.has(3)) return [key, Number(BigInt.asIntN(64, number(value, 3)))];
      if (value.has(4)) return [key, doubleOf(number(value, 4))];
      throw new Error(`the attribute ${key} has a value of an unexpected kind`);
    }),
  );
}

export function doubleOf(bits: bigint): number {
  const view = Buffer.alloc(8);
  view.writeBigUInt64LE(bits);
  return view.readDoubleLE();
}

/** Keys of attributes must be unique (opentelemetry-proto). */
function unique(entries: [string, string | number | boolean][]): Attributes {
  const attributes = Object.fromEntries(entries);
  if (Object.keys(attributes).length !== entries.length) throw new Error(`a key twice: ${entries.map(([key]) => key)}`);
  return attributes;
}
