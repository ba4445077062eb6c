/** The door for developers: a router to embed, a tap to watch it with. The command line is node/cli.ts. */

export type { Permission, RoleOptions } from './realm/authorizer.js';
export type { RealmOptions } from './realm/realm.js';
export type { StatsOptions } from './realm/session-stats.js';
export { Router, type RouterOptions } from './router.js';
export type { AuthOptions } from './session/auth/authenticator.js';
export type { Frame, SessionEvent, SessionRef, Tap } from './tap.js';
export { type ActionKind, TracedAction } from './trace/action.js';
export { Correlator, type CorrelatorOptions } from './trace/correlator.js';
export { TracedFanOut } from './trace/fan-out.js';
export { TracedInvocation } from './trace/invocation.js';
export type { Observer } from './trace/observer.js';
export type { Outcome } from './trace/outcome.js';
export type { MemoryPeer } from './transport/memory.js';
export type { Message } from './wire/message.js';
