/** Owns the procedures that tell of sampling and change it while the router runs. */

import type { Propagation } from '../trace/propagation.js';
import type { Sampler } from '../trace/sampling/sampler.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import type { Dict } from '../wire/message.js';
import { changedSampling, samplingDict } from './sampling-options.js';

/** The sampling of a node, as the API tells of it. */
export interface SamplingControl {
  /** `undefined` while the node exports no spans. */
  readonly sampler: Sampler | undefined;
  readonly propagation: Propagation;
  /** Told of every change, after it: in the keys of the API, and by whom. */
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
  sampler.options = changedSampling(sampler.options, given, now);
  const sampling = samplingDict(sampler.options, now);
  control.changed(sampling, by);
  return sampling;
}

function existing(sampler: Sampler | undefined): Sampler {
  if (sampler) return sampler;
  const text = 'this node exports no spans, so nothing is sampled; give it wampscope.telemetry.endpoint';
  throw new WampError(ErrorUri.noSuchObject, text);
}
