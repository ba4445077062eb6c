/** Owns the rows of crossbar.md 2.6 about topics and publications, and about the end of sessions. */

import { ACK, newestId, publish, type Row, register, subscribe, told, watched } from './scene.js';

export const PUBSUB: readonly Row[] = [
  {
    name: 'SUBSCRIBE, the first and a further one',
    given: watched('subscription'),
    act: async ({ a, b }) => {
      await subscribe(b, 'com.t');
      await subscribe(a, 'com.t');
    },
    records: [
      ...['1 rx Subscribe B anchor', '1 tx Subscribed B last'],
      ...told(2, 'subscription.on_create'),
      ...told(3, 'subscription.on_subscribe'),
      ...['4 rx Subscribe A anchor', '4 tx Subscribed A last'],
      ...told(5, 'subscription.on_subscribe'),
    ],
  },
  {
    name: 'SUBSCRIBE to wamp.*: no meta events of meta events',
    given: watched('subscription'),
    act: ({ b }) => subscribe(b, 'wamp.session.on_join'),
    records: ['1 rx Subscribe B anchor', '1 tx Subscribed B last'],
  },
  {
    name: 'PUBLISH acknowledged, receivers: PUBLISHED comes first, the last EVENT is the last',
    given: async ({ node, b }) => {
      await subscribe(b, 'com.t');
      await subscribe(await node.join('C'), 'com.t');
    },
    act: ({ a }) => publish(a, 'com.t', ACK),
    records: ['1 rx Publish A com.t anchor', '1 tx Published A', '1 tx Event B', '1 tx Event C last'],
  },
  {
    name: 'PUBLISH acknowledged, nobody there',
    act: ({ a }) => publish(a, 'com.t', ACK),
    records: ['1 rx Publish A com.t anchor', '1 tx Published A last'],
  },
  {
    name: 'PUBLISH unacknowledged, nobody there',
    act: ({ a }) => publish(a, 'com.t'),
    records: ['1 rx Publish A com.t anchor last'],
  },
  {
    name: 'PUBLISH unacknowledged, receivers: PUBLISH itself is there',
    given: ({ b }) => subscribe(b, 'com.t'),
    act: ({ a }) => publish(a, 'com.t'),
    records: ['1 rx Publish A com.t anchor', '1 tx Event B last'],
  },
  {
    name: 'PUBLISH unacknowledged, all receivers filtered out: PUBLISH is there, and the last',
    given: ({ b }) => subscribe(b, 'com.t'),
    act: ({ a, b }) => publish(a, 'com.t', { exclude: [b.id] }),
    records: ['1 rx Publish A com.t anchor last'],
  },
  {
    name: 'PUBLISH unacknowledged, refused: nothing goes back',
    act: ({ a }) => publish(a, 'com.denied'),
    records: ['1 rx Publish A com.denied anchor last'],
  },
  {
    name: 'PUBLISH that matches several subscriptions: one last, not one each',
    given: async ({ b }) => {
      await subscribe(b, 'com.t');
      await subscribe(b, 'com.t', { match: 'prefix' });
    },
    act: ({ a }) => publish(a, 'com.t'),
    records: ['1 rx Publish A com.t anchor', '1 tx Event B', '1 tx Event B last'],
  },
  {
    name: 'PUBLISH acknowledged, the publisher is the only subscriber',
    given: ({ a }) => subscribe(a, 'com.t'),
    act: ({ a }) => publish(a, 'com.t', ACK),
    records: ['1 rx Publish A com.t anchor', '1 tx Published A last'],
  },
  {
    name: 'PUBLISH to wamp.* by a client',
    act: ({ a }) => publish(a, 'wamp.t', ACK),
    records: ['1 rx Publish A wamp.t anchor', '1 tx Error A wamp.error.invalid_uri last'],
  },
  {
    name: 'PUBLISH to more receivers than one chunk of Crossbar’s: one last',
    given: async ({ node }) => {
      for (let i = 0; i < 150; i++) await subscribe(await node.join('C'), 'com.t');
    },
    act: ({ a }) => publish(a, 'com.t'),
    records: ['1 rx Publish A com.t anchor', ...Array<string>(149).fill('1 tx Event C'), '1 tx Event C last'],
  },
  {
    name: 'UNSUBSCRIBE, others remain',
    given: async scene => {
      await subscribe(scene.a, 'com.t');
      await subscribe(scene.b, 'com.t');
      await watched('subscription')(scene);
    },
    act: ({ b }) => b.request([34, undefined, newestId(b)]),
    records: [...['1 rx Unsubscribe B anchor', '1 tx Unsubscribed B last'], ...told(2, 'subscription.on_unsubscribe')],
  },
  {
    name: 'UNSUBSCRIBE of the last subscriber, and of nothing',
    given: async scene => {
      await subscribe(scene.b, 'com.t');
      await watched('subscription')(scene);
    },
    act: async ({ b }) => {
      const id = newestId(b);
      await b.request([34, undefined, id]);
      await b.request([34, undefined, id]);
    },
    records: [
      ...['1 rx Unsubscribe B anchor', '1 tx Unsubscribed B last'],
      ...told(2, 'subscription.on_unsubscribe'),
      ...told(3, 'subscription.on_delete'),
      ...['4 rx Unsubscribe B anchor', '4 tx Error B wamp.error.no_such_subscription last'],
    ],
  },
  {
    name: 'session left: GOODBYE belongs to no action; each meta event is an action of its own',
    stats: { trigger_on_leave: true },
    given: async scene => {
      await register(scene.b);
      await subscribe(scene.b, 'com.t');
      await subscribe(await scene.node.join('W'), 'wamp.', { match: 'prefix' });
    },
    act: ({ b }) => b.send([6, {}, 'wamp.close.close_realm']),
    records: [
      ...['- rx Goodbye B', '- tx Goodbye B'],
      ...told(1, 'registration.on_unregister'),
      ...told(2, 'registration.on_delete'),
      ...told(3, 'subscription.on_unsubscribe'),
      ...told(4, 'subscription.on_delete'),
      ...told(5, 'session.on_stats'),
      ...told(6, 'session.on_leave'),
    ],
  },
  {
    name: 'session lost',
    stats: { trigger_on_leave: true },
    given: async scene => {
      await subscribe(scene.b, 'com.t');
      await watched('session')(scene);
    },
    act: ({ b }) => b.close(),
    records: [...told(1, 'session.on_stats'), ...told(2, 'session.on_leave')],
  },
  {
    name: 'requests that break the protocol: ABORT belongs to no action, the request is the last of its own',
    act: async ({ a, b }) => {
      await a.send([32, 99, {}, 'com.t']);
      await b.send([48, 99, {}, 'com.p']);
    },
    records: [...['1 rx Subscribe A anchor last', '- tx Abort A'], ...['2 rx Call B anchor last', '- tx Abort B']],
  },
];
