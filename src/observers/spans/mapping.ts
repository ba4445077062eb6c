/** Owns the decision what the spans of an action say: name, kind, attributes, status. Every pipeline asks here. */

import type { ActionKind, Outcome } from '../../trace/action.js';
import { REASON_NAMES } from '../../trace/sampling/reason.js';
import { ErrorUri } from '../../wire/errors.js';
import { Attribute, OTHER, SYSTEM } from './semconv.js';
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

export function operationOf(role: Role, uri: string): Operation {
  return new Operation(uri === '' ? role : `${role} ${uri}`, KIND[role], operationAttributes(role, uri));
}

function operationAttributes(role: Role, uri: string): AttributeValue[] {
  switch (role) {
    case 'call':
    case 'invoke':
      return listOf({ [Attribute.action]: 'call', [Attribute.rpcSystemName]: SYSTEM, [Attribute.rpcMethod]: uri });
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

/** `reason` is a number of `Reason`. */
export function addSamplingAttributes(own: AttributeValue[], reason: number, isPartial: boolean): void {
  const name = REASON_NAMES[reason]!;
  if (name !== '') own.push(Attribute.samplingReason, name);
  if (isPartial) own.push(Attribute.samplingPartial, true);
}

export function addCallAttributes(own: AttributeValue[], registration: number, progress: number): void {
  if (registration !== 0) own.push(Attribute.registrationId, registration);
  if (progress !== 0) own.push(Attribute.progressCount, progress);
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

/** `subject` is the subscription or registration, 0 when none is known. */
export function addSubjectAttributes(own: AttributeValue[], role: Role, subject: number): void {
  if (subject === 0) return;
  const registration = role === 'register' || role === 'unregister';
  own.push(registration ? Attribute.registrationId : Attribute.subscriptionId, subject);
}

export function invokeAttributes(request: number, registration: number): AttributeValue[] {
  return [Attribute.requestId, request, Attribute.registrationId, registration];
}

export function deliverAttributes(
  realm: string,
  publication: number,
  delivered: number,
  dropped: number,
  bytes: number,
): AttributeValue[] {
  const own: AttributeValue[] = [Attribute.realm, realm, Attribute.messagingMessageId, String(publication)];
  own.push(Attribute.delivered, delivered, Attribute.dropped, dropped, Attribute.eventBytes, bytes);
  // Semconv messaging: the count is for batches, never for a single message.
  if (delivered + dropped !== 1) own.push(Attribute.messagingBatchMessageCount, delivered);
  return own;
}

/** Of a fan-out the router knows only that it was queued; what was refused is counted in its attributes. */
export function endingOfFanOut(): Ending {
  return new Ending(Status.unset, []);
}

export function endingOf(role: Role, outcome: Outcome, error: string, errorTypes: ErrorTypes): Ending {
  const attributes: AttributeValue[] = [Attribute.outcome, outcome];
  const type = errorTypeOf(outcome, error, errorTypes);
  if (role === 'call' || role === 'invoke') {
    if (outcome === 'ok') attributes.push(Attribute.rpcStatusCode, 'OK');
    else if (error !== '') attributes.push(Attribute.rpcStatusCode, errorTypes.bounded(error));
  }
  if (error !== '') attributes.push(Attribute.errorUri, error);
  const fault = errorClassOf(role, outcome, error);
  if (fault !== undefined) attributes.push(Attribute.errorClass, fault);
  if (!isFailure(role, outcome, error)) return new Ending(Status.unset, attributes);
  // Semconv, "recording errors": the type is not repeated in the status description.
  attributes.push(Attribute.errorType, type);
  return new Ending(Status.error, attributes);
}

/**
 * ERROR is the only way in which WAMP says no, so every ERROR is a failure; but a caller that cancels got what
 * it asked for (as in the gRPC conventions, which leave CANCELLED unset on the server). Towards the callee
 * every ERROR counts. A caller that left, or an action that was given up, says nothing of success.
 */
function isFailure(role: Role, outcome: Outcome, error: string): boolean {
  switch (outcome) {
    case 'error':
      return role !== 'call' || error !== ErrorUri.canceled;
    case 'timeout':
    case 'callee_gone':
      return true;
    case 'canceled':
      return role === 'invoke' && error !== '';
    default:
      return false;
  }
}

function errorTypeOf(outcome: Outcome, error: string, errorTypes: ErrorTypes): string {
  if (outcome === 'callee_gone') return 'callee_disconnected';
  if (error !== '') return errorTypes.bounded(error);
  return outcome === 'timeout' ? ErrorUri.timeout : OTHER;
}

type Fault = 'caller' | 'router' | 'callee' | 'canceled';

const FAULTS: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  [ErrorUri.canceled, 'canceled'],
  [ErrorUri.invalidArgument, 'caller'],
  [ErrorUri.invalidUri, 'caller'],
  [ErrorUri.notAuthorized, 'caller'],
  [ErrorUri.payloadSizeExceeded, 'caller'],
  [ErrorUri.discloseMeDisallowed, 'caller'],
  ['wamp.error.option_not_allowed', 'caller'],
  [ErrorUri.procedureAlreadyExists, 'caller'],
  [ErrorUri.noSuchRegistration, 'caller'],
  [ErrorUri.noSuchSubscription, 'caller'],
  [ErrorUri.noSuchProcedure, 'router'],
  ['wamp.error.no_available_callee', 'router'],
  ['wamp.error.authorization_failed', 'router'],
  ['wamp.error.unavailable', 'router'],
  [ErrorUri.timeout, 'router'],
  [ErrorUri.networkFailure, 'router'],
]);

/** An URI that is not WAMP's comes from the callee, or where there is none from a rule of the router's operator. */
function errorClassOf(role: Role, outcome: Outcome, error: string): Fault | undefined {
  if (outcome === 'callee_gone') return 'callee';
  if (outcome === 'canceled') return 'canceled';
  if (outcome === 'timeout') return 'router';
  if (error === '') return undefined;
  return FAULTS.get(error) ?? (role === 'call' || role === 'invoke' ? 'callee' : 'router');
}

const MAX_ERROR_TYPES = 200;

const KNOWN: ReadonlySet<string> = new Set([...Object.values(ErrorUri), ...FAULTS.keys()]);

/** Keeps `error.type` and `rpc.status_code` low in cardinality: the URIs of WAMP and the first of applications. */
export class ErrorTypes {
  readonly #seen = new Set<string>();

  bounded(uri: string): string {
    if (KNOWN.has(uri) || this.#seen.has(uri)) return uri;
    if (this.#seen.size === MAX_ERROR_TYPES) return OTHER;
    this.#seen.add(uri);
    return uri;
  }
}
