/** Owns the decision which actions are told as spans: at the anchor by numbers, and at the end by what came of it. */

import { FLAG_SAMPLED, withMember } from '../../wire/trace-context.js';
import type { TracedAction } from '../action.js';
import { isFailure, NON_ERROR_URIS } from '../failure.js';
import { TracedClosing, type TracedOpening } from '../session.js';
import type { ActionSampler } from './action-sampler.js';
import { Bucket } from './bucket.js';
import { REASON_NAMES, Reason } from './reason.js';
import { Rules, type SamplingRule } from './rules.js';
import { randomnessText, Threshold } from './threshold.js';

export interface SamplingOptions {
  /** Of the actions that nothing else decides about, 0 to 1. */
  readonly ratio: number;
  /** Of what is kept at the beginning, but for native traces: spans a second, 0 for no limit. */
  readonly spansPerSecond: number;
  /** Keep every action that failed. */
  readonly errors: boolean;
  /** Keep every action that took so many milliseconds; 0 for none. */
  readonly slowThreshold: number;
  /** Of what is kept at the end: spans a second, 0 for no limit. */
  readonly lateSpansPerSecond: number;
  readonly rules: readonly SamplingRule[];
  /** What a trusted parent has decided holds. */
  readonly parentBased: boolean;
}

export const SAMPLING_DEFAULTS: SamplingOptions = {
  ratio: 0.01,
  spansPerSecond: 2000,
  errors: true,
  slowThreshold: 500,
  lateSpansPerSecond: 2000,
  rules: [],
  parentBased: true,
};

/** Somebody who wants certain actions whatever the sampling says: a native trace. */
export interface SamplingClaim {
  atAnchor(action: TracedAction): boolean;
  atEnd(action: TracedAction): boolean;
}

/** The member of tracestate that tells the ratio (OpenTelemetry specification, "TraceState Handling"). */
const OT = 'ot';

export class Sampler implements ActionSampler {
  #options!: SamplingOptions;
  #threshold!: Threshold;
  #member = '';
  #rules!: Rules;
  #hasRules = false;
  #head!: Bucket;
  #tail!: Bucket;
  /** Milliseconds below which no action is slow. */
  #leastSlow = 0;
  #claims: readonly SamplingClaim[] = [];
  readonly #nonErrors: ReadonlySet<string>;
  /** Actions kept since the start, by reason. */
  readonly kept = new Float64Array(REASON_NAMES.length);
  /** Actions, and ends of sessions, that a limit kept from being kept, at the beginning and at the end. */
  limitedHead = 0;
  limitedTail = 0;

  /** `nonErrorUris`: of errors that are answers, and no reason to keep anything. */
  constructor(options: SamplingOptions, nonErrorUris: Iterable<string> = NON_ERROR_URIS) {
    this.options = options;
    this.#nonErrors = new Set(nonErrorUris);
  }

  get options(): SamplingOptions {
    return this.#options;
  }

  /** May be changed at any time; open actions stay as decided. */
  set options(options: SamplingOptions) {
    this.#options = options;
    this.#threshold = new Threshold(options.ratio);
    this.#member = this.#threshold.isAlways ? '' : this.#threshold.member();
    this.#rules = new Rules(options.rules);
    this.#hasRules = options.rules.length > 0;
    this.#head = new Bucket(options.spansPerSecond);
    this.#tail = new Bucket(options.lateSpansPerSecond);
    this.#leastSlow = Math.min(options.slowThreshold || Number.POSITIVE_INFINITY, this.#rules.leastSlow);
  }

  keptByReason(): [reason: string, actions: number][] {
    return REASON_NAMES.flatMap((name, i) => (name === '' ? [] : [[name, this.kept[i]!] as [string, number]]));
  }

  claim(claim: SamplingClaim): void {
    this.#claims = [...this.#claims, claim];
  }

  unclaim(claim: SamplingClaim): void {
    this.#claims = this.#claims.filter(other => other !== claim);
  }

