/** Owns how a call becomes an invocation: which callee, with which details, and what to say when none takes it. */

import type { Sent } from '../session/host.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import { type Dict, EMPTY_DICT, type Message } from '../wire/message.js';
import type { Member, Registration } from './member.js';

/** The callee in turn. */
export function pick(registration: Registration): Member {
  const { callees } = registration;
  if (callees.length === 1) return callees[0]!;
  const callee = callees[registration.next % callees.length]!;
  registration.next = (registration.next + 1) % callees.length;
  return callee;
}

export function undeliverable(sent: Sent): WampError {
  if (sent === 'too_long') {
    return new WampError(ErrorUri.payloadSizeExceeded, 'the call is longer than the callee accepts');
  }
  const why = sent === 'full' ? 'does not read: its send queue is full' : 'is leaving';
  return new WampError(ErrorUri.networkFailure, `the callee ${why}`);
}

export function invocationDetails(
  m: Message,
  registration: Registration,
  progressive: boolean,
  caller: Member | undefined,
  trace: Dict | undefined,
): Dict {
  const pattern = registration.match !== 'exact';
  if (!pattern && !progressive && !caller) return trace ?? EMPTY_DICT;
  return {
    ...trace,
    // WAMP advanced, "Pattern-based Registrations": the procedure is told when the registration does not tell it.
    ...(pattern && { procedure: m.uri }),
    ...(progressive && { receive_progress: true }),
    ...(caller && {
      caller: caller.id,
      caller_authid: caller.session.authid,
      caller_authrole: caller.session.authrole,
    }),
  };
}
