/** Owns the registry of all attributes that spans carry: ours here, those of OpenTelemetry in semconv.ts. */

import { type AttributeRow, type AttributeType, type Cardinality, SEMCONV_ROWS } from './semconv.js';

export interface AttributeEntry {
  readonly name: string;
  readonly type: AttributeType;
  /** Kinds of spans, as they are named. */
  readonly on: string;
  readonly cardinality: Cardinality;
  /** Clause that the name or its value comes from. */
  readonly source: string;
  /** One sentence, with the unit. */
  readonly meaning: string;
}

const ATTRIBUTE_ROWS = {
  ...SEMCONV_ROWS,
  action: [
    'wamp.action',
    'string',
    'all',
    'low',
    'WAMP basic, "Messages"',
    'what the span belongs to: `call`, `publish`, `subscribe`, `unsubscribe`, `register`, `unregister`, `hello`, `goodbye`',
  ],
  realm: ['wamp.realm', 'string', 'all', 'low', 'WAMP basic, "Realms, Sessions and Transports"', 'the realm'],
  uri: [
    'wamp.uri',
    'string',
    'subscribe, unsubscribe, register, unregister',
    'unbounded',
    'WAMP basic, "URIs"',
    'topic, procedure or pattern',
  ],
  match: [
    'wamp.uri.match',
    'string',
    'subscribe, register',
    'low',
    'WAMP advanced, "Pattern-based Subscriptions" and "… Registrations"',
    '`exact`, `prefix` or `wildcard`',
  ],
  sessionId: [
    'wamp.session.id',
    'string',
    'all with one peer',
    'unbounded',
    'WAMP basic, "IDs"',
    'the session at the other end of the hop; text, because ids are only ever compared',
  ],
  authid: ['wamp.authid', 'string', 'all with one peer', 'high', 'WAMP advanced, "Authentication"', 'of that session'],
  authrole: [
    'wamp.authrole',
    'string',
    'all with one peer',
    'low',
    'WAMP advanced, "Authentication"',
    'of that session',
  ],
  authmethod: [
    'wamp.authmethod',
    'string',
    'session open, authenticate',
    'low',
    'WAMP advanced, "Authentication"',
    'how the client said who it is',
  ],
  serializer: [
    'wamp.serializer',
    'string',
    'session open',
    'low',
    'WAMP basic, "Transports"',
    '`json`, `msgpack`, `cbor`',
  ],
  transport: [
    'wamp.transport',
    'string',
    'session open',
    'low',
    'WAMP basic, "Transports"',
    '`websocket`, `rawsocket`, `memory`',
  ],
  correlationId: [
    'wamp.correlation_id',
    'string',
    'all that begin an action',
    'unbounded',
    'ADR 003',
    'the action, as the tracing API names it; without dashes it is the trace id of an action that joined no trace',
  ],
  requestId: [
    'wamp.request.id',
    'int',
    'all but sessions and deliver',
    'number',
    'WAMP basic, "IDs"',
    'of the request',
  ],
  registrationId: [
    'wamp.registration.id',
    'int',
    'call, invoke, register, unregister',
    'number',
    'WAMP basic, "IDs"',
    'of the registration',
  ],
  subscriptionId: [
    'wamp.subscription.id',
    'int',
    'subscribe, unsubscribe',
    'number',
    'WAMP basic, "IDs"',
    'of the subscription',
  ],
  policy: [
    'wamp.invoke.policy',
    'string',
    'invoke, register',
    'low',
    'WAMP advanced, "Shared Registration"',
    '`single`, `roundrobin`, …',
  ],
  messageSize: [
    'wamp.message.size',
    'int',
    'all that begin an action',
    'number',
    'ours',
    'octets of the message that began it, before framing',
  ],
  outcome: [
    'wamp.outcome',
    'string',
    'all but deliver',
    'low',
    'ours',
    '`ok`, `error`, `canceled`, `timeout`, `caller_gone`, `callee_gone`, `abandoned`',
  ],
  errorUri: ['wamp.error.uri', 'string', 'all that got an ERROR', 'unbounded', 'WAMP basic, "ERROR"', 'the whole URI'],
  errorClass: [
    'wamp.error.class',
    'string',
    'all that got an ERROR',
    'low',
    'ours',
    'whose fault: `caller`, `router`, `callee`, `canceled`',
  ],
  authorizeDecision: [
    'wamp.authorize.decision',
    'string',
    'all that a role may not do',
    'low',
    'WAMP advanced, "Authorization"',
    '`denied`',
  ],
  progressive: [
    'wamp.call.progressive',
    'boolean',
    'call',
    'low',
    'WAMP advanced, "Progressive Call Results"',
    'the caller takes progressive results; told when true',
  ],
  progressCount: [
    'wamp.call.progress.count',
    'int',
    'call',
    'number',
    'WAMP advanced, "Progressive Call Results"',
    'progressive results sent to the caller',
  ],
  firstResult: [
    'wamp.call.time_to_first_result',
    'double',
    'call',
    'number',
    'WAMP advanced, "Progressive Call Results"',
    'seconds from CALL to the first progressive result',
  ],
  timeout: [
    'wamp.call.timeout',
    'int',
    'call',
    'number',
    'WAMP advanced, "Call Timeouts"',
    'milliseconds that the caller gives it',
  ],
  cancelMode: [
    'wamp.cancel.mode',
    'string',
    'call',
    'low',
    'WAMP advanced, "Call Canceling"',
    '`skip`, `kill` or `killnowait`, as asked for',
  ],
  lateResult: [
    'wamp.late_result',
    'boolean',
    'invoke',
    'low',
    'WAMP advanced, "Call Canceling"',
    'the callee answered when the call was over; told when true',
  ],
  routerTime: [
    'wamp.router.time',
    'double',
    'call',
    'number',
    'ours',
    'seconds that the call was in the router: CALL to INVOCATION, and the answer to RESULT or ERROR',
  ],
  calleeTime: [
    'wamp.callee.time',
    'double',
    'call',
    'number',
    'ours',
    'seconds that it was with the callee, both ways of the network included',
  ],
  callerRtt: [
    'wamp.caller.rtt',
    'double',
    'call',
    'number',
    'RFC 6455, 5.5.2',
    "seconds of the caller's last WebSocket ping; none without pings",
  ],
  calleeRtt: [
    'wamp.callee.rtt',
    'double',
    'invoke',
    'number',
    'RFC 6455, 5.5.2',
    "seconds of the callee's last WebSocket ping; none without pings",
  ],
  queueBytes: [
    'wamp.queue.bytes',
    'int',
    'invoke, deliver to one',
    'number',
    'ours',
    'octets that waited to leave for the peer before this message; told when there were some',
  ],
  acknowledge: [
    'wamp.publish.acknowledge',
    'boolean',
    'publish',
    'low',
    'WAMP basic, "PUBLISH"',
    'the publisher asked for PUBLISHED',
  ],
  recipients: ['wamp.event.recipients', 'int', 'publish', 'number', 'ours', 'sessions that were to get an EVENT'],
  delivered: ['wamp.event.delivered', 'int', 'deliver', 'number', 'ours', 'EVENTs handed to send queues'],
  dropped: ['wamp.event.dropped', 'int', 'deliver', 'number', 'ours', 'EVENTs refused: a full send queue, or too long'],
  eventBytes: ['wamp.event.bytes', 'int', 'deliver', 'number', 'ours', 'octets of the EVENTs sent, before framing'],
  queueMax: [
    'wamp.event.queue.max',
    'int',
    'deliver',
    'number',
    'ours',
    'octets that waited for the slowest subscriber; told when there were some',
  ],
  samplingReason: [
    'wamp.sampling.reason',
    'string',
    'call, publish, subscribe, unsubscribe, register, unregister, session open, session close',
    'low',
    'ADR 019',
    'why it is kept: `native_trace`, `remote`, `rule`, `ratio`, `error`, `slow`',
  ],
  samplingPartial: [
    'wamp.sampling.partial',
    'boolean',
    'call, publish, subscribe, unsubscribe, register, unregister',
    'low',
    'ADR 019',
    'kept at its end, when those downstream had not been told to keep theirs; told when true',
  ],
  closeReason: [
    'wamp.close.reason',
    'string',
    'session open, session close',
    'high',
    'WAMP basic, "Session Closing"',
    'the reason of GOODBYE or ABORT, `transport_lost`, or a sentence of the router',
  ],
  lifetime: ['wamp.session.lifetime', 'double', 'session close', 'number', 'ours', 'seconds from WELCOME to the end'],
  messagesReceived: ['wamp.session.messages.received', 'int', 'session close', 'number', 'ours', 'from HELLO on'],
  messagesSent: ['wamp.session.messages.sent', 'int', 'session close', 'number', 'ours', 'from HELLO on'],
  bytesReceived: ['wamp.session.bytes.received', 'int', 'session close', 'number', 'ours', 'octets before framing'],
  bytesSent: ['wamp.session.bytes.sent', 'int', 'session close', 'number', 'ours', 'octets before framing'],
  eventsDropped: [
    'wamp.session.events.dropped',
    'int',
    'session close',
    'number',
    'ours',
    'EVENTs that it did not get; told when there were some',
  ],
} as const satisfies Record<string, AttributeRow>;

type Key = keyof typeof ATTRIBUTE_ROWS;

export const ATTRIBUTES: readonly AttributeEntry[] = Object.values(ATTRIBUTE_ROWS).map(
  ([name, type, on, cardinality, source, meaning]: AttributeRow) => ({ name, type, on, cardinality, source, meaning }),
);

/** Names by what we call them in code. */
export const Attribute = Object.fromEntries(Object.entries(ATTRIBUTE_ROWS).map(([key, row]) => [key, row[0]])) as {
  readonly [K in Key]: (typeof ATTRIBUTE_ROWS)[K][0];
};
