/** Owns what must hold of each action in a trace, and how it ended as far as its messages tell. */

import assert from 'node:assert/strict';
import { tokenOf } from './book.js';
import type { OracleAction } from './grouping.js';
import type { MessageRecord } from './traced-router.js';

export type Outcome = 'ok' | 'error' | 'canceled' | 'timeout' | 'caller_gone' | 'callee_gone';

export interface Verdict {
  readonly action: OracleAction;
  readonly correlation: string;
  readonly outcome: Outcome;
  /** Of a session that was told to go: the request may have come after that, which nothing on the wire tells. */
  readonly perhapsIgnored: boolean;
  /** URI of the last ERROR. */
  readonly error: string | null;
  /** Messages that came in time. */
  readonly timely: readonly MessageRecord[];
}

const LETTERS: { readonly [type: string]: string } = {
  Call: 'C',
  Invocation: 'I',
  Yield: 'Y',
  Result: 'R',
  Cancel: 'K',
  Interrupt: 'N',
  Published: 'A',
  Event: 'V',
};
/** What a call may look like: I INVOCATION, Y YIELD, R RESULT, F the callee's ERROR, E the caller's, X of a CANCEL. */
const CALL = /^C(E|R|I(YR|Y|KX|KN?)*(YR|FE|E|NE|KN?E|KN?|N)?)?$/;
const PUBLISH = /^PA?V*$/;
const REPLIES: { readonly [type: string]: string } = {
  Subscribe: 'Subscribed',
  Unsubscribe: 'Unsubscribed',
  Register: 'Registered',
  Unregister: 'Unregistered',
};
const CANCELED = 'wamp.error.canceled';
const OF_CALL = 48;
const OF_CANCEL = 49;
const OF_INVOCATION = 68;

/** Fails when the marks of an action's records are not as its messages demand. */
export function judge(action: OracleAction, killed: ReadonlySet<number>): Verdict {
  const { anchor, records } = action;
  const { correlation } = anchor;
  const check = (what: string, holds: boolean): void => {
    if (!holds) assert.fail(`${what}\n${records.map(record => JSON.stringify(record).slice(0, 600)).join('\n')}`);
  };
  const strangers = records.filter(record => record.correlation !== correlation);
  const own = records.filter(record => record.correlation === correlation);
  const answers = answered(records);
  const timely = own.filter(record => !isLate(record, answers));
  for (const record of own) {
    check('the anchor, and nothing else, is marked anchor', record.correlation_is_anchor === (record === anchor));
    check(
      'the last in time, and nothing else, is marked last',
      record.correlation_is_last === (record === timely.at(-1)),
    );
    check('what the caller did not get is marked late', (record.late === true) === isLate(record, answers));
    check('all have the URI of the action', record.uri === action.uri && record.correlation_uri === action.uri);
  }
  check('the anchor comes first, with a correlation', own[0] === anchor && correlation !== null);
  // A CANCEL of a call that has ended, and the last words of a session that was told to go, belong to nothing.
  for (const record of strangers) {
    const afterEnd = record.msg_type === 'Cancel' || (record.msg_type === 'Error' && record.msg[1] === OF_CANCEL);
    const allowed = afterEnd ? record.seq > timely.at(-1)!.seq : killed.has(record.session_id) && isAnswer(record);
    check(`record ${record.seq} belongs to the action`, allowed && record.correlation === null);
  }
  const perhapsIgnored = timely.length === 1 && killed.has(anchor.session_id);
  return { action, correlation: correlation!, ...ended(action, timely, check), perhapsIgnored, timely };
}

function isAnswer(record: MessageRecord): boolean {
  return record.direction === 'rx' && (record.msg_type === 'Yield' || record.msg_type === 'Error');
}

/** Tokens of the answers that the caller got. */
function answered(records: readonly MessageRecord[]): ReadonlySet<string> {
  const tokens = records.map(({ msg, msg_type: type, direction }) =>
    direction === 'tx' ? tokenOf(type === 'Result' ? msg[3] : type === 'Error' ? msg[5] : undefined) : undefined,
  );
  return new Set(tokens.filter(token => token !== undefined));
}

/** An answer of the callee is late when the caller did not get it. */
function isLate(record: MessageRecord, answers: ReadonlySet<string>): boolean {
  if (!isAnswer(record)) return false;
  return !answers.has(tokenOf(record.msg[record.msg_type === 'Yield' ? 3 : 5])!);
}

function letter(record: MessageRecord): string {
  if (record.msg_type !== 'Error') return LETTERS[record.msg_type] ?? record.msg_type[0]!;
  if (record.direction === 'rx') return 'F';
  return record.msg[1] === OF_CANCEL ? 'X' : 'E';
}

function ended(
  { anchor }: OracleAction,
  timely: readonly MessageRecord[],
  check: (what: string, holds: boolean) => void,
): { readonly outcome: Outcome; readonly error: string | null } {
  const story = timely.map(letter).join('');
  const last = timely.at(-1)!;
  const error = letter(last) === 'E' ? (last.msg[4] as string) : null;
  const type = anchor.msg_type;
  if (type === 'Call') {
    check(`no call goes ${story}`, CALL.test(story));
    return { outcome: callOutcome(timely, story), error };
  }
  if (error !== null) {
    check(`${type} goes ${story}`, timely.length === 2);
    return { outcome: 'error', error };
  }
  const replies = timely.slice(1).map(record => record.msg_type);
  if (type === 'Publish') {
    check(`no PUBLISH goes ${story}`, PUBLISH.test(story));
    const isAwaited = (anchor.msg[2] as { acknowledge?: boolean }).acknowledge === true;
    if (isAwaited) return { outcome: replies.length === 0 ? 'caller_gone' : 'ok', error };
    // Of a refusal without `acknowledge` no message tells: the router says so itself.
    const refusal = REFUSED.find(([prefix]) => (anchor.msg[3] as string).startsWith(prefix));
    return refusal ? { outcome: 'error', error: refusal[1] } : { outcome: 'ok', error };
  }
  check(`${type} goes ${story}`, replies.length === 0 || (replies.length === 1 && replies[0] === REPLIES[type]));
  return { outcome: replies.length === 0 ? 'caller_gone' : 'ok', error };
}

/** Topics that nobody may publish to, by prefix. */
const REFUSED = [
  ['org.denied.', 'wamp.error.not_authorized'],
  ['wamp.', 'wamp.error.invalid_uri'],
] as const;

function callOutcome(timely: readonly MessageRecord[], story: string): Outcome {
  const last = timely.at(-1)!;
  if (story.endsWith('R') && (last.msg[2] as { progress?: boolean }).progress !== true) return 'ok';
  if (!story.endsWith('E')) return 'caller_gone';
  assert.equal(last.msg[1], OF_CALL);
  const uri = last.msg[4];
  const text = (last.msg[5] as unknown[])[0];
  if (story.includes('K') && uri === CANCELED) return 'canceled';
  // The same URIs come from callees; what the router itself says carries no token.
  if (tokenOf(last.msg[5]) !== undefined) {
    assert.equal(timely.at(-2)!.msg[1], OF_INVOCATION);
    return 'error';
  }
  if (uri === 'wamp.error.timeout') return 'timeout';
  if (uri === CANCELED) {
    assert.equal(text, 'the callee has left');
    return 'callee_gone';
  }
  return 'error';
}
