/** Owns the decision which spans an action becomes: name, kind, parent, attributes, times. Every pipeline runs it. */

import { uuid } from '../../trace/action.js';
import { endingOf } from './ending.js';
import {
  ACTION_SIZE,
  ActionDouble,
  ActionWord,
  CHILD_SIZE,
  ChildDouble,
  ChildWord,
  KINDS,
  OUTCOMES,
  type Slab,
} from './rows.js';
import { Attribute, SYSTEM } from './semconv.js';
import { type AttributeValue, type Ending, Kind, Operation, Part, type SpanSink, Status } from './span-data.js';
import type { Peer, TableCopy, TableUpdate } from './table.js';

/** Which span of an action: the action's own carries the name of its kind. */
export type Role = (typeof KINDS)[number] | 'invoke' | 'deliver';

// Position is the number in cache keys; the first are the kinds, as in rows.
const ROLES: readonly Role[] = [...KINDS, 'invoke', 'deliver'];
const CALL = KINDS.indexOf('call');
const PUBLISH = KINDS.indexOf('publish');
const REGISTER = KINDS.indexOf('register');
const UNREGISTER = KINDS.indexOf('unregister');
const INVOKE = ROLES.indexOf('invoke');
const DELIVER = ROLES.indexOf('deliver');

/**
 * The router acts as a proxy: a span for the hop towards the originator and one for the hop towards the
 * responders, in the kinds that service graphs pair (CLIENT with SERVER, PRODUCER with CONSUMER).
 */
const SPAN_KIND: Readonly<Record<Role, Kind>> = {
  call: Kind.server,
  invoke: Kind.client,
  publish: Kind.consumer,
  deliver: Kind.producer,
  subscribe: Kind.server,
  unsubscribe: Kind.server,
  register: Kind.server,
  unregister: Kind.server,
};

/** Nothing is known of how the events fared behind the send queue. */
const DELIVERED = new Ending0();

/** Error URIs of applications that may appear in `error.type`; the rest is `_OTHER` there. */
const MAX_ERROR_TYPES = 200;
