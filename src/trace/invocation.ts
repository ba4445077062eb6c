/** Owns what is known of one INVOCATION of a call. */

import type { SessionRef } from '../tap.js';
import type { Outcome } from './outcome.js';

/** One INVOCATION and what came of it. Written by the correlator only, and as final as its action. */
export class TracedInvocation {
  callee!: SessionRef;
  request = 0;
  registration = 0;
  /** Span id, two 32-bit words (signed); never both 0. */
  span0 = 0;
  span1 = 0;
  /** INVOCATION sent; milliseconds since the epoch, as `Frame.at`. */
  startedAt = 0;
  /** How the registration picks its callee. */
  policy = '';
  /** Octets that waited to leave for the callee before it. */
  queued = 0;
  /** The callee's last YIELD or ERROR, or the end of the call when none came; 0 while open. */
  endedAt = 0;
  outcome: Outcome | undefined = undefined;
  /** The callee's error URI, '' when there is none. */
  error = '';
  /** Its call was canceled and did not wait for it; it ends by itself, and observers are told of it then. */
  outlives = false;
  /** The answer came after the end of the call. */
  answeredLate = false;

  constructor(
    callee: SessionRef,
    request: number,
    registration: number,
    span0: number,
    span1: number,
    startedAt: number,
    policy: string,
    queued: number,
  ) {
    this.begin(callee, request, registration, span0, span1, startedAt, policy, queued);
  }

  /** Makes it that of an INVOCATION which has just been sent, whatever it was before. */
  begin(
    callee: SessionRef,
    request: number,
    registration: number,
    span0: number,
    span1: number,
    startedAt: number,
    policy: string,
    queued: number,
  ): void {
    this.callee = callee;
    this.request = request;
    this.registration = registration;
    this.span0 = span0;
    this.span1 = span1;
    this.startedAt = startedAt;
    this.policy = policy;
    this.queued = queued;
    this.endedAt = 0;
    this.outcome = undefined;
    this.error = '';
    this.outlives = false;
    this.answeredLate = false;
  }
}
