/** Owns subscriptions and publications of one realm. No IO, clock or randomness of its own. */

import { Broadcast } from '../session/broadcast.js';
import type { Cause } from '../tap.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import { type Dict, EMPTY_DICT, event, type Message, published, subscribed, unsubscribed } from '../wire/message.js';
import { choice, flag, ids, strings } from '../wire/options.js';
import { MATCHES, type Match, PatternMap } from './matching.js';
import { limitExceeded, MAX_PER_SESSION, type Member, type Subscription } from './member.js';
import type { RealmMeter } from './realm-meter.js';
import { TraceForwarding } from './trace-forwarding.js';

/** Told of every change after its reply was sent; the meta API publishes it. */
export interface SubscriptionWatcher {
  subscriptionCreated(subscription: Subscription, by: Member): void;
  subscribed(subscription: Subscription, by: Member): void;
  unsubscribed(subscription: Subscription, by: Member): void;
  subscriptionDeleted(subscription: Subscription, by: Member): void;
}

export class Broker {
  readonly #patterns = new PatternMap<Subscription>();
  readonly #byId = new Map<number, Subscription>();
  readonly #now: () => number;
  readonly #publicationId: () => number;
  readonly #watcher: SubscriptionWatcher;
  readonly #meter: RealmMeter | undefined;
  readonly #forwarding: TraceForwarding;
  #lastId = 0;

  constructor(
    now: () => number,
    publicationId: () => number,
    watcher: SubscriptionWatcher,
    meter?: RealmMeter,
    forwarding: TraceForwarding = new TraceForwarding(),
  ) {
    this.#forwarding = forwarding;
    this.#now = now;
    this.#publicationId = publicationId;
    this.#watcher = watcher;
    this.#meter = meter;
  }

  /** Whether a publication to `topic` would reach anybody: spares building one that would not. */
  reaches(topic: string): boolean {
    return this.#patterns.all(topic).length > 0;
  }

  subscription(id: number): Subscription | undefined {
    return this.#byId.get(id);
  }

  get subscriptions(): PatternMap<Subscription> {
    return this.#patterns;
  }

  get subscriptionCount(): number {
    return this.#byId.size;
  }

  /** @throws WampError when the request cannot be served. */
  subscribe(from: Member, m: Message, cause: Cause | undefined): void {
    const match = choice(m.options, 'match', MATCHES, 'exact');
    this.#maySubscribe(from, m.uri, match);
    if (from.subscriptions.size >= MAX_PER_SESSION) throw limitExceeded('subscriptions');
    let subscription = this.#patterns.get(m.uri, match);
    const created = subscription === undefined;
    if (!subscription) {
      const id = ++this.#lastId;
      subscription = { id, uri: m.uri, match, created: this.#now(), subscribers: new Set(), events: 0 };
      this.#patterns.set(m.uri, match, subscription);
      this.#byId.set(subscription.id, subscription);
    }
    const added = !subscription.subscribers.has(from);
    subscription.subscribers.add(from);
    from.subscriptions.add(subscription);
    from.outbox.send(subscribed(m.request, subscription.id), cause);
    if (created) this.#watcher.subscriptionCreated(subscription, from);
    if (added) this.#watcher.subscribed(subscription, from);
  }

  #maySubscribe(from: Member, uri: string, match: Match): void {
    const legal = match === 'exact' ? from.role.decide(uri).legal : from.role.isLegalPrefix(uri);
    if (!legal) throw new WampError(ErrorUri.invalidUri, `"${uri}" is not a topic for match ${match}`);
    const allowed = match === 'exact' ? from.role.decide(uri).subscribe : from.role.mayUsePrefix(uri, 'subscribe');
    if (!allowed) throw denied(from, 'subscribe to', uri);
  }

  unsubscribe(from: Member, m: Message, cause: Cause | undefined): void {
    const subscription = this.#byId.get(m.subject);
    if (!subscription?.subscribers.has(from)) {
      throw new WampError(ErrorUri.noSuchSubscription, `this session has no subscription ${m.subject}`);
    }
    from.outbox.send(unsubscribed(m.request, subscription.uri), cause);
    this.#remove(subscription, from);
  }

