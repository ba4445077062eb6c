/** Owns what is measured of one realm for metrics: calls by procedure, fan-out, how long messages stay in the router. */

import { Histogram } from '../session/histogram.js';
import { isLabel, type Metering, OTHER } from '../session/metering.js';
import type { Turn, TurnCounter } from '../session/turn.js';
import { messageName } from '../wire/codes.js';
import { ErrorUri } from '../wire/errors.js';
import type { Call, Registration } from './member.js';
import { MethodMeter } from './method-meter.js';

export class RealmMeter implements TurnCounter {
  readonly methods = new Map<string, MethodMeter>();
  /** Calls without a registration, and those of procedures that came too late for numbers of their own. */
  readonly others: MethodMeter;
  /** ERRORs by request type and error: `CALL wamp.error.timeout`. */
  readonly errors = new Map<string, { readonly request: string; readonly type: string; count: number }>();
  /** EVENTs of a publication. */
  readonly fanout: Histogram;
  /** Milliseconds. */
  readonly sessionDuration: Histogram;
  /** Microseconds from the arrival of a message until what it caused was sent. */
  readonly delivery: Histogram;
  readonly callLeg: Histogram;
  readonly resultLeg: Histogram;
  readonly #metering: Metering;
  /** Of this turn. */
  #counted = false;
  #calls = 0;
  #results = 0;
  #publications = 0;

  constructor(metering: Metering) {
    this.#metering = metering;
    this.others = new MethodMeter(OTHER, metering, undefined);
    this.fanout = new Histogram(metering.fanout);
    this.sessionDuration = new Histogram(metering.sessions);
    this.delivery = new Histogram(metering.router);
    this.callLeg = new Histogram(metering.router);
    this.resultLeg = new Histogram(metering.router);
  }

  /** A call went to its callee; the turn is its beginning. */
  called(): Turn {
    this.#calls++;
    this.#count();
    return this.#metering.turns.current;
  }

  /** A call ended with `status`: `OK` or the URI of an error. `type` is '' for an error that is no failure. */
  ended(call: Call, status: string, type: string, isAnswer: boolean): void {
    const { turn, registration } = call;
    if (!turn) return;
    registration.meter ??= this.#method(registration);
    const { turns } = this.#metering;
    // Our own procedures answer in the turn that asks: their time is all of it.
    const now = call.callee.session.internal ? turns.now() : turns.current.at;
    const microseconds = (now - turn.at) * 1000;
    if (status === 'OK') registration.meter.ok.duration.add(microseconds);
    else registration.meter.failed(status, type, microseconds);
    if (!isAnswer) return;
    registration.meter.callee.add((now - turn.sent) * 1000);
    this.#results++;
    this.#count();
  }

  /** A call was answered with an ERROR. Who cancels got what it asked for, so that is no failure, as in the spans. */
  failed(call: Call, uri: string, type: string, isAnswer: boolean): void {
    this.error('CALL', uri);
    this.ended(call, uri, type === ErrorUri.canceled ? '' : type, isAnswer);
  }

  /** A request was refused. A call among them counts for the procedure that it was meant for, if there is one. */
  refused(code: number, uri: string, registration: Registration | undefined): void {
    this.error(messageName(code)!, uri);
    if (messageName(code) !== 'CALL') return;
    if (registration) registration.meter ??= this.#method(registration);
    (registration?.meter ?? this.others).failed(uri, uri === ErrorUri.canceled ? '' : uri, 0);
  }

  error(request: string, uri: string): void {
    const type = this.#metering.errorType(uri);
    const key = `${request} ${type}`;
    const known = this.errors.get(key);
    if (known) known.count++;
    else this.errors.set(key, { request, type, count: 1 });
  }

  /** A publication caused `events` EVENTs. */
  published(events: number): void {
    this.fanout.add(events);
    if (events === 0) return;
    this.#publications++;
    this.#count();
  }

  #method({ uri }: Registration): MethodMeter {
    const known = this.methods.get(uri);
    if (known) return known;
    if (!isLabel(uri) || !this.#metering.takeMethod()) return this.others;
    const method = new MethodMeter(uri, this.#metering, this.others);
    this.methods.set(uri, method);
    return method;
  }

  #count(): void {
    if (this.#counted) return;
    this.#counted = true;
    this.#metering.turns.count(this);
  }

  /** What was handled in this turn has waited `milliseconds` for its end. */
  turned(milliseconds: number): void {
    const microseconds = milliseconds * 1000;
    if (this.#calls > 0) this.callLeg.add(microseconds, this.#calls);
    if (this.#results > 0) this.resultLeg.add(microseconds, this.#results);
    if (this.#publications > 0) this.delivery.add(microseconds, this.#publications);
    this.#counted = false;
    this.#calls = 0;
    this.#results = 0;
    this.#publications = 0;
  }
}
