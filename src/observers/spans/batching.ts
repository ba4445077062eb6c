/** Owns what the environment says of batches, limits and sampling. What makes no sense is ignored with a warning. */

import { type Environment, variable, type Warn, wholeNumber } from './environment.js';
import { MAX_TEXT } from './table.js';

/** Times in milliseconds, sizes in spans. */
export interface BatchSettings {
  readonly queueSize: number;
  readonly batchSize: number;
  readonly delay: number;
  readonly exportTimeout: number;
}

/** Rows are small and leave the thread; objects are large, and encoding many of them at a time holds up messages. */
export const BATCH_DEFAULTS = {
  rows: { queueSize: 131_072, batchSize: 2048, delay: 200, exportTimeout: 60_000 },
  sdk: { queueSize: 16_384, batchSize: 512, delay: 1000, exportTimeout: 30_000 },
} as const satisfies Record<string, BatchSettings>;

/** OpenTelemetry specification, "Batch Span Processor". */
export function batchSettings(env: Environment, defaults: BatchSettings, warn: Warn): BatchSettings {
  const queueSize = wholeNumber(env, 'OTEL_BSP_MAX_QUEUE_SIZE', 1, defaults.queueSize, warn);
  const wanted = wholeNumber(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 1, defaults.batchSize, warn);
  if (wanted > queueSize && variable(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE') !== undefined) {
    warn(
      `Expected OTEL_BSP_MAX_EXPORT_BATCH_SIZE to be at most OTEL_BSP_MAX_QUEUE_SIZE, ${queueSize}, got '${wanted}'; ${queueSize} holds`,
    );
  }
  return {
    queueSize,
    batchSize: Math.min(wanted, queueSize),
    delay: wholeNumber(env, 'OTEL_BSP_SCHEDULE_DELAY', 0, defaults.delay, warn),
    exportTimeout: wholeNumber(env, 'OTEL_BSP_EXPORT_TIMEOUT', 0, defaults.exportTimeout, warn),
  };
}

/** Characters of the longest string that a client can put into an attribute. */
export function textLimit(env: Environment, warn: Warn): number {
  const general = wholeNumber(env, 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', 0, MAX_TEXT, warn);
  return Math.min(MAX_TEXT, wholeNumber(env, 'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 0, general, warn));
}

export const SAMPLERS = ['always_on', 'always_off', 'traceidratio'] as const;

export interface SamplerSettings {
  readonly sampler: (typeof SAMPLERS)[number];
  /** A parent's decision goes before that of the sampler. */
  readonly isParentBased: boolean;
  /** Of `traceidratio`, 0 to 1. */
  readonly ratio: number;
}

const PARENT_BASED = 'parentbased_';

/** OpenTelemetry specification, "General SDK Configuration". `undefined` when nothing, or nothing we know, is asked for. */
export function samplerSettings(env: Environment, warn: Warn): SamplerSettings | undefined {
  const given = variable(env, 'OTEL_TRACES_SAMPLER');
  const argument = variable(env, 'OTEL_TRACES_SAMPLER_ARG');
  if (given === undefined) return undefined;
  const isParentBased = given.value.startsWith(PARENT_BASED);
  const name = isParentBased ? given.value.slice(PARENT_BASED.length) : given.value;
  const sampler = SAMPLERS.find(known => known === name);
  if (sampler === undefined) {
    const known = SAMPLERS.join(', ');
    warn(
      `Unknown value '${given.value}' of OTEL_TRACES_SAMPLER; set it to one of ${known}, with ${PARENT_BASED} before it or without; it is ignored`,
    );
    return undefined;
  }
  if (sampler !== 'traceidratio' || argument === undefined) return { sampler, isParentBased, ratio: 1 };
  const ratio = Number(argument.value);
  if (ratio >= 0 && ratio <= 1) return { sampler, isParentBased, ratio };
  warn(
    `Expected OTEL_TRACES_SAMPLER_ARG to be a number of 0 to 1, got '${argument.value}'; it is ignored, and 1 holds`,
  );
  return { sampler, isParentBased, ratio: 1 };
}