  #remove(subscription: Subscription, member: Member): void {
    subscription.subscribers.delete(member);
    member.subscriptions.delete(subscription);
    const last = subscription.subscribers.size === 0;
    if (last) {
      this.#patterns.delete(subscription.uri, subscription.match);
      this.#byId.delete(subscription.id);
    }
    this.#watcher.unsubscribed(subscription, member);
    if (last) this.#watcher.subscriptionDeleted(subscription, member);
  }

  /**
   * Without `acknowledge` nothing ever goes back, an ERROR neither (WAMP basic, "Publishing and Events"): a refusal
   * that nobody hears of is returned, for whoever watches.
   */
  publish(from: Member, m: Message, cause: Cause | undefined, metered = true): WampError | undefined {
    const options = m.options;
    const acknowledge = options !== EMPTY_DICT && flag(options, 'acknowledge');
    const decision = from.role.decide(m.uri);
    let refusal: WampError | undefined;
    if (!decision.legal) refusal = new WampError(ErrorUri.invalidUri, `"${m.uri}" is not a topic`);
    else if (decision.reserved && !from.session.internal) {
      refusal = new WampError(ErrorUri.invalidUri, `"${m.uri}" is reserved: only the router publishes to wamp.`);
    } else if (!decision.publish) refusal = denied(from, 'publish to', m.uri);
    else if (options !== EMPTY_DICT && !decision.disclosePublisher && flag(options, 'disclose_me')) {
      refusal = new WampError(ErrorUri.discloseMeDisallowed, 'this role may not disclose its publishers');
    }
    if (refusal) {
      if (acknowledge) throw refusal;
      return refusal;
    }
    const filter = options === EMPTY_DICT ? undefined : receiverFilter(options);
    const excludeMe = options === EMPTY_DICT || flag(options, 'exclude_me', true);
    const publication = this.#publicationId();
    if (acknowledge) from.outbox.send(published(m.request, publication), cause);
    const disclosed = decision.disclosePublisher ? from : undefined;
    let events = 0;
    for (const subscription of this.#patterns.all(m.uri)) {
      const details = eventDetails(m, subscription, disclosed);
      const broadcast = new Broadcast(event(subscription.id, publication, details, m.payload));
      let traced: Broadcast | undefined;
      const before = events;
      for (const member of subscription.subscribers) {
        if (excludeMe && member === from) continue;
        if (filter && !filter(member)) continue;
        if (member.tracesEvents) traced ??= this.#traced(broadcast, m, from, cause);
        const told = member.tracesEvents ? traced! : broadcast;
        if (member.outbox.sendShared(told, cause, metered) === 'sent') events++;
      }
      subscription.events += events - before;
    }
    // What the router itself tells, such as on_join, is nobody's publication.
    if (this.#meter && !from.session.internal) this.#meter.published(events);
    return undefined;
  }

  /** The same EVENT for those who want its trace context; the same object when there is none. */
  #traced(plain: Broadcast, m: Message, from: Member, cause: Cause | undefined): Broadcast {
    const trace = this.#forwarding.details(cause, 'event', from.session, m.options);
    if (!trace) return plain;
    const { subject, publication, options, payload } = plain.message;
    return new Broadcast(
      event(subject, publication, options === EMPTY_DICT ? trace : { ...options, ...trace }, payload),
    );
  }

  /** Ends all subscriptions of a session that left. */
  leave(member: Member): void {
    for (const subscription of [...member.subscriptions]) this.#remove(subscription, member);
  }
}

function eventDetails(m: Message, subscription: Subscription, publisher: Member | undefined): Dict {
  if (subscription.match === 'exact' && !publisher) return EMPTY_DICT;
  return {
    // WAMP advanced, "Pattern-based Subscriptions": the topic is told when the subscription does not tell it.
    ...(subscription.match === 'exact' ? undefined : { topic: m.uri }),
    ...(publisher && {
      publisher: publisher.id,
      publisher_authid: publisher.session.authid,
      publisher_authrole: publisher.session.authrole,
    }),
  };
}

/** Black- and whitelisting (WAMP advanced, "Subscriber Black- and Whitelisting"): all given lists must agree. */
function receiverFilter(options: Dict): ((member: Member) => boolean) | undefined {
  const eligible = ids(options, 'eligible');
  const eligibleAuthid = strings(options, 'eligible_authid');
  const eligibleAuthrole = strings(options, 'eligible_authrole');
  const exclude = ids(options, 'exclude');
  const excludeAuthid = strings(options, 'exclude_authid');
  const excludeAuthrole = strings(options, 'exclude_authrole');
  if (!eligible && !eligibleAuthid && !eligibleAuthrole && !exclude && !excludeAuthid && !excludeAuthrole) {
    return undefined;
  }
  return ({ session }) =>
    (!eligible || eligible.has(session.id)) &&
    (!eligibleAuthid || eligibleAuthid.has(session.authid)) &&
    (!eligibleAuthrole || eligibleAuthrole.has(session.authrole)) &&
    !exclude?.has(session.id) &&
    !excludeAuthid?.has(session.authid) &&
    !excludeAuthrole?.has(session.authrole);
}

/** The role may not do this: the same sentence for all four actions. */
export function denied(from: Member, what: string, uri: string): WampError {
  return new WampError(ErrorUri.notAuthorized, `role "${from.role.name}" may not ${what} "${uri}"`);
}
