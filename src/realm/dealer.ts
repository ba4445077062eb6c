/** Owns registrations and open calls of one realm. No IO, clock or randomness of its own. */

import type { Sent } from '../session/host.js';
import type { Cause } from '../tap.js';
import { Code } from '../wire/codes.js';
import { ErrorUri, ProtocolViolation, WampError } from '../wire/errors.js';
import { nextId } from '../wire/ids.js';
import {
  type Dict,
  EMPTY_DICT,
  error,
  interrupt,
  invocation,
  type Message,
  registered,
  result,
  unregistered,
} from '../wire/message.js';
import { choice, flag, milliseconds } from '../wire/options.js';
import { denied } from './broker.js';
import { invocationDetails, pick, undeliverable } from './invocation.js';
import { MATCHES, type Match, PatternMap } from './matching.js';
import {
  type Call,
  type InvokePolicy,
  limitExceeded,
  MAX_PER_SESSION,
  type Member,
  type Registration,
} from './member.js';
import type { RealmMeter } from './realm-meter.js';
import { refuse } from './refusal.js';
import { TraceForwarding } from './trace-forwarding.js';

const POLICIES: readonly InvokePolicy[] = ['single', 'roundrobin'];
const CANCEL_MODES = ['skip', 'kill', 'killnowait'] as const;

export interface Timers {
  after(milliseconds: number, run: () => void): unknown;
  cancel(timer: unknown): void;
}

/** Told of every change after its reply was sent; the meta API publishes it. */
export interface RegistrationWatcher {
  registrationCreated(registration: Registration, by: Member): void;
  registered(registration: Registration, by: Member): void;
  unregistered(registration: Registration, by: Member): void;
  registrationDeleted(registration: Registration, by: Member): void;
}

const TOO_LONG = 'the result is longer than the caller accepts';
const PROGRESS: Dict = Object.freeze({ progress: true });

export class Dealer {
  readonly #patterns = new PatternMap<Registration>();
  readonly #byId = new Map<number, Registration>();
  readonly #now: () => number;
  readonly #timers: Timers;
  readonly #watcher: RegistrationWatcher;
  readonly #meter: RealmMeter | undefined;
  readonly #forwarding: TraceForwarding;
  #lastId = 0;
  /** Calls that wait for their callee. */
  openCalls = 0;
  /** Since the start. */
  progressiveResults = 0;

  constructor(
    now: () => number,
    timers: Timers,
    watcher: RegistrationWatcher,
    meter?: RealmMeter,
    forwarding: TraceForwarding = new TraceForwarding(),
  ) {
    this.#forwarding = forwarding;
    this.#now = now;
    this.#timers = timers;
    this.#watcher = watcher;
    this.#meter = meter;
  }

  get registrations(): PatternMap<Registration> {
    return this.#patterns;
  }

  get registrationCount(): number {
    return this.#byId.size;
  }

  registration(id: number): Registration | undefined {
    return this.#byId.get(id);
  }

  /** @throws WampError when the request cannot be served. */
  register(from: Member, m: Message, cause: Cause | undefined): void {
    const match = choice(m.options, 'match', MATCHES, 'exact');
    const invoke = choice(m.options, 'invoke', POLICIES, 'single');
    this.#mayRegister(from, m.uri, match);
    if (from.registrations.size >= MAX_PER_SESSION) throw limitExceeded('registrations');
    let registration = this.#patterns.get(m.uri, match);
    if (registration) this.#mayShare(registration, from, invoke);
    const created = registration === undefined;
    if (!registration) {
      const id = ++this.#lastId;
      const created = this.#now();
      registration = { id, uri: m.uri, match, invoke, created, callees: [], next: 0, calls: 0, meter: undefined };
      this.#patterns.set(m.uri, match, registration);
      this.#byId.set(id, registration);
    }
    registration.callees.push(from);
    from.registrations.add(registration);
    from.outbox.send(registered(m.request, registration.id), cause);
    if (created) this.#watcher.registrationCreated(registration, from);
    this.#watcher.registered(registration, from);
  }

