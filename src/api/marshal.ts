/** Owns how traces and records look on the wire: camelCase inside, Crossbar's snake_case outside, in this one place. */

import { performance } from 'node:perf_hooks';
import type { LoggedMessage } from '../observers/trace-log.js';
import { messageName } from '../wire/codes.js';
import { rowOf, Slot } from '../wire/spec.js';
import type { Trace } from './traces.js';

/** Milliseconds since the epoch, in ISO 8601. */
export function isoTime(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}

export function traceObject(trace: Trace, nodeId: string, workerId: string, now: number): unknown {
  const { id, options, log, started, ended } = trace;
  return {
    id,
    node_id: nodeId,
    worker_id: workerId,
    persistent_id: null,
    status: ended === undefined ? 'running' : 'stopped',
    started: isoTime(started),
    ended: isoTime(ended),
    // Seconds.
    runtime: ((ended ?? now) - started) / 1000,
    options,
    first_seq: log.firstSeq,
    next_seq: log.nextSeq,
    dropped: log.firstSeq,
  };
}

/**
 * One trace record. `ts` and `pc` are float seconds, of the epoch and of the process; for sent messages
 * session, authid and authrole are the receiver's. `msg` ends before Arguments when payloads are not
 * traced, and `payload_omitted` says so.
 */
export function traceRecord(logged: LoggedMessage): unknown {
  const sent = logged.direction === 'sent';
  const { session } = logged;
  const serializer = session.serializer ?? 'json';
  return {
    seq: logged.seq,
    ts: logged.at / 1000,
    pc: (logged.at - performance.timeOrigin) / 1000,
    direction: sent ? 'tx' : 'rx',
    msg_type: messageType(logged.code),
    realm: session.realm,
    session_id: session.id,
    authid: session.authid,
    authrole: session.authrole,
    correlation: logged.correlation,
    uri: logged.uri,
    correlation_uri: logged.uri,
    correlation_is_anchor: logged.anchor,
    correlation_is_last: logged.last,
    trace_id: logged.traceId,
    span_id: null,
    serializations: sent ? { [serializer]: logged.bytes } : {},
    bytes: logged.bytes,
    enc_algo: null,
    enc_key: null,
    enc_serializer: null,
    msg: wireMessage(logged),
    ...(logged.payloadOmitted && { payload_omitted: true }),
    ...(logged.dropped && { dropped: true }),
  };
}

/** `Publish` for PUBLISH: the class names of Autobahn, which Crossbar's records carry. */
function messageType(code: number): string {
  const name = messageName(code)!;
  return name[0] + name.slice(1).toLowerCase();
}

/** The message as a list, as it stood on the wire. */
function wireMessage(logged: LoggedMessage): unknown[] {
  const message: unknown[] = [logged.code];
  const row = rowOf(logged.code)!;
  row.fields.forEach((field, index) => {
    if (field.slot === Slot.request) message.push(logged.request);
    else if (field.slot === Slot.publication) message.push(logged.publication);
    else if (field.slot === Slot.subject || field.slot === Slot.requestType) message.push(logged.subject);
    else if (field.slot === Slot.uri) message.push(logged.messageUri);
    else if (field.slot === Slot.options && index < row.required) message.push(logged.options);
  });
  return logged.payload ? [...message, ...logged.payload] : message;
}
