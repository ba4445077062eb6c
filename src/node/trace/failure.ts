/** Owns the errors of `wampscope trace` that are told in a sentence, without a stack. */

/** What was asked for cannot be done: exit code 1. */
export class TraceFailure extends Error {
  override readonly name: string = 'TraceFailure';
}

/** The words after `wampscope trace` make no sense: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The connection to the router is gone. */
export class ConnectionLost extends TraceFailure {
  override readonly name = 'ConnectionLost';
}

/** The router answered a call with ERROR. */
export class CallRefused extends TraceFailure {
  override readonly name = 'CallRefused';
  readonly uri: string;

  constructor(uri: string, message: string) {
    super(message);
    this.uri = uri;
  }
}
