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
  authenticationFailed: 'wamp.error.authentication_failed',
  discloseMeDisallowed: 'wamp.error.option_disallowed.disclose_me',
  runtimeError: 'wamp.error.runtime_error',
  noSuchObject: 'crossbar.error.no_such_object',
  noSuchWorker: 'crossbar.error.no_such_worker',
  invalidConfiguration: 'crossbar.error.invalid_configuration',
  alreadyRunning: 'crossbar.error.already_running',
} as const;

/** Reasons of GOODBYE and ABORT that are not errors. */
export const CloseUri = {
  goodbyeAndOut: 'wamp.close.goodbye_and_out',
  closeRealm: 'wamp.close.close_realm',
  systemShutdown: 'wamp.close.system_shutdown',
  killed: 'wamp.close.killed',
} as const;

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
