/** Owns the sampler as options and environment ask for it: options go before OTEL_TRACES_SAMPLER, and that before defaults. */

import { NON_ERROR_URIS } from '../../trace/failure.js';
import { SAMPLING_DEFAULTS, Sampler, type SamplingOptions } from '../../trace/sampling/sampler.js';
import { samplerSettings } from './batching.js';
import type { Environment, Warn } from './environment.js';
import type { SpanLog } from './pipeline.js';

export type { SamplingOptions } from '../../trace/sampling/sampler.js';
export { Sampler };

/**
 * For the `sampler` of a Correlator. What the environment says and makes no sense is ignored with a warning.
 * `nonErrorUris`: as those of the spans.
 */
export function createSampler(
  given: Partial<SamplingOptions>,
  env: Environment,
  log: SpanLog,
  nonErrorUris: readonly string[] = NON_ERROR_URIS,
): Sampler {
  return new Sampler(
    samplingOptions(given, env, message => log.warn(`span sampling: ${message}`)),
    nonErrorUris,
  );
}

export function samplingOptions(given: Partial<SamplingOptions>, env: Environment, warn: Warn): SamplingOptions {
  const asked = { ...SAMPLING_DEFAULTS, ...standard(env, warn) };
  const isGiven = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...asked, ...Object.fromEntries(isGiven) };
}

/** OpenTelemetry specification, "General SDK Configuration". The standard samplers know no limit by the second. */
function standard(env: Environment, warn: Warn): Partial<SamplingOptions> {
  const settings = samplerSettings(env, warn);
  if (settings === undefined) return {};
  const { sampler, isParentBased: parentBased, ratio } = settings;
  switch (sampler) {
    case 'always_on':
      return { ratio: 1, spansPerSecond: 0, parentBased };
    case 'always_off':
      return { ratio: 0, errors: false, slowThreshold: 0, parentBased };
    case 'traceidratio':
      return { ratio, spansPerSecond: 0, parentBased };
  }
}
