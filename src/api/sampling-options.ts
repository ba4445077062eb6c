/** Owns the sampling as the management API takes and gives it: what is accepted, and how a wrong value is answered. */

import { inspect } from 'node:util';
import { MAX_RULES, type SamplingRule } from '../trace/sampling/rules.js';
import type { SamplingOptions } from '../trace/sampling/sampler.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import type { Dict } from '../wire/message.js';

const KEYS = ['ratio', 'spans_per_second', 'errors', 'slow_threshold', 'late_spans_per_second', 'rules'];
const RULE_KEYS = ['uri', 'match', 'realm', 'authid', 'authrole', 'ratio', 'slow_threshold', 'ttl'];
const CONDITIONS = ['uri', 'realm', 'authid', 'authrole'];
const MAX_MS = 86_400_000;
const MAX_TTL = 31_536_000;
/** Characters of a text in a rule. */
const MAX_TEXT = 512;
/** Characters of a wrong value that its error shows. */
const SHOWN = 200;

/**
 * `options` with what `given` changes; keys that are absent stay, `rules` takes the place of all rules. `now` in
 * milliseconds since the epoch, from which `ttl` counts; `realms` are those that a rule may name.
 * @throws WampError `wamp.error.invalid_argument` that names the key.
 */
export function changedSampling(
  options: SamplingOptions,
  given: unknown,
  now: number,
  realms: readonly string[],
): SamplingOptions {
  const o = asDict(given, 'sampling', KEYS);
  const isGiven = (key: string): boolean => o[key] !== undefined;
  return {
    ...options,
    ...(isGiven('ratio') && { ratio: ratioOf(o.ratio, 'ratio') }),
    ...(isGiven('spans_per_second') && { spansPerSecond: whole(o.spans_per_second, 'spans_per_second', 0) }),
    ...(isGiven('errors') && { errors: flagOf(o.errors, 'errors') }),
    ...(isGiven('slow_threshold') && { slowThreshold: whole(o.slow_threshold, 'slow_threshold', 0, MAX_MS) }),
    ...(isGiven('late_spans_per_second') && {
      lateSpansPerSecond: whole(o.late_spans_per_second, 'late_spans_per_second', 0),
    }),
    ...(isGiven('rules') && { rules: rulesOf(o.rules, now, realms) }),
  };
}

/** As `changedSampling` takes it; `ttl` is what is left. */
export function samplingDict(options: SamplingOptions, now: number): Dict & { readonly rules: readonly Dict[] } {
  return {
    ratio: options.ratio,
    spans_per_second: options.spansPerSecond,
    errors: options.errors,
    slow_threshold: options.slowThreshold,
    late_spans_per_second: options.lateSpansPerSecond,
    rules: options.rules.filter(rule => rule.until === undefined || rule.until > now).map(rule => ruleDict(rule, now)),
  };
}

function ruleDict({ slowThreshold, until, ...rule }: SamplingRule, now: number): Dict {
  const told = {
    ...rule,
    slow_threshold: slowThreshold,
    ttl: until === undefined ? undefined : Math.ceil((until - now) / 1000),
  };
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
}

function rulesOf(value: unknown, now: number, realms: readonly string[]): SamplingRule[] {
  if (!Array.isArray(value) || value.length > MAX_RULES) {
    throw invalid(
      'rules',
      Array.isArray(value) ? `${value.length} rules` : value,
      `a list of at most ${MAX_RULES} rules`,
    );
  }
  return value.map((rule, i) => ruleOf(rule, `rules[${i}]`, now, realms));
}

function ruleOf(value: unknown, name: string, now: number, realms: readonly string[]): SamplingRule {
  const o = asDict(value, name, RULE_KEYS);
  const isGiven = (key: string): boolean => o[key] !== undefined && o[key] !== null;
  if (!CONDITIONS.some(isGiven)) throw invalid(name, value, `one of ${CONDITIONS.join(', ')} in it`);
  if (!isGiven('ratio') && !isGiven('slow_threshold')) throw invalid(name, value, 'ratio or slow_threshold in it');
  if (isGiven('match') && !isGiven('uri')) throw invalid(`${name}.match`, o.match, 'it together with uri');
  if (isGiven('match') && o.match !== 'exact' && o.match !== 'prefix') {
    throw invalid(`${name}.match`, o.match, '"exact" or "prefix"');
  }
  return {
    ...(isGiven('uri') && { uri: textOf(o.uri, `${name}.uri`) }),
    ...(isGiven('match') && { match: o.match as 'exact' | 'prefix' }),
    ...(isGiven('realm') && { realm: realmOf(o.realm, `${name}.realm`, realms) }),
    ...(isGiven('authid') && { authid: textOf(o.authid, `${name}.authid`) }),
    ...(isGiven('authrole') && { authrole: textOf(o.authrole, `${name}.authrole`) }),
    ...(isGiven('ratio') && { ratio: ratioOf(o.ratio, `${name}.ratio`) }),
    ...(isGiven('slow_threshold') && {
      slowThreshold: whole(o.slow_threshold, `${name}.slow_threshold`, 0, MAX_MS),
    }),
    ...(isGiven('ttl') && { until: now + whole(o.ttl, `${name}.ttl`, 1, MAX_TTL) * 1000 }),
  };
}

function asDict(value: unknown, name: string, known: readonly string[]): { readonly [key: string]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name, value, 'a dict');
  const stranger = Object.keys(value).find(key => !known.includes(key));
  if (stranger !== undefined) throw invalid(`key of ${name}`, stranger, `one of ${known.join(', ')}`);
  return value as { readonly [key: string]: unknown };
}

function ratioOf(value: unknown, name: string): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw invalid(name, value, 'a number from 0 to 1');
}

function flagOf(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value;
  throw invalid(name, value, 'a boolean');
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(name, value, 'a string that is not empty');
  if (value.length <= MAX_TEXT) return value;
  throw wrong(name, `${value.length} characters long`, `at most ${MAX_TEXT}`);
}

function realmOf(value: unknown, name: string, realms: readonly string[]): string {
  const realm = textOf(value, name);
  if (realms.includes(realm)) return realm;
  throw invalid(name, realm, `a realm of this node: ${realms.join(', ')}`);
}

function whole(value: unknown, name: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  const range =
    most === Number.MAX_SAFE_INTEGER ? `an integer, ${least} or more` : `an integer from ${least} to ${most}`;
  throw invalid(name, value, range);
}

function invalid(name: string, value: unknown, expected: string): WampError {
  if (value === undefined) return wrong(name, 'not given', expected);
  const got = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: SHOWN });
  return wrong(name, got.length > SHOWN ? `${got.slice(0, SHOWN)}…` : got, expected);
}

function wrong(name: string, got: string, expected: string): WampError {
  return new WampError(ErrorUri.invalidArgument, `invalid sampling: ${name} is ${got}; expected ${expected}`);
}
