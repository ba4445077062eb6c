/** Owns the comparison of a trace of level `action` with what the messages tell of each action. */

import assert from 'node:assert/strict';
import type { ActionRecord } from './traced-router.js';
import type { Verdict } from './verdict.js';

/** INVOCATION to a session of the router's own, and its YIELD: on no wire, but messages of the call. */
const INSIDE = 2;

export function checkActions(verdicts: readonly Verdict[], records: readonly ActionRecord[]): void {
  for (const [i, record] of records.entries()) assert.equal(record.seq, i, 'numbers have no gaps');
  checkOrder(records);
  const byCorrelation = new Map(records.map(record => [record.correlation, record]));
  assert.equal(byCorrelation.size, records.length, 'an action has one record');
  assert.equal(records.length, verdicts.length, 'every action has a record');
  for (const verdict of verdicts) {
    const record = byCorrelation.get(verdict.correlation);
    assert.ok(record, `no record of action ${verdict.correlation}`);
    checkAction(verdict, record);
  }
}

/** Records are in the order in which actions end. */
function checkOrder(records: readonly ActionRecord[]): void {
  // The end of a session ends what it began, and its own last request after that, whose time is that of its coming.
  const ends = records.filter(record => record.outcome !== 'caller_gone').map(({ ts, duration }) => ts + duration);
  // Seconds since the epoch, as floats, are exact to less than a microsecond.
  for (let i = 1; i < ends.length; i++) assert.ok(ends[i]! > ends[i - 1]! - 1e-6, 'actions are in order of their ends');
}

function checkAction({ action, timely, outcome, perhapsIgnored, error }: Verdict, record: ActionRecord): void {
  const { anchor } = action;
  const responders = timely
    .filter(({ msg_type: type }) => type === 'Event' || type === 'Invocation')
    .map(({ session_id }) => session_id);
  // ABORT belongs to no action, so the messages do not tell why the last request of a session had no answer.
  const broke = record.error === 'wamp.error.protocol_violation';
  if (broke) assert.deepEqual([record.outcome, record.messages], ['error', 1]);
  // It came when its session was over for the router, which then does not look at it.
  const ignored = perhapsIgnored && record.outcome === 'caller_gone';
  // The router's own procedures are called inside.
  const inside = anchor.msg_type === 'Call' && !responders.length && timely.length > 1 && record.responders.length > 0;
  assert.deepEqual(
    {
      action: record.action,
      ts: record.ts,
      uri: record.uri,
      originator: record.originator,
      responders: inside ? [] : record.responders.map(({ session_id }) => session_id),
      messages: record.messages - (inside ? INSIDE : 0),
      outcome: broke || ignored ? outcome : record.outcome,
      error: broke || ignored ? error : record.error,
    },
    {
      action: anchor.msg_type,
      ts: anchor.ts,
      uri: anchor.uri,
      originator: anchor.session_id,
      responders,
      messages: timely.length,
      outcome,
      error,
    },
  );
}
