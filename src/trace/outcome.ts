/** Owns the ways in which an action, or one INVOCATION of it, ends. */

/**
 * How an action ended.
 * `ok`: RESULT, PUBLISHED …, or an unacknowledged PUBLISH handled. `error`: an ERROR of the callee or the router.
 * `canceled`: by CANCEL. `timeout`: by the dealer's timer. `caller_gone`, `callee_gone`: a session left.
 * `abandoned`: pushed out by the limit of open actions, or older than the limit of age.
 */
export type Outcome = 'ok' | 'error' | 'canceled' | 'timeout' | 'caller_gone' | 'callee_gone' | 'abandoned';
