/** Owns reading OTLP trace requests, from protobuf and from JSON, into one form. Shares nothing with the encoders. */

/** A value of an attribute with its OTLP type, so that 1 and '1' and true differ. */
export type Value = readonly ['string' | 'bool' | 'int' | 'double', string | number | boolean];

export interface DecodedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  start: bigint;
  end: bigint;
  attributes: (readonly [string, Value])[];
  status: number;
  statusMessage: string;
  flags: number;
  traceState: string;
  links: { traceId: string; spanId: string; flags: number }[];
  /** Events, attributes of links, counts of what was dropped: we have none of them. */
  other: number;
}

export interface Decoded {
  resource: (readonly [string, Value])[];
  scope: string;
  scopeVersion: string;
  schemaUrl: string;
  spans: DecodedSpan[];
}

/** Fields of a protobuf message by number: varints as bigint, the rest as octets. */
type Fields = Map<number, (bigint | Buffer)[]>;

function fieldsOf(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      if (at >= bytes.length || shift > 63n) throw new Error('truncated protobuf');
      const octet = bytes[at++]!;
      value |= BigInt(octet & 127) << shift;
      if (octet < 128) return value;
    }
  };
  const octets = (length: number): Buffer => {
    if (at + length > bytes.length) throw new Error('truncated protobuf');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    let value: bigint | Buffer;
    if (wire === 0) value = varint();
    else if (wire === 1) value = octets(8);
    else if (wire === 2) value = octets(Number(varint()));
    else if (wire === 5) value = octets(4);
    else throw new Error(`wire type ${wire}`);
    const values = fields.get(tag >>> 3) ?? [];
    values.push(value);
    fields.set(tag >>> 3, values);
  }
  return fields;
}

const message = (fields: Fields, number: number): Buffer => (fields.get(number)?.at(-1) as Buffer) ?? Buffer.alloc(0);
const messages = (fields: Fields, number: number): Buffer[] => (fields.get(number) ?? []) as Buffer[];
const integer = (fields: Fields, number: number): number => Number(fields.get(number)?.at(-1) ?? 0n);
/** Strict: octets that are no UTF-8 are an error. */
const text = (fields: Fields, number: number): string =>
  new TextDecoder('utf-8', { fatal: true }).decode(message(fields, number));

export function decodeProtobuf(bytes: Buffer): Decoded[] {
  const found: Decoded[] = [];
  for (const resourceSpans of messages(fieldsOf(bytes), 1).map(fieldsOf)) {
    const resource = fieldsOf(message(resourceSpans, 1));
    for (const scopeSpans of messages(resourceSpans, 2).map(fieldsOf)) {
      const scope = fieldsOf(message(scopeSpans, 1));
      found.push({
        resource: messages(resource, 1).map(keyValue),
        scope: text(scope, 1),
        scopeVersion: text(scope, 2),
        schemaUrl: text(scopeSpans, 3),
        spans: messages(scopeSpans, 2).map(fieldsOf).map(spanOfFields),
      });
    }
  }
  return found;
}

/** How many spans there are, without looking into them. */
export function countProtobuf(bytes: Buffer): number {
  let spans = 0;
  for (const resourceSpans of messages(fieldsOf(bytes), 1).map(fieldsOf)) {
    for (const scopeSpans of messages(resourceSpans, 2)) spans += messages(fieldsOf(scopeSpans), 2).length;
  }
  return spans;
}

function spanOfFields(span: Fields): DecodedSpan {
  const status = fieldsOf(message(span, 15));
  return {
    traceId: message(span, 1).toString('hex'),
    spanId: message(span, 2).toString('hex'),
    parentSpanId: message(span, 4).toString('hex'),
    name: text(span, 5),
    kind: integer(span, 6),
    start: message(span, 7).readBigUInt64LE(),
    end: message(span, 8).readBigUInt64LE(),
    attributes: messages(span, 9).map(keyValue),
    status: integer(status, 3),
    statusMessage: text(status, 2),
    flags: message(span, 16).readUInt32LE(),
    traceState: text(span, 3),
    links: messages(span, 13)
      .map(fieldsOf)
      .map(link => ({
        traceId: message(link, 1).toString('hex'),
        spanId: message(link, 2).toString('hex'),
        flags: message(link, 6).readUInt32LE(),
      })),
    other:
      messages(span, 11).length +
      messages(span, 13).flatMap(link => [3, 4].flatMap(field => messages(fieldsOf(link), field))).length +
      integer(span, 10) +
      integer(span, 12) +
      integer(span, 14),
  };
}

function keyValue(bytes: Buffer): readonly [string, Value] {
  const pair = fieldsOf(bytes);
  const value = fieldsOf(message(pair, 2));
  if (value.size !== 1) throw new Error('an AnyValue has one field');
  const key = text(pair, 1);
  if (value.has(1)) return [key, ['string', text(value, 1)]];
  if (value.has(2)) return [key, ['bool', integer(value, 2) === 1]];
  if (value.has(3)) return [key, ['int', Number(BigInt.asIntN(64, value.get(3)!.at(-1) as bigint))]];
  return [key, ['double', message(value, 4).readDoubleLE()]];
}

interface JsonKeyValue {
  key: string;
  value: { stringValue?: string; boolValue?: boolean; intValue?: number | string; doubleValue?: number };
}

interface JsonSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: JsonKeyValue[];
  status?: { code?: number; message?: string };
  flags: number;
  events?: unknown[];
  links?: { traceId: string; spanId: string; flags: number; traceState?: string; attributes?: unknown[] }[];
  droppedAttributesCount?: number;
  droppedEventsCount?: number;
  droppedLinksCount?: number;
}

interface JsonRequest {
  resourceSpans: {
    resource: { attributes: JsonKeyValue[] };
    scopeSpans: { scope: { name: string; version: string }; spans: JsonSpan[]; schemaUrl: string }[];
  }[];
}

export function decodeJson(bytes: Buffer): Decoded[] {
  const request = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as JsonRequest;
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.map(({ scope, spans, schemaUrl }) => ({
      resource: resource.attributes.map(jsonKeyValue),
      scope: scope.name,
      scopeVersion: scope.version,
      schemaUrl,
      spans: spans.map(spanOfJson),
    })),
  );
}

function spanOfJson(span: JsonSpan): DecodedSpan {
  if (typeof span.startTimeUnixNano !== 'string' || typeof span.endTimeUnixNano !== 'string') {
    throw new Error('nanoseconds do not fit into a JSON number');
  }
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    name: span.name,
    kind: span.kind,
    start: BigInt(span.startTimeUnixNano),
    end: BigInt(span.endTimeUnixNano),
    attributes: span.attributes.map(jsonKeyValue),
    status: span.status?.code ?? 0,
    statusMessage: span.status?.message ?? '',
    flags: span.flags,
    traceState: span.traceState ?? '',
    links: (span.links ?? []).map(({ traceId, spanId, flags }) => ({ traceId, spanId, flags })),
    other:
      (span.events?.length ?? 0) +
      (span.links ?? []).filter(({ traceState, attributes }) => traceState || attributes?.length).length +
      (span.droppedAttributesCount ?? 0) +
      (span.droppedEventsCount ?? 0) +
      (span.droppedLinksCount ?? 0),
  };
}

function jsonKeyValue({ key, value }: JsonKeyValue): readonly [string, Value] {
  if (value.stringValue !== undefined) return [key, ['string', value.stringValue]];
  if (value.boolValue !== undefined) return [key, ['bool', value.boolValue]];
  if (value.intValue !== undefined) return [key, ['int', Number(value.intValue)]];
  return [key, ['double', value.doubleValue!]];
}
