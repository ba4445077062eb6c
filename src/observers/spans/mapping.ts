/** Owns the decision what the spans of an action say: name, kind, attributes, status. Every pipeline asks here. */

import type { ActionKind } from '../../trace/action.js';
import { isFailure } from '../../trace/failure.js';
import type { Outcome } from '../../trace/outcome.js';
import { REASON_NAMES } from '../../trace/sampling/reason.js';
import { ErrorUri } from '../../wire/errors.js';
import { Attribute } from './attributes.js';
import { type ErrorTypes, faultOf } from './failures.js';
import { OTHER, SYSTEM } from './semconv.js';
import { type AttributeValue, Ending, Kind, Operation, Part, Status, type Uuid } from './span-data.js';
import type { Peer } from './table.js';

/** Which span of an action; the action's own is named like its kind. */
export type Role = ActionKind | 'invoke' | 'deliver';

/**
 * The router acts as a proxy: one span for the hop towards the originator and one for the hop towards the
 * responders, in the kinds that service graphs pair (CLIENT with SERVER, PRODUCER with CONSUMER).
 */
const KIND: Readonly<Record<Role, Kind>> = {
  call: Kind.server,
  invoke: Kind.client,
  publish: Kind.consumer,
  deliver: Kind.producer,
  subscribe: Kind.server,
  unsubscribe: Kind.server,
  register: Kind.server,
  unregister: Kind.server,
};

/** `uri`: of calls the procedure as registered, '' when no registration was found. */
export function operationOf(role: Role, uri: string): Operation {
  return new Operation(uri === '' ? role : `${role} ${uri}`, KIND[role], operationAttributes(role, uri));
}

function operationAttributes(role: Role, uri: string): AttributeValue[] {
  switch (role) {
    case 'call':
    case 'invoke':
      return listOf({
        [Attribute.action]: 'call',
        [Attribute.rpcSystemName]: SYSTEM,
        // Semconv rpc, "rpc.method": what is no method of ours must not fill dashboards. The name goes without.
        [Attribute.rpcMethod]: uri === '' ? OTHER : uri,
      });
    case 'publish':
    case 'deliver':
      return listOf({
        [Attribute.action]: 'publish',
        [Attribute.messagingSystemName]: SYSTEM,
        [Attribute.messagingOperationName]: role,
        // Semconv messaging, "messaging.operation.type": both hops hand a message on.
        [Attribute.messagingOperationType]: 'send',
        [Attribute.messagingDestinationName]: uri,
      });
    default:
      return listOf(uri === '' ? { [Attribute.action]: role } : { [Attribute.action]: role, [Attribute.uri]: uri });
  }
}

export function peerPartOf(peer: Peer): Part {
  // Whoever sends requests without having been welcomed is nobody, not a session 0.
  if (peer.id === 0) return new Part([]);
  return new Part(
    listOf({
      [Attribute.realm]: peer.realm,
      [Attribute.sessionId]: String(peer.id),
      [Attribute.authid]: peer.authid,
      [Attribute.authrole]: peer.authrole,
    }),
  );
}

function listOf(attributes: Readonly<Record<string, string>>): AttributeValue[] {
  return Object.entries(attributes).flat();
}

/** What is told of every action besides its kind. */
export function actionAttributes(correlation: Uuid, request: number, messageSize: number): AttributeValue[] {
  return [Attribute.correlationId, correlation, Attribute.requestId, request, Attribute.messageSize, messageSize];
}

/** Times are in milliseconds here, and in seconds in spans; 0 where nothing is known. */
export interface CallFacts {
  readonly uri: string;
  readonly method: string;
  readonly registration: number;
  readonly progress: number;
  readonly progressive: boolean;
  readonly firstResult: number;
  readonly timeout: number;
  readonly cancelMode: string;
  readonly routerTime: number;
  /** Undefined when nobody was invoked. */
  readonly calleeTime: number | undefined;
  readonly rtt: number;
  /** Error URI of the call, '' when there is none. */
  readonly error: string;
}

export function addCallAttributes(own: AttributeValue[], call: CallFacts): void {
  if (call.uri !== call.method) own.push(Attribute.rpcMethodOriginal, call.uri);
  // Where somebody was invoked, the error is the callee's, who has rules of its own.
  if (call.method === '' && call.error === ErrorUri.notAuthorized) own.push(Attribute.authorizeDecision, 'denied');
  if (call.registration !== 0) own.push(Attribute.registrationId, call.registration);
  if (call.progressive) own.push(Attribute.progressive, true);
  if (call.progress !== 0) own.push(Attribute.progressCount, call.progress);
  if (call.firstResult > 0) own.push(Attribute.firstResult, call.firstResult / 1000);
  if (call.timeout !== 0) own.push(Attribute.timeout, call.timeout);
  if (call.cancelMode !== '') own.push(Attribute.cancelMode, call.cancelMode);
  own.push(Attribute.routerTime, call.routerTime / 1000);
  if (call.calleeTime !== undefined) own.push(Attribute.calleeTime, call.calleeTime / 1000);
  if (call.rtt > 0) own.push(Attribute.callerRtt, call.rtt / 1000);
}

