/** Owns the dashboard of publications: how many, to how many, how fast, and what did not arrive. */

import { type DashboardSpec, tracesOf } from '../frame.js';
import { mean, quantile, rate, series, share, sum } from '../promql.js';

const PUBLISHED = series('wamp_messages_total', { type: 'PUBLISH', direction: 'received' });
const EVENTS = series('wamp_messages_total', { type: 'EVENT', direction: 'sent' });
const FANOUT = series('wamp_publish_fanout_bucket');
const DELIVERY = series('wamp_event_delivery_duration_seconds_bucket');

export const PUBSUB: DashboardSpec = {
  uid: 'wampscope-pubsub',
  title: 'wampscope: PubSub',
  description: 'Publications, the events they become, how long delivery takes, and events that were dropped.',
  variables: ['datasource', 'jaeger', 'service', 'job', 'instance', 'realm'],
  rows: [
    {
      title: 'Rates',
      panels: [
        {
          kind: 'timeseries',
          title: 'Publications by realm',
          shows: 'PUBLISH messages received per second.',
          bad: 'a sudden zero, or a client that publishes in a loop.',
          unit: 'mps',
          width: 8,
          limits: 'none',
          stacked: true,
          links: [tracesOf(undefined, { 'wamp.action': 'publish', 'wamp.realm': '${__field.labels.realm}' })],
          targets: [{ expr: sum(['realm'], rate(PUBLISHED)), legend: '{{realm}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Events by realm',
          shows: 'EVENT messages sent per second.',
          bad: 'near what the machine can send: loop lag rises and queues fill.',
          unit: 'eps',
          width: 8,
          limits: 'none',
          stacked: true,
          targets: [{ expr: sum(['realm'], rate(EVENTS)), legend: '{{realm}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Acknowledged publications',
          shows: 'PUBLISHED messages sent per second: publications whose publisher asked for an answer.',
          bad: 'a fall while publications go on: publishers get errors instead.',
          unit: 'mps',
          width: 8,
          limits: 'none',
          targets: [
            {
              expr: sum(['realm'], rate(series('wamp_messages_total', { type: 'PUBLISHED', direction: 'sent' }))),
              legend: '{{realm}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Fan-out and delivery',
      panels: [
        {
          kind: 'timeseries',
          title: 'Fan-out',
          shows: 'EVENTs that a publication caused, in the mean, by realm.',
          bad: 'a fall: subscribers are gone. Thousands cost a long turn of the event loop for each publication.',
          unit: 'short',
          width: 6,
          limits: 'none',
          targets: [
            {
              expr: mean(['realm'], series('wamp_publish_fanout_sum'), series('wamp_publish_fanout_count')),
              legend: '{{realm}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Publications that nobody got',
          shows: 'Share of the publications that caused no EVENT, by realm.',
          bad: 'more than usual: subscribers are gone, or publishers and subscribers do not mean the same topic.',
          unit: 'percentunit',
          width: 6,
          limits: 'none',
          targets: [
            {
              // Prometheus 3 writes the bound of the lowest bucket as 0.0, older ones as 0.
              expr: share(
                ['realm'],
                series('wamp_publish_fanout_bucket', { le: ['=~', '0|0.0'] }),
                series('wamp_publish_fanout_count'),
              ),
              legend: '{{realm}}',
            },
          ],
        },
        {
          kind: 'heatmap',
          title: 'Fan-out of all publications',
          shows: 'How many publications per second reached how many subscribers.',
          bad: 'publications that reach nobody (lowest row), when they should reach somebody.',
          unit: 'short',
          width: 6,
          limits: 'none',
          targets: [{ expr: sum(['le'], rate(FANOUT)), legend: '{{le}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Delivery',
          shows:
            'From PUBLISH received to its last EVENT handed to the operating system: half, nearly all, all but a hundredth were faster.',
          bad: 'above 50 ms: large fan-outs, or a busy event loop.',
          unit: 's',
          width: 6,
          limits: { warn: 0.05, bad: 0.25 },
          links: [tracesOf(undefined, { 'wamp.action': 'publish' })],
          targets: [0.5, 0.95, 0.99].map(q => ({ expr: quantile(q, [], DELIVERY), legend: `p${q * 100}` })),
        },
      ],
    },
    {
      title: 'What did not arrive',
      panels: [
        {
          kind: 'timeseries',
          title: 'Events dropped by reason',
          shows: 'EVENTs per second that a subscriber should have got and did not.',
          bad: 'anything above zero. backpressure: a subscriber reads too slowly, find it in Slow consumers.',
          unit: 'eps',
          width: 8,
          limits: 'zero',
          links: [tracesOf(undefined, { 'wamp.action': 'publish', error: 'true' })],
          targets: [{ expr: sum(['reason'], rate(series('wamp_event_dropped_total'))), legend: '{{reason}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Slow consumers',
          shows: 'Connections with more than a quarter of limits.send_queue_bytes waiting for them.',
          bad: 'one for long, or several: raise limits.send_queue_bytes only if they catch up again.',
          unit: 'none',
          width: 8,
          limits: { warn: 1, bad: 10 },
          targets: [{ expr: `sum by (instance) (${series('wamp_slow_consumers')})`, legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Waiting to be sent',
          shows: 'Octets in the send queues: of all connections, and of the one with most.',
          bad: 'the most near limits.send_queue_bytes: the next events to that connection are dropped.',
          unit: 'bytes',
          width: 8,
          limits: 'none',
          targets: [
            { expr: `sum by (instance) (${series('wamp_connection_buffered_bytes')})`, legend: '{{instance}} all' },
            {
              expr: `max by (instance) (${series('wamp_connection_buffered_max_bytes')})`,
              legend: '{{instance}} most',
            },
          ],
        },
      ],
    },
    {
      title: 'Who listens',
      panels: [
        {
          kind: 'timeseries',
          title: 'Subscriptions',
          shows: 'Subscriptions by realm and way of matching: one for each topic, however many subscribe.',
          bad: 'a climb without end: clients that subscribe and never leave. Each prefix costs a little for every publication.',
          unit: 'none',
          width: 12,
          limits: 'none',
          targets: [
            { expr: `sum by (realm, match) (${series('wamp_subscriptions')})`, legend: '{{realm}}, {{match}}' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Subscribing',
          shows: 'SUBSCRIBE and UNSUBSCRIBE messages received per second.',
          bad: 'many in proportion to events: clients that subscribe anew again and again.',
          unit: 'mps',
          width: 12,
          limits: 'none',
          targets: [
            {
              expr: sum(
                ['type'],
                rate(series('wamp_messages_total', { type: ['=~', 'SUBSCRIBE|UNSUBSCRIBE'], direction: 'received' })),
              ),
              legend: '{{type}}',
            },
          ],
        },
      ],
    },
  ],
};
