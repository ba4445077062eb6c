/** Owns the joining of handshake messages and session events into openings and closings. No clock: time is that of the frames. */

import type { Frame, SessionEvent, SessionRef } from '../tap.js';
import { Code } from '../wire/codes.js';
import type { RandomIds } from '../wire/ids.js';
import type { Audience } from './observer.js';
import type { ActionSampler } from './sampling/action-sampler.js';
import { type OpeningOutcome, TracedClosing, TracedOpening } from './session.js';

export class Handshakes {
  readonly #audience: Audience;
  readonly #random: RandomIds;
  readonly #sampler: () => ActionSampler;
  /** By session, until it is gone: the end of a session points to its beginning. */
  #openings = new WeakMap<SessionRef, TracedOpening>();

  constructor(audience: Audience, random: RandomIds, sampler: () => ActionSampler) {
    this.#audience = audience;
    this.#random = random;
    this.#sampler = sampler;
  }

  /** HELLO, AUTHENTICATE, GOODBYE or ABORT of a client. */
  received(frame: Frame): void {
    const { message: m, session } = frame;
    const opening = this.#openings.get(session);
    if (m.code === Code.HELLO) {
      // A second HELLO is a fault, and ends the handshake of the first.
      if (opening || session.id !== 0) return;
      const { agent } = m.options;
      const octets = frame.octets;
      const name = typeof agent === 'string' ? agent : '';
      this.#openings.set(session, new TracedOpening(session, m.uri, name, frame.at, octets, this.#random));
    } else if (opening && (m.code === Code.GOODBYE || m.code === Code.ABORT)) {
      opening.closingAt ||= frame.at;
    }
  }

  /** CHALLENGE, WELCOME, GOODBYE or ABORT of the router's. */
  sent(frame: Frame): void {
    const { message: m, session, at } = frame;
    const opening = this.#openings.get(session);
    if (!opening) return;
    if (opening.outcome !== undefined) {
      opening.closingAt ||= at;
      if (m.code === Code.ABORT) opening.abort = m.uri;
    } else if (m.code === Code.WELCOME) {
      this.#end(opening, 'ok', at);
    } else if (m.code === Code.ABORT) {
      opening.error = m.uri;
      this.#end(opening, 'error', at);
    } else if (m.code === Code.CHALLENGE) {
      const [span0, span1] = [this.#random.word() | 1, this.#random.word() | 0];
      opening.challenge = { method: m.text, span0, span1, startedAt: at };
    }
  }

  left({ session, since, at, reason, totals }: SessionEvent): void {
    const opening = this.#openings.get(session);
    if (opening && opening.outcome === undefined) {
      // It joined, but WELCOME could not be sent: the ABORT that follows tells why.
      if (session.id !== 0) return;
      opening.reason = reason;
      return this.#end(opening, 'caller_gone', at);
    }
    if (session.id === 0 || !totals) return;
    const began = opening?.closingAt || since;
    const closing = new TracedClosing(session, opening, began, at, reason, totals, this.#random);
    this.#sampler().session(closing);
    this.#audience.sessionClose(closing);
    this.#openings.delete(session);
  }

  /** Forgets everything: nobody watches any more. */
  reset(): void {
    this.#openings = new WeakMap();
  }

  #end(opening: TracedOpening, outcome: OpeningOutcome, at: number): void {
    opening.outcome = outcome;
    opening.endedAt = at;
    this.#sampler().session(opening);
    this.#audience.sessionOpen(opening);
  }
}
