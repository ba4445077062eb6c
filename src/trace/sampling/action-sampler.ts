/** Owns what the correlator asks of a sampler, and the two answers that need no thought. */

import type { TracedAction } from '../action.js';
import type { TracedClosing, TracedOpening } from '../session.js';
import { Reason } from './reason.js';

/** Both set `sampled` and what goes with it. Called for every action on the hot path. */
export interface ActionSampler {
  /** At the anchor, before anything is sent. */
  begin(action: TracedAction): void;
  /** At the end, for an action that is not kept yet. */
  end(action: TracedAction): void;
  /** When a session has begun, was refused, or has ended. */
  session(ended: TracedOpening | TracedClosing): void;
}

/** For who samples elsewhere: everything is kept, and says so to those downstream. */
export const KEEP_ALL: ActionSampler = {
  begin: action => {
    if (action.parent && action.remote) action.tracestate = action.remote.context.tracestate;
  },
  end: () => undefined,
  session: () => undefined,
};

/** For a router that exports no spans: it must not put spans of its own between those of its clients. */
export const KEEP_NONE: ActionSampler = {
  begin: action => {
    action.sampled = Reason.none;
  },
  end: () => undefined,
  session: ended => {
    ended.sampled = Reason.none;
  },
};
