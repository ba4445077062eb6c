/** Owns the decision what the spans of a session's beginning and end say. Never a secret, never a mere claim. */

import type { Outcome } from '../../trace/outcome.js';
import { Attribute } from './attributes.js';
import { type ErrorTypes, faultOf } from './failures.js';
import { addSamplingAttributes } from './mapping.js';
import { type AttributeValue, Ending, Kind, Operation, Status, type Uuid } from './span-data.js';

export const SESSION_OPEN = new Operation('session open', Kind.server, [Attribute.action, 'hello']);
export const AUTHENTICATE = new Operation('authenticate', Kind.internal, [Attribute.action, 'hello']);
export const SESSION_CLOSE = new Operation('session close', Kind.server, [Attribute.action, 'goodbye']);

export interface OpenFacts {
  readonly correlation: Uuid;
  /** Told here of a session that did not join. */
  readonly realm: string;
  readonly joined: boolean;
  readonly bytes: number;
  readonly authmethod: string;
  readonly serializer: string;
  readonly transport: string;
  readonly agent: string;
  /** As `LinkRef.peer`. */
  readonly address: string;
  readonly reason: string;
  /** A number of `Reason`. */
  readonly sampling: number;
}

export function openAttributes(open: OpenFacts): AttributeValue[] {
  const own: AttributeValue[] = open.joined ? [] : [Attribute.realm, open.realm];
  own.push(Attribute.correlationId, open.correlation, Attribute.messageSize, open.bytes);
  if (open.authmethod !== '') own.push(Attribute.authmethod, open.authmethod);
  if (open.serializer !== '') own.push(Attribute.serializer, open.serializer);
  own.push(Attribute.transport, open.transport);
  if (open.agent !== '') own.push(Attribute.userAgent, open.agent);
  addAddress(own, open.address);
  if (open.reason !== '') own.push(Attribute.closeReason, open.reason);
  addSamplingAttributes(own, open.sampling, false);
  return own;
}

/** Of a peer in memory there is none. */
function addAddress(own: AttributeValue[], peer: string): void {
  const [, address, port] = /^tcp[46]:(.*):(\d+)$/.exec(peer) ?? [];
  if (address !== undefined) own.push(Attribute.clientAddress, address, Attribute.clientPort, Number(port));
}

export function authenticateAttributes(realm: string, authmethod: string): AttributeValue[] {
  return [Attribute.realm, realm, Attribute.authmethod, authmethod];
}

export interface CloseFacts {
  readonly correlation: Uuid;
  readonly reason: string;
  /** Seconds; undefined when nobody watched its beginning. */
  readonly lifetime: number | undefined;
  readonly receivedMessages: number;
  readonly sentMessages: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly droppedEvents: number;
  /** A number of `Reason`. */
  readonly sampling: number;
}

export function closeAttributes(close: CloseFacts): AttributeValue[] {
  const own: AttributeValue[] = [Attribute.correlationId, close.correlation, Attribute.closeReason, close.reason];
  if (close.lifetime !== undefined) own.push(Attribute.lifetime, close.lifetime);
  own.push(Attribute.messagesReceived, close.receivedMessages, Attribute.messagesSent, close.sentMessages);
  own.push(Attribute.bytesReceived, close.receivedBytes, Attribute.bytesSent, close.sentBytes);
  if (close.droppedEvents !== 0) own.push(Attribute.eventsDropped, close.droppedEvents);
  addSamplingAttributes(own, close.sampling, false);
  return own;
}

/** Of a handshake: `error` is that of ABORT. */
export function endingOfHandshake(outcome: Outcome, error: string, errorTypes: ErrorTypes): Ending {
  const attributes: AttributeValue[] = [Attribute.outcome, outcome];
  if (error === '') return new Ending(Status.unset, attributes);
  return failure(attributes, outcome, error, errorTypes);
}

/** `error` is '' when it ended well, `disconnected` when the router had to end it without a word. */
export function endingOfClosing(error: string, isUri: boolean, errorTypes: ErrorTypes): Ending {
  if (error === '') return new Ending(Status.unset, [Attribute.outcome, 'ok']);
  const attributes: AttributeValue[] = [Attribute.outcome, 'error'];
  if (isUri) return failure(attributes, 'error', error, errorTypes);
  return new Ending(Status.error, [...attributes, Attribute.errorType, error]);
}

function failure(attributes: AttributeValue[], outcome: Outcome, error: string, errorTypes: ErrorTypes): Ending {
  attributes.push(Attribute.errorUri, error);
  const fault = faultOf(false, outcome, error);
  if (fault !== undefined) attributes.push(Attribute.errorClass, fault);
  if (errorTypes.nonErrors.has(error)) return new Ending(Status.unset, attributes);
  return new Ending(Status.error, [...attributes, Attribute.errorType, errorTypes.bounded(error)]);
}
