/** Owns the error and close URIs that the router sends, and the errors that decoding and validation throw. */

/** Every error URI the router itself can send, with what it means there. The README's table is tested against it. */
export const ErrorUri = {
  invalidUri: 'wamp.error.invalid_uri',
  noSuchProcedure: 'wamp.error.no_such_procedure',
  procedureAlreadyExists: 'wamp.error.procedure_already_exists',
  noSuchRegistration: 'wamp.error.no_such_registration',
  noSuchSubscription: 'wamp.error.no_such_subscription',
  noSuchSession: 'wamp.error.no_such_session',
  noSuchRealm: 'wamp.error.no_such_realm',
  noSuchRole: 'wamp.error.no_such_role',
  invalidArgument: 'wamp.error.invalid_argument',
  canceled: 'wamp.error.canceled',
  timeout: 'wamp.error.timeout',
  networkFailure: 'wamp.error.network_failure',
  payloadSizeExceeded: 'wamp.error.payload_size_exceeded',
  protocolViolation: 'wamp.error.protocol_violation',
  notAuthorized: 'wamp.error.not_authorized',
  noMatchingAuthMethod: 'wamp.error.no_matching_auth_method',
  authenticationDenied: 'wamp.error.authentication_denied',
  featureNotSupported: 'wamp.error.feature_not_supported',
  discloseMeDisallowed: 'wamp.error.option_disallowed.disclose_me',
  runtimeError: 'wamp.error.runtime_error',
  limitExceeded: 'wampscope.error.limit_exceeded',
  noSuchObject: 'crossbar.error.no_such_object',
  noSuchWorker: 'crossbar.error.no_such_worker',
  invalidConfiguration: 'crossbar.error.invalid_configuration',
  alreadyRunning: 'crossbar.error.already_running',
  alreadyExists: 'crossbar.error.already_exists',
} as const;

/** Reasons of GOODBYE and ABORT that are not errors. */
export const CloseUri = {
  goodbyeAndOut: 'wamp.close.goodbye_and_out',
  closeRealm: 'wamp.close.close_realm',
  systemShutdown: 'wamp.close.system_shutdown',
  killed: 'wamp.close.killed',
} as const;

/** When the router sends each; the README's table is made of it. */
export const WHEN: { readonly [name in keyof typeof ErrorUri | keyof typeof CloseUri]: string } = {
  invalidUri: 'a URI is malformed, or reserved for the router',
  noSuchProcedure: 'no callee has registered the procedure',
  procedureAlreadyExists: 'the procedure is registered, and not to be shared in this way',
  noSuchRegistration: 'UNREGISTER or meta API: no such registration of this session or realm',
  noSuchSubscription: 'UNSUBSCRIBE or meta API: no such subscription of this session or realm',
  noSuchSession: 'meta API: no such session in this realm, or the caller itself',
  noSuchRealm: 'HELLO: the router has no such realm',
  noSuchRole: 'HELLO: the realm has no such role',
  invalidArgument: 'an argument or option has a value that is not served',
  canceled: 'the caller canceled the call, or the callee left',
  timeout: 'the call took longer than its timeout',
  networkFailure: 'the callee does not read, or is leaving',
  payloadSizeExceeded: 'the message is longer than the receiver accepts',
  protocolViolation: 'the peer broke the protocol: ABORT, and the end of the session',
  notAuthorized: 'the role may not do this',
  noMatchingAuthMethod: 'HELLO: no authentication method in common',
  authenticationDenied: 'the authid or its secret is wrong',
  featureNotSupported: 'the request needs a feature that the router does not have',
  discloseMeDisallowed: '`disclose_me`, but the role may not disclose',
  runtimeError: 'a fault of the router itself',
  limitExceeded: 'the session has as many open calls, registrations or subscriptions as it may have',
  noSuchObject: 'tracing API: no such node or trace',
  noSuchWorker: 'tracing API: no such worker',
  invalidConfiguration: 'tracing API: wrong trace options',
  alreadyRunning: 'tracing API: such a trace is running, or too many are',
  alreadyExists: 'tracing API: such a trace is stored',
  goodbyeAndOut: 'answer to a GOODBYE',
  closeRealm: 'GOODBYE without a reason',
  systemShutdown: 'the router stops',
  killed: 'ended by `wamp.session.kill*`',
};

/** The peer broke the protocol: answered with ABORT `wamp.error.protocol_violation` and the end of the session. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
}

/** One request cannot be served: answered with an ERROR of this URI, the session goes on. */
export class WampError extends Error {
  override readonly name = 'WampError';
  readonly uri: string;

  constructor(uri: string, message: string) {
    super(message);
    this.uri = uri;
  }
}
