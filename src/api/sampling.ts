/** Owns the procedures that tell of sampling and change it while the router runs. */

import type { Propagation } from '../trace/propagation.js';
import type { Sampler } from '../trace/sampling/sampler.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import type { Dict } from '../wire/message.js';
import { changedSampling, samplingDict } from './sampling-options.js';

/** Characters of a name that a log line has place for. */
const MAX_BY = 200;

/** The sampling of a node, as the API tells of it. */
export interface SamplingControl {
  /** `undefined` while the node exports no spans. */
  readonly sampler: Sampler | undefined;
  readonly propagation: Propagation;
  /** Names of all realms of the node. */
  realms(): readonly string[];
  /** Told of every change, after it: in the keys of the API, of `rules` how many there are, and by whom. */
  changed(sampling: Dict, by: string): void;
}

/** `now` in milliseconds since the epoch. */
export function getSampling({ sampler: given, propagation }: SamplingControl, now: number): Dict {
  const sampler = existing(given);
  return {
    ...samplingDict(sampler.options, now),
    // Actions since the start.
    kept: Object.fromEntries(sampler.keptByReason()),
    limited: { head: sampler.limitedHead, late: sampler.limitedTail },
    malformed: { ...propagation.malformed },
  };
}

/** @throws WampError `wamp.error.invalid_argument`; then nothing has changed. */
export function setSampling(control: SamplingControl, given: unknown, by: string, now: number): Dict {
  const sampler = existing(control.sampler);
  sampler.options = changedSampling(sampler.options, given, now, control.realms());
  const sampling = samplingDict(sampler.options, now);
  // Rules may have 200,000 characters, and a log has no place for them.
  control.changed({ ...sampling, rules: sampling.rules.length }, by.slice(0, MAX_BY));
  return sampling;
}

function existing(sampler: Sampler | undefined): Sampler {
  if (sampler) return sampler;
  const text = 'this node exports no spans, so nothing is sampled; give it wampscope.telemetry.endpoint';
  throw new WampError(ErrorUri.noSuchObject, text);
}
