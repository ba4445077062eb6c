/** Owns the procedures of the meta API (WAMP advanced, "Session, Registration and Subscription Meta API"). */

import type { RealmSession } from '../session/host.js';
import { CloseUri, ErrorUri, WampError } from '../wire/errors.js';
import { isId } from '../wire/ids.js';
import { stringify } from '../wire/serializers/json-values.js';
import { isUri } from '../wire/uris.js';
import type { Broker } from './broker.js';
import type { Dealer } from './dealer.js';
import type { LocalCall, LocalSession, Procedure } from './local-session.js';
import { MATCHES, type Match, type PatternMap } from './matching.js';
import { registrationDetails, sessionDetails, subscriptionDetails } from './meta-details.js';

/** What the meta API looks at. */
export interface MetaRealm {
  readonly sessions: ReadonlyMap<number, RealmSession>;
  readonly broker: Broker;
  readonly dealer: Dealer;
}

export function registerMetaProcedures(service: LocalSession, realm: MetaRealm): void {
  const table: { readonly [uri: string]: Procedure } = {
    'wamp.session.count': call => listed(realm, call).length,
    'wamp.session.list': call => listed(realm, call).map(session => session.id),
    'wamp.session.get': call => sessionDetails(session(realm, call)),
    'wamp.session.kill': call => {
      const target = session(realm, call);
      if (target.id === call.caller) throw noSuchSession(call.caller, 'a session cannot kill itself');
      kill([target], call);
      return null;
    },
    'wamp.session.kill_by_authid': call => {
      const authid = text(call, 0, 'authid');
      const victims = others(realm, call).filter(session => session.identity.authid === authid);
      return kill(victims, call).map(session => session.id);
    },
    'wamp.session.kill_by_authrole': call => {
      const authrole = text(call, 0, 'authrole');
      return kill(
        others(realm, call).filter(session => session.identity.authrole === authrole),
        call,
      ).length;
    },
    'wamp.session.kill_all': call => kill(others(realm, call), call).length,
    ...objectProcedures('registration', {
      patterns: () => realm.dealer.registrations,
      byId: id => realm.dealer.registration(id),
      details: registrationDetails,
      match: uri => realm.dealer.registrations.best(uri)?.id ?? null,
      members: registration => registration.callees,
      memberNames: ['list_callees', 'count_callees'],
      missing: ErrorUri.noSuchRegistration,
    }),
    ...objectProcedures('subscription', {
      patterns: () => realm.broker.subscriptions,
      byId: id => realm.broker.subscription(id),
      details: subscriptionDetails,
      match: uri => {
        const found = realm.broker.subscriptions.all(uri).map(subscription => subscription.id);
        return found.length ? found : null;
      },
      members: subscription => [...subscription.subscribers],
      memberNames: ['list_subscribers', 'count_subscribers'],
      missing: ErrorUri.noSuchSubscription,
    }),
  };
  for (const [uri, procedure] of Object.entries(table)) service.register(uri, procedure);
}

interface ObjectKind<T> {
  readonly patterns: () => PatternMap<T>;
  readonly byId: (id: number) => T | undefined;
  readonly details: (object: T) => unknown;
  readonly match: (uri: string) => unknown;
  readonly members: (object: T) => readonly { readonly id: number; readonly session: { readonly internal: boolean } }[];
  readonly memberNames: readonly [list: string, count: string];
  readonly missing: string;
}

/** Registrations and subscriptions answer the same questions. */
function objectProcedures<T extends { readonly id: number; readonly uri: string }>(
  noun: 'registration' | 'subscription',
  kind: ObjectKind<T>,
): { [uri: string]: Procedure } {
  const find = (call: LocalCall): T => {
    const id = call.args[0];
    if (!isId(id)) throw invalid(call, `${noun} id`, id, 'an integer from 1 to 2^53');
    const object = kind.byId(id);
    if (!object) throw new WampError(kind.missing, `there is no ${noun} ${id}`);
    return object;
  };
  // The router's own stand in every realm; a list of what the application made is what people look for.
  const own = (object: T): boolean => kind.members(object).some(member => member.session.internal);
  const idsOf = (match: Match): number[] =>
    [...kind.patterns().values(match)].filter(object => !own(object)).map(object => object.id);
  const [list, count] = kind.memberNames;
  return {
    [`wamp.${noun}.list`]: () => ({ exact: idsOf('exact'), prefix: idsOf('prefix'), wildcard: [] }),
    [`wamp.${noun}.lookup`]: call => {
      const options = call.args[1] as { match?: unknown } | null | undefined;
      const match = options?.match ?? 'exact';
      if (match === 'wildcard') return null;
      if (!MATCHES.includes(match as Match)) throw invalid(call, 'options.match', match, MATCHES.join(', '));
      return kind.patterns().get(text(call, 0, 'uri'), match as Match)?.id ?? null;
    },
    [`wamp.${noun}.match`]: call => kind.match(text(call, 0, 'uri')),
    [`wamp.${noun}.get`]: call => kind.details(find(call)),
    [`wamp.${noun}.${list}`]: call => kind.members(find(call)).map(member => member.id),
    [`wamp.${noun}.${count}`]: call => kind.members(find(call)).length,
  };
}

/** Sessions of the authroles in the optional first argument. */
function listed(realm: MetaRealm, call: LocalCall): RealmSession[] {
  const roles = call.args[0];
  const all = [...realm.sessions.values()];
  if (roles === undefined || roles === null) return all;
  if (!Array.isArray(roles)) throw invalid(call, 'filter_authroles', roles, 'a list of authroles');
  return all.filter(session => roles.includes(session.identity.authrole));
}

function others(realm: MetaRealm, call: LocalCall): RealmSession[] {
  return [...realm.sessions.values()].filter(session => session.id !== call.caller);
}

function session(realm: MetaRealm, call: LocalCall): RealmSession {
  const id = call.args[0];
  if (!isId(id)) throw invalid(call, 'session id', id, 'an integer from 1 to 2^53');
  const found = realm.sessions.get(id);
  if (!found) throw noSuchSession(id, 'it is not in this realm');
  return found;
}

function kill(victims: readonly RealmSession[], call: LocalCall): readonly RealmSession[] {
  const reason = call.kwargs.reason ?? CloseUri.killed;
  if (typeof reason !== 'string' || !isUri(reason, 'loose')) {
    throw new WampError(ErrorUri.invalidUri, `${call.procedure}: reason ${shown(reason)} is not a URI`);
  }
  const { message } = call.kwargs;
  const text = message === undefined || typeof message === 'string' ? message : shown(message);
  for (const victim of victims) victim.goodbye(reason, text);
  return victims;
}

function text(call: LocalCall, index: number, name: string): string {
  const value = call.args[index];
  if (typeof value !== 'string') throw invalid(call, name, value, 'a string');
  return value;
}

function noSuchSession(id: number, why: string): WampError {
  return new WampError(ErrorUri.noSuchSession, `no session ${id}: ${why}`);
}

function invalid(call: LocalCall, name: string, value: unknown, expected: string): WampError {
  const got = value === undefined ? 'nothing' : shown(value);
  return new WampError(ErrorUri.invalidArgument, `${call.procedure}: ${name} is ${got}; expected ${expected}`);
}

/** What a client sent, as far as it helps to recognize it. */
function shown(value: unknown): string {
  return stringify(value).slice(0, 100);
}
