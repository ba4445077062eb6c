/** Owns the trace context of a WAMP message: the keys that carry it, and what is well-formed (W3C Trace Context, level 2). */

import type { Dict } from './message.js';

/** W3C Trace Context, "trace-flags". */
export const FLAG_SAMPLED = 0x01;
export const FLAG_RANDOM = 0x02;

/** What a peer says of the trace that its message belongs to. Ids are signed 32-bit words, big end first. */
export interface TraceContext {
  readonly trace0: number;
  readonly trace1: number;
  readonly trace2: number;
  readonly trace3: number;
  readonly span0: number;
  readonly span1: number;
  /** Of version 00: sampled and random; other bits are not passed on. */
  readonly flags: number;
  /** '' when there is none. */
  readonly tracestate: string;
  readonly baggage: string;
  /** All of it as Options or Details, as it came but for the spelling of the keys. */
  readonly details: Dict;
}

/** How often something was there and not well-formed, and so was ignored. */
export interface ContextFaults {
  traceparent: number;
  tracestate: number;
  baggage: number;
}

/** Implementation-specific keys begin with an underscore (WAMP basic, "Extensibility"); peers may write them without. */
export const ContextKey = { traceparent: '_traceparent', tracestate: '_tracestate', baggage: '_baggage' } as const;

/**
 * The context in Options or Details; `undefined` without a well-formed traceparent. Never throws: a request is not
 * worth less because its trace cannot be told.
 */
export function readTraceContext(options: Dict, withBaggage: boolean, faults: ContextFaults): TraceContext | undefined {
  const given = options._traceparent ?? options.traceparent;
  if (given === undefined || given === null) return undefined;
  if (typeof given !== 'string' || !isTraceparent(given)) {
    faults.traceparent++;
    return undefined;
  }
  const tracestate = textOf(options._tracestate ?? options.tracestate, 'tracestate', isTracestate, faults);
  const baggage = withBaggage ? textOf(options._baggage ?? options.baggage, 'baggage', isBaggage, faults) : '';
  return {
    trace0: wordAt(given, 3),
    trace1: wordAt(given, 11),
    trace2: wordAt(given, 19),
    trace3: wordAt(given, 27),
    span0: wordAt(given, 36),
    span1: wordAt(given, 44),
    flags: Number.parseInt(given.slice(53, 55), 16) & (FLAG_SAMPLED | FLAG_RANDOM),
    tracestate,
    baggage,
    details: contextDetails(given, tracestate, baggage),
  };
}

/** Details that carry a context; what is '' is left out. */
export function contextDetails(traceparent: string, tracestate: string, baggage: string): Dict {
  const details: { [key: string]: string } = { _traceparent: traceparent };
  if (tracestate !== '') details._tracestate = tracestate;
  if (baggage !== '') details._baggage = baggage;
  return details;
}

function textOf(
  value: unknown,
  part: 'tracestate' | 'baggage',
  isGood: (text: string) => boolean,
  faults: ContextFaults,
): string {
  if (value === undefined || value === null || value === '') return '';
  if (typeof value === 'string' && isGood(value)) return value;
  faults[part]++;
  return '';
}

function wordAt(text: string, at: number): number {
  return Number.parseInt(text.slice(at, at + 8), 16) | 0;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/;
const TRACEPARENT_LENGTH = 55;
/** A later version may add fields, but nobody's context is a book. */
const LONGEST_TRACEPARENT = 512;

/** W3C Trace Context, "traceparent Header Field Values" and "Versioning of traceparent". */
export function isTraceparent(text: string): boolean {
  if (text.length < TRACEPARENT_LENGTH || text.length > LONGEST_TRACEPARENT) return false;
  const parts = TRACEPARENT.exec(text);
  if (!parts) return false;
  const [, version, traceId, parentId] = parts;
  if (version === 'ff' || /^0+$/.test(traceId!) || /^0+$/.test(parentId!)) return false;
  if (text.length === TRACEPARENT_LENGTH) return true;
  return version !== '00' && text[TRACEPARENT_LENGTH] === '-';
}

const LONGEST_TRACESTATE = 512;
const MOST_MEMBERS = 32;
const MEMBER = /^([a-z0-9][a-z0-9_\-*/@]{0,255})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** W3C Trace Context, "tracestate Header Field Values": members that are empty are allowed, keys that repeat are not. */
export function isTracestate(text: string): boolean {
  if (text.length > LONGEST_TRACESTATE) return false;
  const keys = new Set<string>();
  let members = 0;
  for (const part of text.split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '');
    if (member === '') continue;
    const key = MEMBER.exec(member)?.[1];
    if (key === undefined || keys.has(key) || ++members > MOST_MEMBERS) return false;
    keys.add(key);
  }
  return members > 0;
}

/**
 * `tracestate` with `member` in front, and without another of its key; `member` '' takes it out. What is then too
 * long or too much goes at the end, as the specification has it.
 */
export function withMember(tracestate: string, key: string, member: string): string {
  if (tracestate === '') return member;
  const others = tracestate
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '' && !part.startsWith(`${key}=`));
  const members = (member === '' ? others : [member, ...others]).slice(0, MOST_MEMBERS);
  while (members.join(',').length > LONGEST_TRACESTATE) members.pop();
  return members.join(',');
}

const LONGEST_BAGGAGE = 8192;
const MOST_ENTRIES = 180;
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const VALUE = '[\\x21\\x23-\\x2b\\x2d-\\x3a\\x3c-\\x5b\\x5d-\\x7e]*';
const ENTRY = new RegExp(`^${TOKEN}[ \\t]*=[ \\t]*${VALUE}(?:[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*${VALUE})?)*$`);

/** W3C Baggage, "Header Content" and "Limits". All that it allows is ASCII, so characters are octets. */
export function isBaggage(text: string): boolean {
  if (text.length > LONGEST_BAGGAGE) return false;
  const entries = text.split(',');
  return entries.length <= MOST_ENTRIES && entries.every(entry => ENTRY.test(entry.trim()));
}
