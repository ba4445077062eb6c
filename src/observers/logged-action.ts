/** Owns what is known of one recorded action, and the form in which a store keeps it: as a row without a message. */

import type { ActionKind } from '../trace/action.js';
import type { Outcome } from '../trace/outcome.js';
import { Flag, type LoggedMessage, type LoggedSession } from './logged-message.js';
import type { BlockRow } from './record-block.js';

export type Responder = Pick<LoggedSession, 'id' | 'authid' | 'authrole'>;

/** One action, as it ended. */
export interface LoggedAction {
  /** From 0, without gaps within a trace, in the order in which actions end. */
  readonly seq: number;
  readonly kind: ActionKind;
  readonly realm: string;
  readonly uri: string;
  readonly correlation: string;
  readonly traceId: string;
  /** `null` when its spans are not kept. */
  readonly spanId: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  readonly error: string;
  readonly originator: LoggedSession;
  /** Who was sent an INVOCATION or EVENT, in order; at most MAX_RESPONDERS. */
  readonly responders: readonly Responder[];
  /** How many there were. */
  readonly responderCount: number;
  readonly messages: number;
}

/** No message has this code. */
const ACTION = 0;

/** What has no column of its own. The responders lie flat: id, authid, authrole, and the next. */
interface Rest {
  readonly kind: ActionKind;
  readonly outcome: Outcome;
  readonly span: string | null;
  readonly messages: number;
  readonly responderCount: number;
  readonly responders: readonly (number | string)[];
}

/** The columns of an action: some hold another number than that of a message. Its options are what has no column. */
export function rowOfAction(action: LoggedAction): BlockRow {
  const rest: Rest = {
    kind: action.kind,
    outcome: action.outcome,
    span: action.spanId,
    messages: action.messages,
    responderCount: action.responderCount,
    responders: action.responders.flatMap(({ id, authid, authrole }) => [id, authid, authrole]),
  };
  return {
    at: action.endedAt,
    frame: action.seq,
    session: action.originator,
    flags: Flag.KNOWN,
    code: ACTION,
    first: action.startedAt,
    second: 0,
    messageUri: action.error,
    options: rest as unknown as BlockRow['options'],
    uri: action.uri,
    correlation: words(action.correlation.replaceAll('-', '')),
    trace: words(action.traceId),
    bytes: 0,
    payload: undefined,
    payloadCount: 0,
    payloadSerializer: 'json',
  };
}

/** The record that a stored row stands for, of either level. */
export function storedRecord(logged: LoggedMessage): LoggedMessage | LoggedAction {
  if (logged.code !== ACTION) return logged;
  const { kind, outcome, span, messages, responderCount, responders } = logged.options as unknown as Rest;
  return {
    seq: logged.seq,
    kind,
    realm: logged.session.realm,
    uri: logged.uri ?? '',
    correlation: logged.correlation ?? '',
    traceId: logged.traceId ?? '',
    spanId: span,
    startedAt: logged.request,
    endedAt: logged.at,
    outcome,
    error: logged.messageUri,
    originator: logged.session,
    responders: Array.from({ length: responders.length / 3 }, (_, i) => ({
      id: Number(responders[3 * i]),
      authid: String(responders[3 * i + 1]),
      authrole: String(responders[3 * i + 2]),
    })),
    responderCount,
    messages,
  };
}

/** 32 hex digits as four words. */
function words(hex: string): Int32Array {
  return Int32Array.from([0, 8, 16, 24], at => Number.parseInt(hex.slice(at, at + 8), 16) | 0);
}
