/** Owns the table of what the script does: each action with its messages in order, and how its spans end. */

import type { Attributes } from './otlp-decoder.js';
import { PIPELINED, SUBSCRIBERS } from './script.js';

/** What a span says of the end. */
export interface Ending {
  readonly failed: boolean;
  readonly attributes: Attributes;
}

export const OK: Ending = { failed: false, attributes: { 'wamp.outcome': 'ok' } };
export const CALL_OK: Ending = { failed: false, attributes: { 'wamp.outcome': 'ok', 'rpc.status_code': 'OK' } };

export function error(uri: string, fault: string): Ending {
  const attributes = { 'wamp.outcome': 'error', 'wamp.error.uri': uri, 'wamp.error.class': fault, 'error.type': uri };
  return { failed: true, attributes };
}

function callError(uri: string, fault: string, outcome = 'error'): Ending {
  const { attributes } = error(uri, fault);
  return { failed: true, attributes: { ...attributes, 'wamp.outcome': outcome, 'rpc.status_code': uri } };
}

const CANCELED = 'wamp.error.canceled';
const canceled = { 'wamp.outcome': 'canceled', 'wamp.error.class': 'canceled' };
/** The caller got what it asked for, so that is no failure. */
const CALL_CANCELED: Ending = {
  failed: false,
  attributes: { ...canceled, 'wamp.error.uri': CANCELED, 'rpc.status_code': CANCELED },
};
/** The callee did not hear of it, and answered when nobody waited any more. */
const ANSWERED_LATE: Ending = { failed: false, attributes: { ...CALL_OK.attributes, 'wamp.late_result': true } };
const GONE = { 'wamp.outcome': 'callee_gone', 'wamp.error.class': 'callee', 'error.type': 'callee_disconnected' };
const CALLER_GONE: Ending = { failed: false, attributes: { 'wamp.outcome': 'caller_gone' } };
const TIMEOUT = 'wamp.error.timeout';
const timedOut = { 'wamp.outcome': 'timeout', 'wamp.error.class': 'router', 'error.type': TIMEOUT };

/** One CALL of the script. */
export interface CallRow {
  readonly mark: string;
  readonly uri: string;
  readonly messages: readonly string[];
  readonly ending: Ending;
  readonly invoke?: Ending;
  readonly caller?: string;
  readonly callee?: string;
  readonly late?: number;
  readonly progress?: number;
  /** What the call span says besides. */
  readonly told?: Attributes;
  readonly policy?: string;
}

const answered = (callee: string, reply = 'YIELD', answer = 'RESULT'): string[] => [
  'caller → CALL',
  `${callee} ← INVOCATION`,
  `${callee} → ${reply}`,
  `caller ← ${answer}`,
];
const BAD = callError('com.example.error.bad', 'callee');
const KILLED: Ending = { failed: true, attributes: callError(CANCELED, 'canceled').attributes };

