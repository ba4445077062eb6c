/** Owns how traces and records look on the wire: camelCase inside, Crossbar's snake_case outside, in this one place. */

import { performance } from 'node:perf_hooks';
import type { LoggedAction, Responder } from '../observers/logged-action.js';
import type { LoggedMessage } from '../observers/logged-message.js';
import { Code } from '../wire/codes.js';
import type { Dict } from '../wire/message.js';
import { rowOf, Slot } from '../wire/spec.js';
import type { LoggedRecord, Trace } from './trace.js';
import { messageType } from './trace-options.js';
import type { Period } from './traces.js';

/** Milliseconds since the epoch, in ISO 8601. */
export function isoTime(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}

export function traceObject(trace: Trace, nodeId: string, workerId: string, now: number): Dict {
  const { started, ended } = trace;
  return {
    id: trace.id,
    node_id: nodeId,
    worker_id: workerId,
    persistent_id: trace.persistentId ?? null,
    status: trace.status,
    stopped_reason: trace.stopReason ?? null,
    started: isoTime(started),
    ended: isoTime(ended),
    // Seconds.
    runtime: ((ended ?? now) - started) / 1000,
    options: trace.options,
    next_period: trace.periods,
    first_seq: trace.firstSeq,
    next_seq: trace.nextSeq,
    dropped: trace.dropped,
    persisted_seq: trace.persistedSeq ?? null,
    persist_error: trace.persistError ?? null,
  };
}

/** The `period` of `on_trace_data`. */
export function periodObject(period: Period, from: number, to: number): Dict {
  return {
    period: period.number,
    period_start: isoTime(period.started),
    // Seconds, as in records.
    finished_ts: period.finished / 1000,
    finished_pc: (period.finished - performance.timeOrigin) / 1000,
    first_seq: from,
    last_seq: to,
  };
}

/** A record of either level; `origin` is the 0 of the clock of the process that made it, in milliseconds since the epoch. */
export function traceRecord(logged: LoggedRecord, origin = performance.timeOrigin): Dict {
  return 'kind' in logged ? actionRecord(logged, origin) : messageRecord(logged, origin);
}

/**
 * `ts` and `pc` are float seconds, of the epoch and of the process; for sent messages session, authid
 * and authrole are the receiver's. `msg` ends before Arguments when payloads are not traced, and
 * `payload_omitted` says so.
 */
function messageRecord(logged: LoggedMessage, origin: number): Dict {
  const sent = logged.direction === 'sent';
  const { session } = logged;
  return {
    seq: logged.seq,
    ts: logged.at / 1000,
    pc: (logged.at - origin) / 1000,
    direction: sent ? 'tx' : 'rx',
    msg_type: messageType(logged.code),
    realm: session.realm || null,
    session_id: session.id || null,
    authid: session.authid || null,
    authrole: session.authrole || null,
    correlation: logged.correlation,
    uri: logged.uri,
    correlation_uri: logged.uri,
    correlation_is_anchor: logged.anchor,
    correlation_is_last: logged.last,
    trace_id: logged.traceId,
    span_id: logged.spanId,
    serializations: sent && session.serializer ? { [session.serializer]: logged.bytes } : {},
    bytes: logged.bytes,
    enc_algo: null,
    enc_key: null,
    enc_serializer: null,
    msg: wireMessage(logged),
    ...(logged.payloadOmitted && { payload_omitted: true }),
    ...(logged.dropped && { dropped: true }),
    ...(logged.late && { late: true }),
    ...(session.internal && { internal: true }),
  };
}

function actionRecord(logged: LoggedAction, origin: number): Dict {
  return {
    seq: logged.seq,
    ts: logged.startedAt / 1000,
    pc: (logged.startedAt - origin) / 1000,
    // Seconds.
    duration: (logged.endedAt - logged.startedAt) / 1000,
    realm: logged.realm,
    action: logged.kind[0]!.toUpperCase() + logged.kind.slice(1),
    correlation: logged.correlation,
    correlation_id: logged.correlation,
    uri: logged.uri,
    correlation_uri: logged.uri,
    trace_id: logged.traceId,
    span_id: logged.spanId,
    originator: logged.originator.id || null,
    responders: logged.responders.map(responder),
    responder_count: logged.responderCount,
    messages: logged.messages,
    outcome: logged.outcome,
    error: logged.error || null,
    success: logged.error === '',
  };
}

function responder(session: Responder): Dict {
  return {
    session_id: session.id,
    authid: session.authid,
    authrole: session.authrole,
    enc_algo: null,
    enc_key: null,
    enc_serializer: null,
  };
}

const REDACTED = '[redacted]';
/** Details of the handshake that may hold secrets. */
const SECRET_DETAILS = ['authextra', 'challenge', 'signature', 'ticket', 'cookie'];

/** The message as a list, as it stood on the wire, without secrets. */
function wireMessage(logged: LoggedMessage): unknown[] {
  const message: unknown[] = [logged.code];
  const row = rowOf(logged.code)!;
  const isHandshake = logged.code <= Code.GOODBYE;
  row.fields.forEach((field, index) => {
    if (field.slot === Slot.request) message.push(logged.request);
    else if (field.slot === Slot.publication) message.push(logged.publication);
    else if (field.slot === Slot.subject || field.slot === Slot.requestType) message.push(logged.subject);
    else if (field.slot === Slot.uri) message.push(logged.messageUri);
    else if (field.slot === Slot.text) message.push(logged.code === Code.CHALLENGE ? logged.messageUri : REDACTED);
    else if (field.slot === Slot.options && index < row.required) {
      message.push(isHandshake ? withoutSecrets(logged.options) : logged.options);
    }
  });
  return logged.payload ? [...message, ...logged.payload] : message;
}

function withoutSecrets(details: Dict): Dict {
  const entries = Object.entries(details);
  return Object.fromEntries(entries.map(([key, value]) => [key, SECRET_DETAILS.includes(key) ? REDACTED : value]));
}
