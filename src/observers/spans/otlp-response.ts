/** Owns reading the collector's answer to a request that it took: how many spans it rejected all the same. */

import { WIRE_FIXED32, WIRE_FIXED64, WIRE_LENGTH, WIRE_VARINT } from './protobuf-writer.js';

export interface PartialSuccess {
  readonly rejected: number;
  /** Why, or a warning of the collector's when none was rejected. */
  readonly message: string;
}

const NOTHING: PartialSuccess = { rejected: 0, message: '' };
const MAX_MESSAGE = 200;

// opentelemetry-proto collector/trace/v1: ExportTraceServiceResponse, ExportTracePartialSuccess.
const PARTIAL_SUCCESS = 1;
const REJECTED_SPANS = 1;
const ERROR_MESSAGE = 2;

/** Nothing, too, where the answer cannot be read: the request was taken, and that is what counts. */
export function readPartialSuccess(body: Buffer): PartialSuccess {
  if (body.length === 0) return NOTHING;
  try {
    // No message of the protobuf kind begins with a brace: that would open a group, and there are none.
    return body[0] === 0x7b ? fromJson(body) : fromProtobuf(body);
  } catch {
    return NOTHING;
  }
}

function fromJson(body: Buffer): PartialSuccess {
  const told: unknown = JSON.parse(body.toString());
  const partial = property(told, 'partialSuccess') ?? property(told, 'partial_success');
  return partialSuccess(
    // A 64-bit integer is a string in protobuf's JSON mapping, but a number has to be taken too.
    property(partial, 'rejectedSpans') ?? property(partial, 'rejected_spans'),
    property(partial, 'errorMessage') ?? property(partial, 'error_message'),
  );
}

function property(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}

function fromProtobuf(body: Buffer): PartialSuccess {
  const partial = fieldsOf(body).get(PARTIAL_SUCCESS);
  if (!Buffer.isBuffer(partial)) return NOTHING;
  const fields = fieldsOf(partial);
  const message = fields.get(ERROR_MESSAGE);
  return partialSuccess(fields.get(REJECTED_SPANS), Buffer.isBuffer(message) ? message.toString() : '');
}

function partialSuccess(rejected: unknown, message: unknown): PartialSuccess {
  const count = typeof rejected === 'number' || typeof rejected === 'string' ? Number(rejected) : 0;
  return {
    rejected: Number.isSafeInteger(count) && count > 0 ? count : 0,
    message: typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : '',
  };
}

/** The last value of each field: varints as numbers, what has a length as octets. Throws when they do not fit. */
function fieldsOf(bytes: Buffer): Map<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; scale < 2 ** 64; scale *= 128) {
      const octet = bytes.readUInt8(at++);
      value += (octet & 127) * scale;
      if (octet < 128) return value;
    }
    throw new RangeError('varint of more than ten octets');
  };
  while (at < bytes.length) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === WIRE_VARINT) fields.set(tag >>> 3, varint());
    else if (wire === WIRE_FIXED64) at += 8;
    else if (wire === WIRE_FIXED32) at += 4;
    else if (wire === WIRE_LENGTH) {
      const length = varint();
      const end = at + length;
      if (end > bytes.length) throw new RangeError('truncated');
      fields.set(tag >>> 3, bytes.subarray(at, end));
      at = end;
    } else throw new RangeError(`wire type ${wire}`);
  }
  return fields;
}