export const CALLS: readonly CallRow[] = [
  { mark: 'echo', uri: 'com.example.echo', messages: answered('callee'), ending: CALL_OK, invoke: CALL_OK },
  {
    mark: 'fail',
    uri: 'com.example.fail',
    messages: answered('callee', 'ERROR', 'ERROR'),
    ending: BAD,
    invoke: BAD,
  },
  {
    mark: 'nothing',
    uri: 'com.example.nothing',
    messages: ['caller → CALL', 'caller ← ERROR'],
    ending: callError('wamp.error.no_such_procedure', 'router'),
  },
  {
    mark: 'denied',
    uri: 'com.denied.call',
    messages: ['caller → CALL', 'caller ← ERROR'],
    ending: callError('wamp.error.not_authorized', 'caller'),
    told: { 'wamp.authorize.decision': 'denied' },
  },
  {
    mark: 'stream',
    uri: 'com.example.stream',
    messages: [
      ...['caller → CALL', 'streamer ← INVOCATION'],
      ...[1, 2, 3, 'end'].flatMap(() => ['streamer → YIELD', 'caller ← RESULT']),
    ],
    ending: CALL_OK,
    invoke: CALL_OK,
    callee: 'streamer',
    progress: 3,
  },
  {
    mark: 'shared 1',
    uri: 'com.example.shared',
    messages: answered('callee'),
    ending: CALL_OK,
    invoke: CALL_OK,
    policy: 'roundrobin',
  },
  {
    mark: 'shared 2',
    uri: 'com.example.shared',
    messages: answered('leaver'),
    ending: CALL_OK,
    invoke: CALL_OK,
    callee: 'leaver',
    policy: 'roundrobin',
  },
  ...PIPELINED.map(mark => ({
    mark,
    uri: 'com.example.echo',
    messages: answered('callee'),
    ending: CALL_OK,
    invoke: CALL_OK,
  })),
  {
    mark: 'skip',
    uri: 'com.example.slow',
    messages: [
      ...['impatient → CALL', 'callee ← INVOCATION', 'impatient → CANCEL', 'impatient ← ERROR'],
      'callee → YIELD',
    ],
    ending: CALL_CANCELED,
    invoke: ANSWERED_LATE,
    caller: 'impatient',
    late: 1,
    told: { 'wamp.cancel.mode': 'skip' },
  },
  {
    mark: 'kill',
    uri: 'com.example.obey',
    messages: [
      ...['caller → CALL', 'obedient ← INVOCATION', 'caller → CANCEL'],
      ...['obedient ← INTERRUPT', 'obedient → ERROR', 'caller ← ERROR'],
    ],
    ending: CALL_CANCELED,
    invoke: KILLED,
    callee: 'obedient',
    told: { 'wamp.cancel.mode': 'kill' },
  },
  {
    mark: 'spare',
    uri: 'com.example.slow',
    messages: ['caller → CALL', 'callee ← INVOCATION', 'caller → CANCEL', 'caller ← ERROR', 'callee → YIELD'],
    ending: CALL_CANCELED,
    invoke: ANSWERED_LATE,
    late: 1,
    told: { 'wamp.cancel.mode': 'kill' },
  },
  {
    mark: 'late',
    uri: 'com.example.slow',
    messages: ['caller → CALL', 'callee ← INVOCATION', 'caller ← ERROR', 'callee → YIELD'],
    ending: {
      failed: true,
      attributes: { ...timedOut, 'wamp.error.uri': TIMEOUT, 'rpc.status_code': TIMEOUT },
    },
    invoke: { failed: true, attributes: timedOut },
    late: 1,
    told: { 'wamp.call.timeout': 60 },
  },
  {
    mark: 'orphan',
    uri: 'com.example.leave',
    messages: ['caller → CALL', 'leaver ← INVOCATION', 'caller ← ERROR'],
    ending: { failed: true, attributes: { ...GONE, 'wamp.error.uri': CANCELED, 'rpc.status_code': CANCELED } },
    invoke: { failed: true, attributes: GONE },
    callee: 'leaver',
  },
  {
    mark: 'drop',
    uri: 'com.example.obey',
    messages: ['dropper → CALL', 'obedient ← INVOCATION', 'obedient ← INTERRUPT', 'obedient → ERROR'],
    ending: CALLER_GONE,
    invoke: CALLER_GONE,
    caller: 'dropper',
    callee: 'obedient',
    late: 1,
  },
];

/** One PUBLISH of the script. */
export interface PublicationRow {
  readonly mark: string;
  readonly topic: string;
  readonly acknowledge: boolean;
  readonly receivers: readonly string[];
  readonly publisher?: string;
  readonly refusal?: string;
}

const DENIED = 'wamp.error.not_authorized';

const NEWS = 'com.example.news';
export const PUBLICATIONS: readonly PublicationRow[] = [
  { mark: 'acknowledged', topic: NEWS, acknowledge: true, receivers: SUBSCRIBERS },
  { mark: 'unacknowledged', topic: NEWS, acknowledge: false, receivers: SUBSCRIBERS },
  { mark: 'by wampy', topic: NEWS, acknowledge: true, receivers: SUBSCRIBERS, publisher: 'callee' },
  { mark: 'to one', topic: NEWS, acknowledge: true, receivers: ['s07'] },
  { mark: 'to nobody', topic: 'com.elsewhere.nobody', acknowledge: false, receivers: [] },
  {
    mark: 'refused',
    topic: 'com.denied.topic',
    acknowledge: true,
    receivers: [],
    refusal: DENIED,
  },
  { mark: 'refused in silence', topic: 'com.denied.topic', acknowledge: false, receivers: [], refusal: DENIED },
];

export const REGISTERED: readonly [who: string, uri: string][] = [
  ...['echo', 'fail', 'slow'].map((name): [string, string] => ['callee', `com.example.${name}`]),
  ['leaver', 'com.example.leave'],
  ['callee', 'com.example.shared'],
  ['leaver', 'com.example.shared'],
  ['streamer', 'com.example.stream'],
  ['obedient', 'com.example.obey'],
];

export const SUBSCRIBED: readonly [who: string, uri: string][] = [
  ...['auditor', 'monitor'].flatMap(who =>
    ['on_join', 'on_stats', 'on_leave'].map((name): [string, string] => [who, `wamp.session.${name}`]),
  ),
  ...SUBSCRIBERS.map((who, i): [string, string] => [who, i === 19 ? 'com.example' : NEWS]),
  ['changing', 'com.example.other'],
];