/** `reason` is a number of `Reason`. */
export function addSamplingAttributes(own: AttributeValue[], reason: number, isPartial: boolean): void {
  const name = REASON_NAMES[reason]!;
  if (name !== '') own.push(Attribute.samplingReason, name);
  if (isPartial) own.push(Attribute.samplingPartial, true);
}

/** `publication` is 0 when nobody was there to receive. */
export function addPublishAttributes(
  own: AttributeValue[],
  correlation: Uuid,
  acknowledge: boolean,
  publication: number,
  recipients: number,
): void {
  own.push(Attribute.messagingConversationId, correlation, Attribute.acknowledge, acknowledge);
  own.push(Attribute.recipients, recipients);
  if (publication !== 0) own.push(Attribute.messagingMessageId, String(publication));
}

/** `subject` is the subscription or registration, 0 when none is known; `match` and `policy` are '' when not asked for. */
export function addSubjectAttributes(
  own: AttributeValue[],
  role: Role,
  subject: number,
  match: string,
  policy: string,
): void {
  const registration = role === 'register' || role === 'unregister';
  if (subject !== 0) own.push(registration ? Attribute.registrationId : Attribute.subscriptionId, subject);
  if (role === 'register' || role === 'subscribe') own.push(Attribute.match, match || 'exact');
  if (role === 'register') own.push(Attribute.policy, policy || 'single');
}

export interface InvokeFacts {
  readonly uri: string;
  readonly method: string;
  readonly request: number;
  readonly registration: number;
  readonly policy: string;
  readonly queued: number;
  readonly rtt: number;
  readonly answeredLate: boolean;
}

export function invokeAttributes(invoke: InvokeFacts): AttributeValue[] {
  const own: AttributeValue[] = [Attribute.requestId, invoke.request, Attribute.registrationId, invoke.registration];
  if (invoke.uri !== invoke.method) own.push(Attribute.rpcMethodOriginal, invoke.uri);
  if (invoke.policy !== '') own.push(Attribute.policy, invoke.policy);
  if (invoke.queued !== 0) own.push(Attribute.queueBytes, invoke.queued);
  if (invoke.rtt > 0) own.push(Attribute.calleeRtt, invoke.rtt / 1000);
  if (invoke.answeredLate) own.push(Attribute.lateResult, true);
  return own;
}

export interface FanOutFacts {
  /** Told here when there is no single peer that tells it. */
  readonly realm: string;
  readonly hasPeer: boolean;
  readonly publication: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly bytes: number;
  readonly queuedMax: number;
}

export function deliverAttributes(fanOut: FanOutFacts): AttributeValue[] {
  const { delivered, dropped, publication, bytes, queuedMax } = fanOut;
  const own: AttributeValue[] = fanOut.hasPeer ? [] : [Attribute.realm, fanOut.realm];
  own.push(Attribute.messagingMessageId, String(publication));
  own.push(Attribute.delivered, delivered, Attribute.dropped, dropped, Attribute.eventBytes, bytes);
  if (queuedMax !== 0) own.push(Attribute.queueMax, queuedMax);
  // Semconv messaging: the count is for batches, never for a single message.
  if (delivered + dropped !== 1) own.push(Attribute.messagingBatchMessageCount, delivered);
  return own;
}

/** One EVENT that was chosen from a fan-out. */
export function deliveryAttributes(publication: number, bytes: number, queued: number): AttributeValue[] {
  const own: AttributeValue[] = [Attribute.messagingMessageId, String(publication), Attribute.eventBytes, bytes];
  if (queued !== 0) own.push(Attribute.queueBytes, queued);
  return own;
}

/** Of a fan-out the router knows only that it was queued; what was refused is counted in its attributes. */
export function endingOfFanOut(): Ending {
  return new Ending(Status.unset, []);
}

export function endingOfDelivery(dropped: boolean): Ending {
  return dropped ? new Ending(Status.error, [Attribute.errorType, 'dropped']) : new Ending(Status.unset, []);
}

export function endingOf(role: Role, outcome: Outcome, error: string, errorTypes: ErrorTypes): Ending {
  const attributes: AttributeValue[] = [Attribute.outcome, outcome];
  const isCall = role === 'call' || role === 'invoke';
  if (isCall) {
    if (outcome === 'ok') attributes.push(Attribute.rpcStatusCode, 'OK');
    else if (error !== '') attributes.push(Attribute.rpcStatusCode, errorTypes.bounded(error));
  }
  if (error !== '') attributes.push(Attribute.errorUri, error);
  const fault = faultOf(isCall, outcome, error);
  if (fault !== undefined) attributes.push(Attribute.errorClass, fault);
  // Decisions are static and take no time, so a refusal is a word on the span that was refused.
  if (error === ErrorUri.notAuthorized && !isCall) attributes.push(Attribute.authorizeDecision, 'denied');
  if (!isFailure(role === 'invoke' ? 'callee' : 'originator', outcome, error, errorTypes.nonErrors)) {
    return new Ending(Status.unset, attributes);
  }
  // Semconv, "recording errors": the type is not repeated in the status description.
  attributes.push(Attribute.errorType, errorTypes.typeOf(outcome, error));
  return new Ending(Status.error, attributes);
}
