/** Owns the rules of sampling: which actions, how many of them, when they are slow, and for how long that holds. */

import type { TracedAction } from '../action.js';
import { Threshold } from './threshold.js';

export const MAX_RULES = 100;

/** What is absent stands for any; all that is given must fit. */
export interface SamplingRule {
  readonly uri?: string | undefined;
  /** How `uri` is meant; `exact` when absent. */
  readonly match?: 'exact' | 'prefix' | undefined;
  /** Of the originator. */
  readonly realm?: string | undefined;
  readonly authid?: string | undefined;
  readonly authrole?: string | undefined;
  /** Of 0 to 1. Absent: the rule says nothing of what is kept at the beginning. */
  readonly ratio?: number | undefined;
  /** Milliseconds from which an action is slow, 0 for never. Absent: the rule says nothing of it. */
  readonly slowThreshold?: number | undefined;
  /** Milliseconds since the epoch until which the rule holds; absent: for good. */
  readonly until?: number | undefined;
}

/** Of an action, or of a session, whose `uri` is ''. */
export type Judged = Pick<TracedAction, 'originator' | 'uri' | 'startedAt'>;

interface Active extends SamplingRule {
  readonly threshold: Threshold | undefined;
  readonly end: number;
}

export class Rules {
  readonly #ratios: readonly Active[];
  readonly #slows: readonly Active[];
  /** Milliseconds below which no action is slow by a rule. */
  readonly leastSlow: number;

  /** Of those that say something, the first that fits holds. */
  constructor(rules: readonly SamplingRule[]) {
    const active = rules.map(rule => ({
      ...rule,
      threshold: rule.ratio === undefined ? undefined : new Threshold(rule.ratio),
      end: rule.until ?? Number.POSITIVE_INFINITY,
    }));
    this.#ratios = active.filter(rule => rule.ratio !== undefined);
    this.#slows = active.filter(rule => rule.slowThreshold !== undefined);
    this.leastSlow = Math.min(...this.#slows.map(rule => rule.slowThreshold || Number.POSITIVE_INFINITY));
  }

  /** How many of the actions like this one are kept; `undefined` when no rule says. */
  threshold(action: Judged): Threshold | undefined {
    for (const rule of this.#ratios) if (action.startedAt < rule.end && fits(rule, action)) return rule.threshold;
    return undefined;
  }

  /** Milliseconds from which this action is slow, 0 for never; `undefined` when no rule says. */
  slowThreshold(action: TracedAction): number | undefined {
    for (const rule of this.#slows) if (action.endedAt < rule.end && fits(rule, action)) return rule.slowThreshold;
    return undefined;
  }
}

function fits(rule: SamplingRule, action: Pick<Judged, 'originator' | 'uri'>): boolean {
  const { originator, uri } = action;
  return (
    (rule.uri === undefined || (rule.match === 'prefix' ? uri.startsWith(rule.uri) : uri === rule.uri)) &&
    (rule.authrole === undefined || rule.authrole === originator.authrole) &&
    (rule.authid === undefined || rule.authid === originator.authid) &&
    (rule.realm === undefined || rule.realm === originator.realm)
  );
}
