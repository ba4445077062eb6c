/** Owns the options of a native trace: what is accepted, with which bounds, and how a wrong one is answered. */

import { inspect } from 'node:util';
import { ErrorUri, WampError } from '../wire/errors.js';

/** As Crossbar's, complete after defaults. */
export interface TraceOptions {
  readonly trace_level: 'message';
  /** Keep Arguments and ArgumentsKw in the records. */
  readonly trace_app_payload: boolean;
  /** Milliseconds. */
  readonly batching_period: number;
  readonly persist: false;
  /** Seconds until the trace stops by itself; `null`: never. */
  readonly duration: number | null;
}

const DEFAULTS: TraceOptions = {
  trace_level: 'message',
  trace_app_payload: false,
  batching_period: 200,
  persist: false,
  duration: null,
};

/** @throws WampError `crossbar.error.invalid_configuration`, as Crossbar does. */
export function parseTraceOptions(given: unknown): TraceOptions {
  if (given === undefined || given === null) return DEFAULTS;
  if (typeof given !== 'object' || Array.isArray(given)) throw invalid('trace_options', given, 'a dict');
  const known = Object.keys(DEFAULTS);
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) throw invalid('key', key, `one of ${known.join(', ')}`);
  }
  const options = { ...DEFAULTS, ...given } as { [K in keyof TraceOptions]: unknown };
  const { trace_level, trace_app_payload, batching_period, persist, duration } = options;
  if (trace_level !== 'message') throw invalid('trace_level', trace_level, '"message" (level "action" is yet to come)');
  if (typeof trace_app_payload !== 'boolean') throw invalid('trace_app_payload', trace_app_payload, 'a boolean');
  if (!isInteger(batching_period, 10, 10_000)) {
    throw invalid('batching_period', batching_period, 'an integer from 10 to 10000 (milliseconds)');
  }
  // Never pretend: a record that nobody will find after a restart must not look persisted.
  if (persist !== false) throw invalid('persist', persist, 'false (records are kept in memory only)');
  if (duration !== null && !isInteger(duration, 1, 86_400)) {
    throw invalid('duration', duration, 'an integer from 1 to 86400 (seconds), or null');
  }
  return { trace_level, trace_app_payload, batching_period, persist, duration };
}

function isInteger(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function invalid(name: string, value: unknown, expected: string): WampError {
  const text = `invalid tracing options: ${name} is ${inspect(value)}; expected ${expected}`;
  return new WampError(ErrorUri.invalidConfiguration, text);
}
