/** Owns which actions and messages a native trace wants. */

import type { Frame } from '../tap.js';
import type { TracedAction } from '../trace/action.js';
import type { SamplingClaim } from '../trace/sampling/sampler.js';

/** As `trace_options.filter` gives it, checked. Absent means any. */
export interface TraceFilter {
  /** Of the action's originator. */
  readonly realm?: string | undefined;
  readonly session?: number | undefined;
  readonly authid?: string | undefined;
  readonly authrole?: string | undefined;
  /** Of the action. */
  readonly uri?: string | undefined;
  readonly match?: 'exact' | 'prefix' | undefined;
  /** Of single messages, by type code. */
  readonly codes?: ReadonlySet<number> | undefined;
  readonly direction?: 'received' | 'sent' | undefined;
  /** Known only when an action has ended, until when its records are held back. */
  readonly errorsOnly?: boolean | undefined;
  /** Milliseconds. */
  readonly minDuration?: number | undefined;
}

/** Whether the action as a whole is wanted; asked at its anchor. */
export function wantsAction(filter: TraceFilter, action: TracedAction): boolean {
  const { originator } = action;
  return (
    (filter.realm === undefined || originator.realm === filter.realm) &&
    (filter.session === undefined || originator.id === filter.session) &&
    (filter.authid === undefined || originator.authid === filter.authid) &&
    (filter.authrole === undefined || originator.authrole === filter.authrole) &&
    (filter.uri === undefined ||
      (filter.match === 'prefix' ? action.uri.startsWith(filter.uri) : action.uri === filter.uri))
  );
}

/** Whether a filter chooses among actions. */
export function choosesActions(filter: TraceFilter): boolean {
  const { realm, session, authid, authrole, uri } = filter;
  return [realm, session, authid, authrole, uri].some(part => part !== undefined);
}

/** Whether a message of a wanted action is wanted. */
export function wantsMessage(filter: TraceFilter, frame: Pick<Frame, 'direction' | 'message'>): boolean {
  return (
    (filter.codes === undefined || filter.codes.has(frame.message.code)) &&
    (filter.direction === undefined || filter.direction === frame.direction)
  );
}

/** Whether a filter chooses among the messages of an action. */
export function picksMessages({ codes, direction }: TraceFilter): boolean {
  return codes !== undefined || direction !== undefined;
}

/** Whether actions must be held back until their end is known. */
export function holdsBack(filter: TraceFilter): boolean {
  return filter.errorsOnly === true || filter.minDuration !== undefined;
}

/** Whether an action that has ended is released. */
export function releases(filter: TraceFilter, action: TracedAction): boolean {
  const failed = action.outcome !== 'ok';
  const slow = filter.minDuration !== undefined && action.endedAt - action.startedAt >= filter.minDuration;
  if (filter.errorsOnly && filter.minDuration !== undefined) return failed && slow;
  return filter.errorsOnly ? failed : slow;
}

/** For a native trace whose actions are to be spans as well. `isOwn`: the tracing API's own URIs. */
export function claimOf(filter: TraceFilter, isOwn: (uri: string) => boolean): SamplingClaim {
  // Which actions are released is known at their end, and so which are to be kept.
  const holds = holdsBack(filter);
  const wants = (action: TracedAction): boolean => !isOwn(action.uri) && wantsAction(filter, action);
  return {
    atAnchor: action => !holds && wants(action),
    atEnd: action => holds && wants(action) && releases(filter, action),
  };
}
