/** Owns the events and the start of the meta API (WAMP advanced, "Meta API"): an ordinary session of the router's own. */

import type { RealmSession } from '../session/host.js';
import type { Args } from '../wire/payload.js';
import type { SubscriptionWatcher } from './broker.js';
import type { RegistrationWatcher } from './dealer.js';
import type { LocalSession } from './local-session.js';
import type { Member, Registration, Subscription } from './member.js';
import { registrationDetails, sessionDetails, subscriptionDetails } from './meta-details.js';
import { type MetaRealm, registerMetaProcedures } from './meta-procedures.js';

export const META_TOPICS = {
  onJoin: 'wamp.session.on_join',
  onLeave: 'wamp.session.on_leave',
  onStats: 'wamp.session.on_stats',
  registrationOnCreate: 'wamp.registration.on_create',
  registrationOnRegister: 'wamp.registration.on_register',
  registrationOnUnregister: 'wamp.registration.on_unregister',
  registrationOnDelete: 'wamp.registration.on_delete',
  subscriptionOnCreate: 'wamp.subscription.on_create',
  subscriptionOnSubscribe: 'wamp.subscription.on_subscribe',
  subscriptionOnUnsubscribe: 'wamp.subscription.on_unsubscribe',
  subscriptionOnDelete: 'wamp.subscription.on_delete',
} as const;

export class MetaApi implements SubscriptionWatcher, RegistrationWatcher {
  readonly #realm: MetaRealm;
  readonly #onLeave: 'id' | 'full';
  #service: LocalSession | undefined;
  #enabled = false;

  constructor(realm: MetaRealm, onLeave: 'id' | 'full') {
    this.#realm = realm;
    this.#onLeave = onLeave;
  }

  /** Session events are published in any case; procedures and the other events only when `enabled`. */
  start(service: LocalSession, enabled: boolean): void {
    this.#service = service;
    if (!enabled) return;
    registerMetaProcedures(service, this.#realm);
    this.#enabled = true;
  }

  joined(session: RealmSession): void {
    this.#publish(META_TOPICS.onJoin, () => [sessionDetails(session)]);
  }

  left(session: RealmSession): void {
    this.#publish(META_TOPICS.onLeave, () =>
      this.#onLeave === 'id' ? [session.id] : [session.id, session.identity.authid, session.identity.authrole],
    );
  }

  subscriptionCreated(subscription: Subscription, by: Member): void {
    this.#changed(subscription.uri, META_TOPICS.subscriptionOnCreate, () => [by.id, subscriptionDetails(subscription)]);
  }

  subscribed(subscription: Subscription, by: Member): void {
    this.#changed(subscription.uri, META_TOPICS.subscriptionOnSubscribe, () => [by.id, subscription.id]);
  }

  unsubscribed(subscription: Subscription, by: Member): void {
    this.#changed(subscription.uri, META_TOPICS.subscriptionOnUnsubscribe, () => [by.id, subscription.id]);
  }

  subscriptionDeleted(subscription: Subscription, by: Member): void {
    this.#changed(subscription.uri, META_TOPICS.subscriptionOnDelete, () => [by.id, subscription.id]);
  }

  registrationCreated(registration: Registration, by: Member): void {
    this.#changed(registration.uri, META_TOPICS.registrationOnCreate, () => [by.id, registrationDetails(registration)]);
  }

  registered(registration: Registration, by: Member): void {
    this.#changed(registration.uri, META_TOPICS.registrationOnRegister, () => [by.id, registration.id]);
  }

  unregistered(registration: Registration, by: Member): void {
    this.#changed(registration.uri, META_TOPICS.registrationOnUnregister, () => [by.id, registration.id]);
  }

  registrationDeleted(registration: Registration, by: Member): void {
    this.#changed(registration.uri, META_TOPICS.registrationOnDelete, () => [by.id, registration.id]);
  }

  /** Changes of `wamp.*` are not told: subscribing to a meta topic would otherwise be an event of that topic. */
  #changed(uri: string, topic: string, args: () => Args): void {
    if (this.#enabled && !uri.startsWith('wamp.')) this.#publish(topic, args);
  }

  #publish(topic: string, args: () => Args): void {
    if (this.#realm.broker.reaches(topic)) this.#service!.publish(topic, args());
  }
}