  begin(action: TracedAction): void {
    action.sampled = Reason.none;
    // The router's own sessions are told by nobody.
    if (action.originator.internal) return;
    const claims = this.#claims;
    for (let i = 0; i < claims.length; i++) {
      if (claims[i]!.atAnchor(action)) return this.#keepPlain(action, Reason.nativeTrace);
    }
    const { remote } = action;
    const isTrusted = remote !== undefined && remote.trust === 'follow';
    if (isTrusted && this.#options.parentBased) {
      if ((remote.context.flags & FLAG_SAMPLED) === 0 || !this.#mayKeep(action)) return;
      action.sampled = Reason.remote;
      action.tracestate = remote.context.tracestate;
      this.kept[Reason.remote]!++;
      return;
    }
    const rule = this.#hasRules ? this.#rules.threshold(action) : undefined;
    const threshold = rule ?? this.#threshold;
    // Who is not trusted chooses the trace id, and must not thereby choose what is kept.
    const isOurs = action.parent === undefined || !isTrusted;
    const word2 = isOurs ? action.id2 : action.trace2;
    const word3 = isOurs ? action.id3 : action.trace3;
    if (!threshold.keeps(word2, word3) || !this.#mayKeep(action)) return;
    const reason = rule ? Reason.rule : Reason.ratio;
    action.sampled = reason;
    this.kept[reason]!++;
    if (action.parent) this.#join(action, threshold, isOurs);
    else if (!rule) action.tracestate = this.#member;
    else if (!threshold.isAlways) action.tracestate = threshold.member();
  }

  /** The tracestate of somebody else's trace; where our own bits have decided, it says which. */
  #join(action: TracedAction, threshold: Threshold, isOurs: boolean): void {
    const { tracestate } = action.remote!.context;
    const randomness = isOurs ? randomnessText(action.id2, action.id3) : '';
    action.tracestate = withMember(tracestate, OT, threshold.isAlways ? '' : threshold.member(randomness));
  }

  /** Kept for another reason than chance, so tracestate must not tell a ratio. */
  #keepPlain(action: TracedAction, reason: Reason): void {
    action.sampled = reason;
    if (action.parent) action.tracestate = withMember(action.remote!.context.tracestate, OT, '');
    this.kept[reason]!++;
  }

  /** Children are yet to come: calls and publications mostly have one. */
  #mayKeep(action: TracedAction): boolean {
    return this.#takeHead(action.kind === 'call' || action.kind === 'publish' ? 2 : 1, action.startedAt);
  }

  #takeHead(spans: number, at: number): boolean {
    const given = this.#head.take(spans, at);
    if (!given) this.limitedHead++;
    return given;
  }

  #takeTail(spans: number, at: number): boolean {
    const given = this.#tail.take(spans, at);
    if (!given) this.limitedTail++;
    return given;
  }

  end(action: TracedAction): void {
    const took = action.endedAt - action.startedAt;
    const { outcome } = action;
    if (outcome === 'ok' && took < this.#leastSlow && this.#claims.length === 0) return;
    if (action.originator.internal) return;
    for (const claim of this.#claims) if (claim.atEnd(action)) return this.#keepLate(action, Reason.nativeTrace);
    const isError =
      this.#options.errors && outcome !== undefined && isFailure('originator', outcome, action.error, this.#nonErrors);
    if (!isError && !this.#isSlow(action, took)) return;
    const spans = 1 + action.invoked + (action.fanOut ? 1 : 0);
    if (this.#takeTail(spans, action.endedAt)) this.#keepLate(action, isError ? Reason.error : Reason.slow);
  }

  /**
   * Nobody downstream has to know, so all is decided at the end. The two ends of a session are kept together by the bits
   * of the first; each is kept by itself when it failed. Time says nothing: people type passwords in a handshake.
   */
  session(ended: TracedOpening | TracedClosing): void {
    ended.sampled = Reason.none;
    const { session, error, endedAt } = ended;
    const rule = this.#hasRules
      ? this.#rules.threshold({ originator: session, uri: '', startedAt: endedAt })
      : undefined;
    const threshold = rule ?? this.#threshold;
    const opening = ended instanceof TracedClosing ? ended.opening : undefined;
    const { id2, id3 } = opening ?? ended;
    if (threshold.keeps(id2, id3) && this.#takeHead(1, endedAt)) {
      ended.sampled = rule ? Reason.rule : Reason.ratio;
      if (!threshold.isAlways) ended.tracestate = threshold.member(opening ? randomnessText(id2, id3) : '');
    } else if (this.#options.errors && error !== '' && !this.#nonErrors.has(error) && this.#takeTail(1, endedAt)) {
      ended.sampled = Reason.error;
    }
  }

  #isSlow(action: TracedAction, took: number): boolean {
    if (took < this.#leastSlow) return false;
    const threshold = (this.#hasRules ? this.#rules.slowThreshold(action) : undefined) ?? this.#options.slowThreshold;
    return threshold > 0 && took >= threshold;
  }

  #keepLate(action: TracedAction, reason: Reason): void {
    this.#keepPlain(action, reason);
    // Downstream got what the caller had said, or nothing: only a sampled trace that is this one goes on there.
    action.partial = action.parent === undefined || (action.remote!.context.flags & FLAG_SAMPLED) === 0;
  }
}
