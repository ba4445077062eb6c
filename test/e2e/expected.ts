/** Owns what the script must leave behind: for each action its messages in order, and its spans with all they say. */

import type { Cast } from './cast.js';
import type { Attributes } from './otlp-decoder.js';
import {
  CALL_OK,
  CALLS,
  type CallRow,
  type Ending,
  error,
  OK,
  PUBLICATIONS,
  type PublicationRow,
  REGISTERED,
  SUBSCRIBED,
} from './rows.js';
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
    const { mark, uri, messages, ending, invoke, caller = 'caller', callee = 'callee', progress, told } = row;
    const anchor = this.#marked(caller, 'CALL', 4, mark);
    const invocation = invoke && this.#marked(callee, 'INVOCATION', 4, mark);
    const registration = invocation && { 'wamp.registration.id': invocation.message[2] as number };
    const rpc = { 'wamp.action': 'call', 'rpc.system.name': 'wamp', 'rpc.method': invoke ? uri : '_OTHER' };
    const own = {
      ...{ ...rpc, ...this.#peer(caller), ...anchorAttributes(anchor), ...registration, ...TIMES, ...told },
      ...(progress && { 'wamp.call.progress.count': progress, ...PROGRESSIVE }),
    };
    if (!invoke) {
      const { 'wamp.callee.time': _none, ...alone } = { ...own, 'rpc.method_original': uri };
      return {
        anchor: `${caller} CALL ${uri} ${mark}`,
        messages,
        late: 0,
        spans: [span('call', 'server', alone, ending)],
      };
    }
    const hop = { ...rpc, ...this.#peer(callee), 'wamp.request.id': invocation!.message[1] as number };
    const policy = { 'wamp.invoke.policy': row.policy ?? 'single' };
    const spans: ExpectedSpan[] = [
      span(`call ${uri}`, 'server', own, ending),
      span(`invoke ${uri}`, 'client', { ...hop, ...registration, ...policy }, invoke),
    ];
    return { anchor: `${caller} CALL ${uri} ${mark}`, messages, late: row.late ?? 0, spans };
  }

  /** The callee is the router itself, whose messages cross no wire. */
  metaCall(caller: string, uri: string): ExpectedAction {
    const rpc = { 'wamp.action': 'call', 'rpc.system.name': 'wamp', 'rpc.method': uri };
    const anchor = this.#cast.wire(caller).one('CALL', message => message[3] === uri);
    const own = { ...rpc, ...this.#peer(caller), ...anchorAttributes(anchor), 'wamp.registration.id': ANY, ...TIMES };
    const internal = {
      ...{ 'wamp.realm': 'realm1', 'wamp.session.id': ANY, 'wamp.authid': 'wampscope.realm.realm1' },
      ...{ 'wamp.authrole': 'trusted', 'wamp.request.id': ANY, 'wamp.registration.id': ANY },
      'wamp.invoke.policy': 'single',
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
    const spans = [span(`publish ${topic}`, 'consumer', own, refusal ? denied(refusal) : OK)];
    if (events.length > 0) {
      const hop = {
        ...{ ...destination, 'messaging.operation.name': 'deliver', ...id },
        // One receiver is the peer of the span.
        ...(events.length > 1 ? { 'wamp.realm': 'realm1' } : this.#peer(receivers[0]!)),
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
    const { match = 'exact', invoke = 'single' } = begin.message[2] as { match?: string; invoke?: string };
    const asked = {
      ...(!undoes && { 'wamp.uri.match': match }),
      ...(type === 'REGISTER' && { 'wamp.invoke.policy': invoke }),
    };
    return this.#change(who, type, uri, reply, anchor, { [subject]: began.message[2] as number, ...asked }, OK);
  }

  refusedRegistration(who: string, uri: string): ExpectedAction {
    const anchor = this.#cast.wire(who).one('REGISTER', message => message[3] === uri);
    const refusal = error('wamp.error.procedure_already_exists', 'caller');
    const asked = { 'wamp.uri.match': 'exact', 'wamp.invoke.policy': 'single' };
    return this.#change(who, 'REGISTER', uri, 'ERROR', anchor, asked, refusal);
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

/** Only the router's clock knows how long it took. */
const TIMES = { 'wamp.router.time': ANY, 'wamp.callee.time': ANY };
const PROGRESSIVE = { 'wamp.call.progressive': true, 'wamp.call.time_to_first_result': ANY };

function denied(uri: string): Ending {
  const { failed, attributes } = error(uri, 'caller');
  return { failed, attributes: { ...attributes, 'wamp.authorize.decision': 'denied' } };
}

function anchorAttributes({ message, bytes }: WireMessage): Attributes {
  return { 'wamp.request.id': message[1] as number, 'wamp.message.size': bytes.length };
}

function span(name: string, kind: ExpectedSpan['kind'], attributes: Attributes, ending: Ending): ExpectedSpan {
  return { name, kind, failed: ending.failed, attributes: { ...attributes, ...ending.attributes } };
}
