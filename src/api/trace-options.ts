/** Owns the options of a native trace: what is accepted, with which bounds, and how a wrong one is answered. */

import { inspect } from 'node:util';
import type { TraceFilter } from '../observers/trace-filter.js';
import { CODES, type MessageName, messageName } from '../wire/codes.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import { isId } from '../wire/ids.js';

/** As on the wire, complete after defaults. The first five are Crossbar's. */
export interface TraceOptions {
  readonly trace_level: 'message' | 'action';
  /** Keep Arguments and ArgumentsKw in the records; only at level `message`. */
  readonly trace_app_payload: boolean;
  /** Milliseconds between two `on_trace_data`. */
  readonly batching_period: number;
  readonly persist: boolean;
  /** Seconds until the trace stops by itself; `null`: never. */
  readonly duration: number | null;
  readonly filter: FilterOptions;
  /** Keys whose values are blotted out in payloads. */
  readonly redact: readonly string[];
  readonly max_records: number;
  /** Octets of payloads. */
  readonly max_bytes: number;
  /** Seconds that a record is kept in memory. */
  readonly limit: number;
  /** Record handshakes and the router's own sessions. */
  readonly internal: boolean;
  /** Export spans of the traced actions whatever the sampling says. */
  readonly otel: boolean;
}

/** The filter as on the wire. */
export interface FilterOptions {
  readonly realm?: string;
  readonly session?: number;
  readonly authid?: string;
  readonly authrole?: string;
  readonly uri?: string;
  readonly match?: 'exact' | 'prefix';
  /** Names as in records, such as `Call`. */
  readonly msg_type?: readonly string[];
  readonly direction?: 'rx' | 'tx';
  readonly errors_only?: boolean;
  /** Milliseconds. */
  readonly min_duration?: number;
}

const DEFAULTS: TraceOptions = {
  trace_level: 'message',
  trace_app_payload: false,
  batching_period: 200,
  persist: false,
  duration: null,
  filter: {},
  redact: [],
  max_records: 65_536,
  max_bytes: 16 << 20,
  limit: 3600,
  internal: false,
  otel: false,
};

type Given = { readonly [key: string]: unknown };

/** @throws WampError `crossbar.error.invalid_configuration`, as Crossbar does. */
export function parseTraceOptions(given: unknown): TraceOptions {
  if (given === undefined || given === null) return DEFAULTS;
  const dict = asDict(given, 'trace_options', Object.keys(DEFAULTS));
  const o = { ...DEFAULTS, ...dict } as { [K in keyof TraceOptions]: unknown };
  const level = oneOf(o.trace_level, 'trace_level', ['message', 'action']);
  const payload = flag(o.trace_app_payload, 'trace_app_payload');
  if (payload && level === 'action') {
    throw invalid('trace_app_payload', true, 'false with trace_level "action": actions have no payload of their own');
  }
  const filter = parseFilter(o.filter);
  const picks = (['msg_type', 'direction'] as const).find(key => filter[key] !== undefined);
  if (picks && level === 'action') {
    throw invalid(`filter.${picks}`, filter[picks], 'none with trace_level "action": it chooses among messages');
  }
  return {
    trace_level: level,
    trace_app_payload: payload,
    batching_period: whole(o.batching_period, 'batching_period', 10, 10_000, 'milliseconds'),
    persist: flag(o.persist, 'persist'),
    duration: o.duration === null ? null : whole(o.duration, 'duration', 1, 86_400, 'seconds, or null'),
    filter,
    redact: texts(o.redact, 'redact'),
    max_records: whole(o.max_records, 'max_records', 1, 1 << 20, 'records'),
    max_bytes: whole(o.max_bytes, 'max_bytes', 1 << 16, 1 << 30, 'octets'),
    limit: whole(o.limit, 'limit', 1, 86_400, 'seconds'),
    internal: flag(o.internal, 'internal'),
    otel: flag(o.otel, 'otel'),
  };
}

const FILTER_KEYS = [
  'realm',
  'session',
  'authid',
  'authrole',
  'uri',
  'match',
  'msg_type',
  'direction',
  'errors_only',
  'min_duration',
];