  #mayRegister(from: Member, uri: string, match: Match): void {
    const exact = match === 'exact';
    const decision = from.role.decide(uri);
    if (!(exact ? decision.legal : from.role.isLegalPrefix(uri))) {
      throw new WampError(ErrorUri.invalidUri, `"${uri}" is not a procedure for match ${match}`);
    }
    if (decision.reserved && !from.session.internal) {
      throw new WampError(ErrorUri.invalidUri, `"${uri}" is reserved: only the router registers wamp.`);
    }
    if (!(exact ? decision.register : from.role.mayUsePrefix(uri, 'register'))) throw denied(from, 'register', uri);
  }

  #mayShare(registration: Registration, from: Member, invoke: InvokePolicy): void {
    const { uri } = registration;
    if (registration.invoke !== invoke) {
      const text = `"${uri}" is registered with invoke ${registration.invoke}, not ${invoke}`;
      throw new WampError(ErrorUri.procedureAlreadyExists, text);
    }
    if (invoke === 'single') throw new WampError(ErrorUri.procedureAlreadyExists, `"${uri}" is already registered`);
    if (registration.callees.includes(from)) {
      throw new WampError(ErrorUri.procedureAlreadyExists, `this session has already registered "${uri}"`);
    }
  }

  unregister(from: Member, m: Message, cause: Cause | undefined): void {
    const registration = this.#byId.get(m.subject);
    if (!registration?.callees.includes(from)) {
      throw new WampError(ErrorUri.noSuchRegistration, `this session has no registration ${m.subject}`);
    }
    from.outbox.send(unregistered(m.request, registration.uri), cause);
    this.#remove(registration, from);
  }

  #remove(registration: Registration, member: Member): void {
    const index = registration.callees.indexOf(member);
    registration.callees.splice(index, 1);
    if (index < registration.next) registration.next--;
    member.registrations.delete(registration);
    const last = registration.callees.length === 0;
    if (last) {
      this.#patterns.delete(registration.uri, registration.match);
      this.#byId.delete(registration.id);
    }
    this.#watcher.unregistered(registration, member);
    if (last) this.#watcher.registrationDeleted(registration, member);
  }

  /** @throws WampError when the call cannot be made; ProtocolViolation for options the caller did not announce. */
  call(from: Member, m: Message, cause: Cause | undefined): void {
    const options = m.options;
    const decision = from.role.decide(m.uri);
    if (!decision.legal) throw new WampError(ErrorUri.invalidUri, `"${m.uri}" is not a procedure`);
    if (!decision.call) throw denied(from, 'call', m.uri);
    const registration = this.#patterns.best(m.uri);
    // A client's prefix may reach into wamp., but nobody's answer there may be taken for the router's.
    const foreign = registration !== undefined && decision.reserved && !registration.callees[0]!.session.internal;
    if (!registration || foreign) throw new WampError(ErrorUri.noSuchProcedure, `no callee has registered "${m.uri}"`);
    let wantsProgress = false;
    let timeout = 0;
    if (options !== EMPTY_DICT) {
      if (flag(options, 'disclose_me') && !decision.discloseCaller) {
        throw new WampError(ErrorUri.discloseMeDisallowed, 'this role may not disclose its callers');
      }
      if (flag(options, 'progress')) this.#refuseStream(from);
      wantsProgress = flag(options, 'receive_progress');
      timeout = milliseconds(options, 'timeout');
    }
    if (from.calls.size >= MAX_PER_SESSION) throw limitExceeded('open calls');
    let sent: Sent = 'gone';
    // A callee that cannot take it is passed over while there are others.
    for (let tries = registration.callees.length; tries > 0; tries--) {
      const callee = pick(registration);
      const progressive = wantsProgress && callee.progresses;
      // Our own procedures decide by who asks: session.kill spares the caller.
      const disclosed = decision.discloseCaller || callee.session.internal;
      const trace = callee.tracesInvocations
        ? this.#forwarding.details(cause, 'invocation', from.session, options)
        : undefined;
      const details = invocationDetails(m, registration, progressive, disclosed ? from : undefined, trace);
      const id = nextId(callee.lastInvocation);
      const { uri, invoke } = registration;
      sent = callee.outbox.send(invocation(id, registration.id, details, m.payload, uri, invoke), cause);
      if (sent !== 'sent') continue;
      callee.lastInvocation = id;
      this.#opened({
        caller: from,
        request: m.request,
        registration,
        callee,
        invocation: id,
        cause,
        progressive,
        timeout,
        turn: this.#meter?.called(),
        timer: undefined,
        killed: false,
      });
      return;
    }
    throw undeliverable(sent);
  }

  #opened(call: Call): void {
    this.openCalls++;
    call.registration.calls++;
    call.caller.calls.set(call.request, call);
    call.callee.invocations.set(call.invocation, call);
    if (call.timeout > 0) this.#arm(call);
  }

  #refuseStream(from: Member): never {
    // WAMP advanced, "Progressive Call Invocations": this dealer does not announce them.
    if (!from.streams)
      throw new ProtocolViolation('CALL.Options.progress without announcing progressive_call_invocations');
    throw new WampError(ErrorUri.featureNotSupported, 'this router has no progressive call invocations');
  }

  /** The callee's answer, a progressive one or the last. While nobody watches, RESULT tells of no trace of ours. */
  yield(from: Member, m: Message, isWatched: boolean): void {
    const call = this.#answered(from, m.request, 'YIELD');
    if (!call) return;
    if (m.options !== EMPTY_DICT && flag(m.options, 'progress')) {
      // A progressive result that nobody asked for has no place to go (WAMP advanced, "Progressive Call Results").
      if (!call.progressive) return;
      if (call.timer !== undefined) this.#arm(call);
      this.progressiveResults++;
      if (call.caller.outbox.send(result(call.request, PROGRESS, m.payload), call.cause) !== 'too_long') return;
      // One of the results cannot reach the caller, so the call cannot succeed.
      this.#interrupt(call);
      this.#close(call);
      return this.#fail(call, ErrorUri.payloadSizeExceeded, TOO_LONG);
    }
    this.#close(call);
    const details = this.#answerDetails(call, from, m, isWatched);
    const sent = call.caller.outbox.send(result(call.request, details, m.payload), call.cause);
    if (sent === 'too_long') return this.#fail(call, ErrorUri.payloadSizeExceeded, TOO_LONG);
    this.#meter?.ended(call, 'OK', '', true);
  }

  /** ERROR of an INVOCATION, which goes to the caller as it is. */
  error(from: Member, m: Message, isWatched: boolean): void {
    if (m.subject !== Code.INVOCATION) {
      throw new ProtocolViolation(`ERROR of a client must be of an INVOCATION (68), not of type ${m.subject}`);
    }
    const call = this.#answered(from, m.request, 'ERROR');
    if (!call) return;
    this.#close(call);
    const details = this.#answerDetails(call, from, m, isWatched);
    const sent = call.caller.outbox.send(error(Code.CALL, call.request, details, m.uri, m.payload), call.cause);
    if (sent === 'too_long')
      return this.#fail(call, m.uri, 'the details of the error are longer than the caller accepts');
    this.#meter?.failed(call, m.uri, m.uri, true);
  }

  #answerDetails(call: Call, from: Member, m: Message, isWatched: boolean): Dict {
    if (!call.caller.tracesResults) return EMPTY_DICT;
    return this.#forwarding.ofAnswer(isWatched ? call.cause : undefined, from.session, m.options) ?? EMPTY_DICT;
  }

  /** The open call of an answer; nothing for one that comes too late, which is no fault of the callee's. */
  #answered(from: Member, request: number, what: string): Call | undefined {
    const call = from.invocations.get(request);
    // Never issued, as against finished: ids are sequential, so one mark tells (WAMP basic, "Protocol Errors").
    if (!call && request > from.lastInvocation) {
      throw new ProtocolViolation(`${what} of INVOCATION ${request}, which was never sent`);
    }
    return call;
  }

  cancel(from: Member, m: Message): void {
    const mode = choice(m.options, 'mode', CANCEL_MODES, 'killnowait');
    const call = from.calls.get(m.request);
    // The answer may have crossed the CANCEL.
    if (!call) return;
    const effective = call.callee.cancels ? mode : 'skip';
    // Who has been interrupted once is not again; but a caller that no longer wants to wait may say so.
    if (effective === 'kill' && call.killed) return;
    if (effective !== 'skip' && !call.killed)
      call.callee.outbox.send(interrupt(call.invocation, { mode: effective }), call.cause);
    if (effective === 'kill') {
      call.killed = true;
      return;
    }
    this.#close(call);
    this.#fail(call, ErrorUri.canceled, `canceled by the caller (${effective})`);
  }

  #arm(call: Call): void {
    this.#timers.cancel(call.timer);
    call.timer = this.#timers.after(call.timeout, () => this.#timedOut(call));
  }

  #timedOut(call: Call): void {
    this.#close(call);
    this.#interrupt(call);
    this.#fail(call, ErrorUri.timeout, `no result within ${call.timeout} ms`);
  }

  #interrupt(call: Call): void {
    if (!call.callee.cancels || call.killed) return;
    call.callee.outbox.send(interrupt(call.invocation, { mode: 'killnowait' }), call.cause);
  }

  #fail(call: Call, uri: string, text: string, type = uri): void {
    refuse(call.caller, Code.CALL, call.request, uri, text, call.cause);
    this.#meter?.failed(call, uri, type, false);
  }

  #close(call: Call): void {
    this.openCalls--;
    call.caller.calls.delete(call.request);
    call.callee.invocations.delete(call.invocation);
    if (call.timer !== undefined) this.#timers.cancel(call.timer);
    call.timer = undefined;
  }

  /** Ends everything of a session that left (WAMP basic, "Caller Leaving" and "Callee Leaving"); returns the causes of its calls. */
  leave(member: Member): readonly Cause[] {
    const open: Cause[] = [];
    for (const call of member.calls.values()) {
      if (call.cause) open.push(call.cause);
      this.#close(call);
      this.#meter?.ended(call, ErrorUri.canceled, '', false);
      if (call.callee !== member) this.#interrupt(call);
    }
    // Before the callers hear of it, so that who calls again finds no registration of the one that left.
    for (const registration of [...member.registrations]) this.#remove(registration, member);
    for (const call of member.invocations.values()) {
      this.#close(call);
      this.#fail(call, ErrorUri.canceled, 'the callee has left', 'callee_disconnected');
    }
    return open;
  }
}
