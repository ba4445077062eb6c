/** Owns the drawing of one action: who took part, and each message as an arrow. */

import { type Action, actionOf, type Side, sideOf } from './actions.js';
import type { TraceRecord } from './records.js';
import { type NameOf, sequence } from './sequence.js';
import { type Paint, printable } from './terminal.js';

const MAX_LISTED = 20;

/** Who begins an action of a kind, and who is drawn in. */
const ROLES: { readonly [kind: string]: readonly [originator: string, responder: string] } = {
  Call: ['caller', 'callee'],
  Publish: ['publisher', 'subscriber'],
  Subscribe: ['subscriber', 'listener'],
  Unsubscribe: ['subscriber', 'listener'],
  Register: ['callee', 'listener'],
  Unregister: ['callee', 'listener'],
};

export function drawing(records: readonly TraceRecord[], traceId: string, paint: Paint): string[] {
  const action = actionOf(records);
  const { names, listed } = participants(action);
  const nameOf: NameOf = (session, side) => names.get(key(session, side)) ?? String(session);
  const [headline, ...arrows] = sequence(action, nameOf, paint);
  const notes = [
    ...(records[0]!.correlation_is_anchor ? [] : ['its first messages are not in this trace']),
    ...(action.outcome === 'open' ? ['it has not ended, or its end is not in this trace'] : []),
  ];
  return [
    headline!,
    '',
    ...listed,
    '',
    ...arrows,
    ...notes.map(note => `  ${paint('yellow', note)}`),
    '',
    paint(
      'dim',
      `  ${records.length} messages, trace ${traceId}, from ${new Date(records[0]!.ts * 1000).toISOString()}`,
    ),
  ];
}

function key(session: number, side: Side): string {
  return `${side} ${session}`;
}

interface Participants {
  readonly names: ReadonlyMap<string, string>;
  /** One line each. */
  readonly listed: readonly string[];
}

function participants({ records, kind }: Action): Participants {
  const firsts = new Map<string, TraceRecord>();
  for (const record of records) {
    const id = key(record.session_id, sideOf(record));
    if (!firsts.has(id)) firsts.set(id, record);
  }
  const [originator, responder] = ROLES[kind] ?? ['client', 'client'];
  const responders = [...firsts.values()].filter(record => sideOf(record) === 'responder').length;
  const names = new Map<string, string>();
  let number = 0;
  for (const [id, record] of firsts) {
    const isOriginator = sideOf(record) === 'originator';
    names.set(id, isOriginator ? originator : responders > 1 ? `${responder} ${++number}` : responder);
  }
  const width = Math.max(...[...names.values()].map(name => name.length));
  const lines = [...firsts].map(([id, { session_id, authid, authrole, realm }]) => {
    const facts = [
      `session ${session_id}`,
      labelled('authid', authid),
      labelled('role', authrole),
      labelled('realm', realm),
    ];
    return `  ${names.get(id)!.padEnd(width)}  ${facts.filter(fact => fact !== '').join('  ')}`;
  });
  const more = lines.length - MAX_LISTED;
  return { names, listed: more > 0 ? [...lines.slice(0, MAX_LISTED), `  … and ${more} more`] : lines };
}

function labelled(label: string, value: string | null | undefined): string {
  return value ? `${label} ${printable(value)}` : '';
}
