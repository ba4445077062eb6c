/** Owns whose word counts: what the router makes of the trace context that a session sends. */

import type { SessionRef } from '../tap.js';

/**
 * `follow`: its trace is continued, and whether it is sampled holds here too. `parent`: its trace is continued, but
 * the router samples by itself. `link`: the router begins a trace of its own, with a link. `ignore`: as if it were
 * not there.
 */
export const TRUST_MODES = ['follow', 'parent', 'link', 'ignore'] as const;
export type TrustMode = (typeof TRUST_MODES)[number];

/** Whom it is about; what is absent stands for any. */
export interface TrustRule {
  readonly realm?: string | undefined;
  readonly authrole?: string | undefined;
  readonly mode: TrustMode;
}

export class Trust {
  readonly #rules: readonly TrustRule[];

  /** The first rule that fits holds. */
  constructor(rules: readonly TrustRule[]) {
    this.#rules = rules;
  }

  /**
   * Who has not said who it is may join traces, but not decide what is recorded: else anybody could make us record
   * everything.
   */
  of(session: SessionRef): TrustMode {
    for (const { realm, authrole, mode } of this.#rules) {
      if (realm !== undefined && realm !== session.realm) continue;
      if (authrole !== undefined && authrole !== session.authrole) continue;
      return mode;
    }
    return session.authmethod === 'anonymous' ? 'parent' : 'follow';
  }
}