function parseFilter(given: unknown): FilterOptions {
  if (given === null) return {};
  const o = asDict(given, 'filter', FILTER_KEYS);
  const isGiven = (key: string): boolean => o[key] !== undefined && o[key] !== null;
  if (isGiven('match') && !isGiven('uri')) throw invalid('filter.match', o.match, 'it together with filter.uri');
  return {
    ...(isGiven('realm') && { realm: text(o.realm, 'filter.realm') }),
    ...(isGiven('session') && { session: sessionId(o.session) }),
    ...(isGiven('authid') && { authid: text(o.authid, 'filter.authid') }),
    ...(isGiven('authrole') && { authrole: text(o.authrole, 'filter.authrole') }),
    ...(isGiven('uri') && { uri: text(o.uri, 'filter.uri') }),
    ...(isGiven('match') && { match: oneOf(o.match, 'filter.match', ['exact', 'prefix']) }),
    ...(isGiven('msg_type') && { msg_type: messageTypes(o.msg_type) }),
    ...(isGiven('direction') && { direction: oneOf(o.direction, 'filter.direction', ['rx', 'tx']) }),
    ...(isGiven('errors_only') && { errors_only: flag(o.errors_only, 'filter.errors_only') }),
    ...(isGiven('min_duration') && {
      min_duration: whole(o.min_duration, 'filter.min_duration', 0, 86_400_000, 'milliseconds'),
    }),
  };
}

/** The filter as logs take it. */
export function toFilter(options: FilterOptions): TraceFilter {
  return {
    realm: options.realm,
    session: options.session,
    authid: options.authid,
    authrole: options.authrole,
    uri: options.uri,
    match: options.match,
    codes: options.msg_type && new Set(options.msg_type.map(type => CODES[type.toUpperCase() as MessageName])),
    direction: options.direction && (options.direction === 'rx' ? 'received' : 'sent'),
    errorsOnly: options.errors_only,
    minDuration: options.min_duration,
  };
}

/** `Publish` for PUBLISH: the class names of Autobahn, which Crossbar's records carry. */
export function messageType(code: number): string {
  const name = messageName(code)!;
  return name[0] + name.slice(1).toLowerCase();
}

function messageTypes(value: unknown): string[] {
  const types = typeof value === 'string' ? [value] : texts(value, 'filter.msg_type');
  const known = Object.values(CODES).map(messageType);
  if (types.length === 0) throw invalid('filter.msg_type', value, 'one type of message at least');
  for (const type of types) {
    if (!known.includes(type)) throw invalid('filter.msg_type', type, `one of ${known.join(', ')}`);
  }
  return types;
}

function asDict(value: unknown, name: string, known: readonly string[]): Given {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name, value, 'a dict');
  const stranger = Object.keys(value).find(key => !known.includes(key));
  if (stranger !== undefined) throw invalid(`key of ${name}`, stranger, `one of ${known.join(', ')}`);
  return value as Given;
}

function flag(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw invalid(name, value, 'a boolean');
  return value;
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalid(name, value, 'a string');
  return value;
}

function texts(value: unknown, name: string): string[] {
  if (!Array.isArray(value) || !value.every(item => typeof item === 'string')) {
    throw invalid(name, value, 'a list of strings');
  }
  return value;
}

function sessionId(value: unknown): number {
  if (!isId(value)) throw invalid('filter.session', value, 'a session id');
  return value;
}

function oneOf<T extends string>(value: unknown, name: string, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T;
  throw invalid(name, value, allowed.map(item => `"${item}"`).join(' or '));
}

function whole(value: unknown, name: string, least: number, most: number, unit: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw invalid(name, value, `an integer from ${least} to ${most} (${unit})`);
  }
  return value;
}

function invalid(name: string, value: unknown, expected: string): WampError {
  const text = `invalid tracing options: ${name} is ${inspect(value)}; expected ${expected}`;
  return new WampError(ErrorUri.invalidConfiguration, text);
}
