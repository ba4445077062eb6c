/** Owns which messages belong to one action, told by ids and by tokens alone: correlations are what is to be checked. */

import assert from 'node:assert/strict';
import { tokenOf } from './book.js';
import type { MessageRecord } from './traced-router.js';

/** One action of a client, with all that was seen of it, in the order of the trace. */
export interface OracleAction {
  readonly anchor: MessageRecord;
  readonly token: string | undefined;
  /** Topic or procedure; of a subscription or registration that is unknown, nothing. */
  uri: string;
  readonly records: MessageRecord[];
}

const ANCHORS = ['Call', 'Publish', 'Subscribe', 'Unsubscribe', 'Register', 'Unregister'];
const REQUEST_OF_INVOCATION = 68;

/** Groups all messages that were seen; the content of each has been compared with the wire. */
export function group(records: readonly MessageRecord[]): OracleAction[] {
  const byRequest = new Map<string, OracleAction>();
  const byToken = new Map<string, OracleAction>();
  const byInvocation = new Map<string, OracleAction>();
  const actions: OracleAction[] = [];
  for (const record of records) {
    if (!ANCHORS.includes(record.msg_type)) continue;
    const token = record.msg.length > 4 ? tokenOf(record.msg[4]) : undefined;
    const uri = record.msg.length > 3 ? (record.msg[3] as string) : '';
    const action: OracleAction = { anchor: record, token, uri, records: [] };
    actions.push(action);
    const key = `${record.session_id} ${record.msg[1]}`;
    // A second request of the same id breaks the protocol: it is answered by ABORT alone.
    if (byRequest.has(key)) action.records.push(record);
    else byRequest.set(key, action);
    if (token !== undefined) {
      assert.ok(!byToken.has(token), `token ${token} twice`);
      byToken.set(token, action);
    }
  }
  for (const record of records) {
    if (record.msg_type !== 'Invocation') continue;
    byInvocation.set(`${record.session_id} ${record.msg[1]}`, byToken.get(tokenOf(record.msg[4])!)!);
  }
  for (const record of records) {
    const action = actionOf(record, byRequest, byToken, byInvocation);
    if (action === undefined && ANCHORS.includes(record.msg_type)) continue;
    assert.ok(action, `no action for ${JSON.stringify(record)}`);
    action.records.push(record);
  }
  nameIds(actions);
  return actions;
}

/** UNSUBSCRIBE and UNREGISTER tell an id, which the reply to an earlier request has told. */
function nameIds(actions: readonly OracleAction[]): void {
  const uris = new Map<string, string>();
  for (const { uri, records } of actions) {
    const reply = records[1];
    if (reply?.msg_type === 'Subscribed' || reply?.msg_type === 'Registered') {
      uris.set(`${reply.msg_type} ${reply.msg[2]}`, uri);
    }
  }
  for (const action of actions) {
    const type = { Unsubscribed: 'Subscribed', Unregistered: 'Registered' }[action.records[1]?.msg_type ?? ''];
    if (type) action.uri = uris.get(`${type} ${action.anchor.msg[2]}`)!;
  }
}

function actionOf(
  record: MessageRecord,
  byRequest: ReadonlyMap<string, OracleAction>,
  byToken: ReadonlyMap<string, OracleAction>,
  byInvocation: ReadonlyMap<string, OracleAction>,
): OracleAction | undefined {
  const { msg, msg_type: type, session_id: session } = record;
  switch (type) {
    case 'Event':
    case 'Invocation':
      return byToken.get(tokenOf(msg[4])!);
    case 'Yield':
    case 'Interrupt':
      return byInvocation.get(`${session} ${msg[1]}`);
    case 'Error': {
      const actions = msg[1] === REQUEST_OF_INVOCATION ? byInvocation : byRequest;
      return actions.get(`${session} ${msg[2]}`);
    }
  }
  const action = byRequest.get(`${session} ${msg[1]}`);
  // One of two requests of the same id.
  return ANCHORS.includes(type) && action?.anchor !== record ? undefined : action;
}
