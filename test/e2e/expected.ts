/** Owns what the script must leave behind: for each action its messages in order, and its spans with all they say. */

import type { Cast } from './cast.js';
import type { Attributes } from './otlp-decoder.js';
import { PIPELINED, SUBSCRIBERS } from './script.js';
import type { WireMessage } from './wire.js';

export interface ExpectedSpan {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'consumer' | 'producer';
  readonly failed: boolean;
  /** Besides those with the correlation id, which the router draws. `ANY` stands for a value that no client knows. */
  readonly attributes: Attributes;
}

export interface ExpectedAction {
  /** Who began it, how, with which URI, and the mark it carries. */
  readonly anchor: string;
  /** `caller → CALL` was received by the router, `caller ← RESULT` sent by it. */
  readonly messages: readonly string[];
  /** Messages that came when the action was over. */
  readonly late: number;
  /** The action's own first; it is the parent of the others. */
  readonly spans: readonly ExpectedSpan[];
}

export const ANY = '*';

interface Ending {
  readonly failed: boolean;
  readonly attributes: Attributes;
}

const OK: Ending = { failed: false, attributes: { 'wamp.outcome': 'ok' } };
const CALL_OK: Ending = { failed: false, attributes: { 'wamp.outcome': 'ok', 'rpc.status_code': 'OK' } };

