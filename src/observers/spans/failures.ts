/** Owns what spans say of failures: whose fault it was, and what `error.type` says of it. */

import type { Outcome } from '../../trace/outcome.js';
import { CloseUri, ErrorUri } from '../../wire/errors.js';
import { OTHER } from './semconv.js';

export type Fault = 'caller' | 'router' | 'callee' | 'canceled';

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
  [ErrorUri.featureNotSupported, 'caller'],
  [ErrorUri.limitExceeded, 'caller'],
  // Of handshakes, and of sessions that break the protocol.
  [ErrorUri.noSuchRealm, 'caller'],
  [ErrorUri.noSuchRole, 'router'],
  [ErrorUri.noMatchingAuthMethod, 'caller'],
  [ErrorUri.authenticationDenied, 'caller'],
  [ErrorUri.protocolViolation, 'caller'],
  [ErrorUri.noSuchProcedure, 'router'],
  ['wamp.error.no_available_callee', 'router'],
  ['wamp.error.authorization_failed', 'router'],
  ['wamp.error.unavailable', 'router'],
  [ErrorUri.timeout, 'router'],
  [ErrorUri.networkFailure, 'router'],
  [CloseUri.systemShutdown, 'router'],
]);

/**
 * An URI that is not WAMP's comes from the callee, or where there is none from a rule of the router's operator.
 * The same URIs can come from a callee that answered (invalid_argument, runtime_error …); for those the table holds.
 */
export function faultOf(isCall: boolean, outcome: Outcome, error: string): Fault | undefined {
  if (outcome === 'callee_gone') return 'callee';
  if (outcome === 'canceled') return 'canceled';
  if (outcome === 'timeout') return 'router';
  if (error === '') return undefined;
  return FAULTS.get(error) ?? (isCall ? 'callee' : 'router');
}

const MAX_ERROR_TYPES = 200;

const KNOWN: ReadonlySet<string> = new Set([...Object.values(ErrorUri), ...FAULTS.keys()]);

/** Keeps `error.type` and `rpc.status_code` low in cardinality: the URIs of WAMP and the first of applications. */
export class ErrorTypes {
  readonly nonErrors: ReadonlySet<string>;
  readonly #seen = new Set<string>();

  /** `nonErrorUris`: of errors that are no failures. */
  constructor(nonErrorUris: Iterable<string>) {
    this.nonErrors = new Set(nonErrorUris);
  }

  bounded(uri: string): string {
    if (KNOWN.has(uri) || this.#seen.has(uri)) return uri;
    if (this.#seen.size === MAX_ERROR_TYPES) return OTHER;
    this.#seen.add(uri);
    return uri;
  }

  /** Of a failure. */
  typeOf(outcome: Outcome, error: string): string {
    if (outcome === 'callee_gone') return 'callee_disconnected';
    if (error !== '') return this.bounded(error);
    return outcome === 'timeout' ? ErrorUri.timeout : OTHER;
  }
}