function error(uri: string, fault: string): Ending {
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
/** The callee never answered. */
const INVOKE_CANCELED: Ending = { failed: false, attributes: canceled };
const GONE = { 'wamp.outcome': 'callee_gone', 'wamp.error.class': 'callee', 'error.type': 'callee_disconnected' };
const CALLER_GONE: Ending = { failed: false, attributes: { 'wamp.outcome': 'caller_gone' } };
const TIMEOUT = 'wamp.error.timeout';
const timedOut = { 'wamp.outcome': 'timeout', 'wamp.error.class': 'router', 'error.type': TIMEOUT };

/** One CALL of the script. */
interface CallRow {
  readonly mark: string;
  readonly uri: string;
  readonly messages: readonly string[];
  readonly ending: Ending;
  readonly invoke?: Ending;
  readonly caller?: string;
  readonly callee?: string;
  readonly late?: number;
  readonly progress?: number;
}

const answered = (callee: string, reply = 'YIELD', answer = 'RESULT'): string[] => [
  'caller → CALL',
  `${callee} ← INVOCATION`,
  `${callee} → ${reply}`,
  `caller ← ${answer}`,
];
const BAD = callError('com.example.error.bad', 'callee');
const KILLED: Ending = { failed: true, attributes: callError(CANCELED, 'canceled').attributes };

const CALLS: readonly CallRow[] = [
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
  { mark: 'shared 1', uri: 'com.example.shared', messages: answered('callee'), ending: CALL_OK, invoke: CALL_OK },
  {
    mark: 'shared 2',
    uri: 'com.example.shared',
    messages: answered('leaver'),
    ending: CALL_OK,
    invoke: CALL_OK,
    callee: 'leaver',
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
    invoke: INVOKE_CANCELED,
    caller: 'impatient',
    late: 1,
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
  },
  {
    mark: 'spare',
    uri: 'com.example.slow',
    messages: ['caller → CALL', 'callee ← INVOCATION', 'caller → CANCEL', 'caller ← ERROR', 'callee → YIELD'],
    ending: CALL_CANCELED,
    invoke: INVOKE_CANCELED,
    late: 1,
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
interface PublicationRow {
  readonly mark: string;
  readonly topic: string;
  readonly acknowledge: boolean;
  readonly receivers: readonly string[];
  readonly publisher?: string;
  readonly refusal?: string;
}

const NEWS = 'com.example.news';
const PUBLICATIONS: readonly PublicationRow[] = [
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
    refusal: 'wamp.error.not_authorized',
  },
  { mark: 'refused in silence', topic: 'com.denied.topic', acknowledge: false, receivers: [] },
];

const REGISTERED: readonly [who: string, uri: string][] = [
  ...['echo', 'fail', 'slow'].map((name): [string, string] => ['callee', `com.example.${name}`]),
  ['leaver', 'com.example.leave'],
  ['callee', 'com.example.shared'],
  ['leaver', 'com.example.shared'],
  ['streamer', 'com.example.stream'],
  ['obedient', 'com.example.obey'],
];

const SUBSCRIBED: readonly [who: string, uri: string][] = [
  ...['auditor', 'monitor'].flatMap(who =>
    ['on_join', 'on_stats', 'on_leave'].map((name): [string, string] => [who, `wamp.session.${name}`]),
  ),
  ...SUBSCRIBERS.map((who, i): [string, string] => [who, i === 19 ? 'com.example' : NEWS]),
  ['changing', 'com.example.other'],
];

/** Everything that the realm's clients did. */
export function expectedActions(cast: Cast): ExpectedAction[] {
  const clerk = new Clerk(cast);
  return [
    ...CALLS.map(row => clerk.call(row)),
    clerk.metaCall('caller', 'wamp.session.count'),
    ...PUBLICATIONS.map(row => clerk.publication(row)),
    ...REGISTERED.map(([who, uri]) => clerk.change(who, 'REGISTER', uri)),
    ...SUBSCRIBED.map(([who, uri]) => clerk.change(who, 'SUBSCRIBE', uri)),
    clerk.refusedRegistration('caller', 'com.example.echo'),
    clerk.change('callee', 'UNREGISTER', 'com.example.fail'),
    clerk.change('changing', 'UNSUBSCRIBE', 'com.example.other'),
  ];
}

/** Looks up on the wire what only the wire knows: ids and octets. */
class Clerk {
  readonly #cast: Cast;

  constructor(cast: Cast) {
    this.#cast = cast;
  }

  call(row: CallRow): ExpectedAction {
    const { mark, uri, messages, ending, invoke, caller = 'caller', callee = 'callee', progress } = row;
    const anchor = this.#marked(caller, 'CALL', 4, mark);
    const invocation = invoke && this.#marked(callee, 'INVOCATION', 4, mark);
    const registration = invocation && { 'wamp.registration.id': invocation.message[2] as number };
    const rpc = { 'wamp.action': 'call', 'rpc.system.name': 'wamp', 'rpc.method': uri };
    const own = {
      ...{ ...rpc, ...this.#peer(caller), ...anchorAttributes(anchor), ...registration },
      ...(progress && { 'wamp.call.progress.count': progress }),
    };
    const spans: ExpectedSpan[] = [span(`call ${uri}`, 'server', own, ending)];
    if (invoke) {
      const hop = { ...rpc, ...this.#peer(callee), 'wamp.request.id': invocation!.message[1] as number };
      spans.push(span(`invoke ${uri}`, 'client', { ...hop, ...registration }, invoke));
    }
    return { anchor: `${caller} CALL ${uri} ${mark}`, messages, late: row.late ?? 0, spans };
  }

  /** The callee is the router itself, whose messages cross no wire. */
  metaCall(caller: string, uri: string): ExpectedAction {
    const rpc = { 'wamp.action': 'call', 'rpc.system.name': 'wamp', 'rpc.method': uri };
    const anchor = this.#cast.wire(caller).one('CALL', message => message[3] === uri);
    const own = { ...rpc, ...this.#peer(caller), ...anchorAttributes(anchor), 'wamp.registration.id': ANY };
    const internal = {
      ...{ 'wamp.realm': 'realm1', 'wamp.session.id': ANY, 'wamp.authid': 'wampscope.realm.realm1' },
      ...{ 'wamp.authrole': 'trusted', 'wamp.request.id': ANY, 'wamp.registration.id': ANY },
    };
    return {
      anchor: `${caller} CALL ${uri} `,
      messages: [`${caller} → CALL`, `${caller} ← RESULT`],
      late: 0,
      spans: [
        span(`call ${uri}`, 'server', own, CALL_OK),
        span(`invoke ${uri}`, 'client', { ...rpc, ...internal }, CALL_OK),
      ],
    };
  }

  publication(row: PublicationRow): ExpectedAction {
    const { mark, topic, acknowledge, receivers, publisher = 'caller', refusal } = row;
    const anchor = this.#marked(publisher, 'PUBLISH', 4, mark);
    const events = receivers.map(who => this.#marked(who, 'EVENT', 4, mark));
    const destination = {
      ...{ 'wamp.action': 'publish', 'messaging.system.name': 'wamp', 'messaging.destination.name': topic },
      'messaging.operation.type': 'send',
    };
    const id = events[0] && { 'messaging.message.id': String(events[0].message[2]) };
    const own = {
      ...{ ...destination, 'messaging.operation.name': 'publish', ...this.#peer(publisher) },
      ...{ ...anchorAttributes(anchor), ...id },
      ...{ 'wamp.publish.acknowledge': acknowledge, 'wamp.event.recipients': receivers.length },
    };
    const spans = [span(`publish ${topic}`, 'consumer', own, refusal ? error(refusal, 'caller') : OK)];
    if (events.length > 0) {
      const hop = {
        ...{ ...destination, 'messaging.operation.name': 'deliver', 'wamp.realm': 'realm1', ...id },
        ...{ 'wamp.event.delivered': events.length, 'wamp.event.dropped': 0 },
        'wamp.event.bytes': events.reduce((sum, event) => sum + event.bytes.length, 0),
        ...(events.length > 1 && { 'messaging.batch.message_count': events.length }),
      };
      spans.push(span(`deliver ${topic}`, 'producer', hop, { failed: false, attributes: {} }));
    }
    return {
      anchor: `${publisher} PUBLISH ${topic} ${mark}`,
      messages: [
        `${publisher} → PUBLISH`,
        ...(acknowledge ? [`${publisher} ← ${refusal ? 'ERROR' : 'PUBLISHED'}`] : []),
        ...receivers.map(who => `${who} ← EVENT`),
      ],
      late: 0,
      spans,
    };
  }

  change(who: string, type: 'REGISTER' | 'UNREGISTER' | 'SUBSCRIBE' | 'UNSUBSCRIBE', uri: string): ExpectedAction {
    const wire = this.#cast.wire(who);
    const undoes = type.startsWith('UN');
    const reply = type.endsWith('E') ? `${type}D` : `${type}ED`;
    const begin = wire.one(undoes ? type.slice(2) : type, message => message[3] === uri);
    const began = wire.one(undoes ? reply.slice(2) : reply, message => message[1] === begin.message[1]);
    const anchor = undoes ? wire.one(type, message => message[2] === began.message[2]) : begin;
    const subject = type.endsWith('REGISTER') ? 'wamp.registration.id' : 'wamp.subscription.id';
    return this.#change(who, type, uri, reply, anchor, { [subject]: began.message[2] as number }, OK);
  }

  refusedRegistration(who: string, uri: string): ExpectedAction {
    const anchor = this.#cast.wire(who).one('REGISTER', message => message[3] === uri);
    const refusal = error('wamp.error.procedure_already_exists', 'caller');
    return this.#change(who, 'REGISTER', uri, 'ERROR', anchor, {}, refusal);
  }

  #change(
    who: string,
    type: string,
    uri: string,
    reply: string,
    anchor: WireMessage,
    subject: Attributes,
    ending: Ending,
  ): ExpectedAction {
    const action = type.toLowerCase();
    const own = { 'wamp.action': action, 'wamp.uri': uri, ...this.#peer(who), ...anchorAttributes(anchor), ...subject };
    return {
      anchor: `${who} ${type} ${uri} `,
      messages: [`${who} → ${type}`, `${who} ← ${reply}`],
      late: 0,
      spans: [span(`${action} ${uri}`, 'server', own, ending)],
    };
  }

  /** The only message of its type that carries the mark as its first argument. */
  #marked(who: string, type: string, argumentsAt: number, mark: string): WireMessage {
    return this.#cast.wire(who).one(type, message => (message[argumentsAt] as unknown[] | undefined)?.[0] === mark);
  }

  #peer(who: string): Attributes {
    const { session, details } = this.#cast.wire(who);
    return {
      ...{ 'wamp.realm': details.realm, 'wamp.session.id': String(session) },
      ...{ 'wamp.authid': details.authid, 'wamp.authrole': details.authrole },
    };
  }
}

function anchorAttributes({ message, bytes }: WireMessage): Attributes {
  return { 'wamp.request.id': message[1] as number, 'wamp.message.size': bytes.length };
}

function span(name: string, kind: ExpectedSpan['kind'], attributes: Attributes, ending: Ending): ExpectedSpan {
  return { name, kind, failed: ending.failed, attributes: { ...attributes, ...ending.attributes } };
}
