/** Owns the dashboard of sessions: who uses the router, how much, and who comes and goes. */

import type { DashboardSpec } from '../frame.js';
import type { PanelSpec } from '../panels.js';
import { quantile, rate, series, sum, topOverRange } from '../promql.js';

const TOP = 20;
const SESSION = ['realm', 'session', 'authid'];
const DIRECTIONS = ['received', 'sent'] as const;
const SESSION_OCTETS = series('wamp_detailed_session_io_bytes_total');

function perRange(selector: string): string {
  return `sum by (${[...SESSION, 'authrole', 'serializer', 'transport'].join(', ')}) (increase(${selector}[$__range]))`;
}

/** The twenty sessions of the table, whatever the column: those with most octets. */
function ofTheLargest(selector: string): string {
  return `${perRange(selector)} and topk(${TOP}, ${perRange(SESSION_OCTETS)})`;
}

function octetsBy(label: 'realm' | 'serializer', direction: (typeof DIRECTIONS)[number]): PanelSpec {
  return {
    kind: 'timeseries',
    title: `Octets ${direction} by ${label}`,
    shows: `Octets of WAMP messages ${direction} per second, before framing and without compression.`,
    bad:
      label === 'realm' ? 'a realm that takes what others need.' : 'a serializer that none of your clients should use.',
    unit: 'binBps',
    width: 6,
    limits: 'none',
    stacked: true,
    targets: [
      { expr: sum([label], rate(series('wamp_message_io_bytes_total', { direction }))), legend: `{{${label}}}` },
    ],
  };
}

export const SESSIONS: DashboardSpec = {
  uid: 'wampscope-sessions',
  title: 'wampscope: Sessions',
  description: 'Who uses the router, and how much: by realm, by serializer, and the twenty largest one by one.',
  variables: ['datasource', 'job', 'instance', 'realm'],
  rows: [
    {
      title: 'Octets',
      panels: [
        octetsBy('realm', 'received'),
        octetsBy('realm', 'sent'),
        octetsBy('serializer', 'received'),
        octetsBy('serializer', 'sent'),
      ],
    },
    {
      title: `The ${TOP} largest sessions`,
      panels: [
        {
          kind: 'table',
          title: `Top ${TOP} sessions by octets`,
          shows:
            'The sessions with most octets in the time shown, received and sent together. Estimates at its ends: on_stats is exact.',
          bad: 'a session that nobody knows, or one with far more than others of its role. Dropped or waiting events: it reads too slowly.',
          unit: 'short',
          width: 24,
          height: 13,
          limits: 'none',
          columns: {
            session: 'Session',
            authid: 'authid',
            authrole: 'authrole',
            realm: 'Realm',
            serializer: 'Serializer',
            transport: 'Transport',
          },
          noValue: 'no session',
          targets: [
            { expr: `topk(${TOP}, ${perRange(SESSION_OCTETS)})`, legend: 'Octets', unit: 'bytes' },
            ...DIRECTIONS.map(direction => ({
              expr: ofTheLargest(series('wamp_detailed_session_io_bytes_total', { direction })),
              legend: direction === 'received' ? 'Received' : 'Sent',
              unit: 'bytes',
            })),
            { expr: ofTheLargest(series('wamp_detailed_session_messages_total')), legend: 'Messages' },
            { expr: ofTheLargest(series('wamp_detailed_session_rated_messages_total')), legend: 'Rated' },
            {
              expr: ofTheLargest(series('wamp_detailed_session_events_dropped_total')),
              legend: 'Dropped',
              limits: 'zero' as const,
            },
          ],
        },
        ...DIRECTIONS.map(
          (direction): PanelSpec => ({
            kind: 'timeseries',
            title: `Octets ${direction} by session, top ${TOP}`,
            shows: `The sessions with most octets ${direction} over the time shown, and when they had them.`,
            bad: 'one line far above the others, or one that never rests.',
            unit: 'binBps',
            width: 12,
            limits: 'none',
            targets: [
              {
                expr: topOverRange(TOP, SESSION, series('wamp_detailed_session_io_bytes_total', { direction })),
                legend: '{{authid}} ({{session}}, {{realm}})',
              },
            ],
          }),
        ),
      ],
    },
    {
      title: 'What is billed',
      panels: [
        {
          kind: 'timeseries',
          title: 'Rated messages',
          shows: 'Messages in units of rated_message_size, as on_stats counts them, per second.',
          bad: 'nothing by itself: it is what the realm’s owner pays for.',
          unit: 'mps',
          width: 8,
          limits: 'none',
          noValue: 'no realm has stats',
          targets: [
            {
              expr: sum(['realm', 'direction'], rate(series('wamp_rated_messages_total'))),
              legend: '{{realm}} {{direction}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Messages',
          shows: 'WAMP messages per second, whatever their size.',
          bad: 'far fewer than rated messages: messages are large.',
          unit: 'mps',
          width: 8,
          limits: 'none',
          targets: [
            {
              expr: sum(['realm', 'direction'], rate(series('wamp_messages_total'))),
              legend: '{{realm}} {{direction}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Size of messages',
          shows: 'Octets of a message: half of them, and all but a hundredth are smaller.',
          bad: 'a p99 near max_message_size: clients will be refused.',
          unit: 'bytes',
          width: 8,
          limits: 'none',
          logarithmic: true,
          targets: [0.5, 0.99].map(q => ({
            expr: quantile(q, [], series('wamp_message_size_bytes_bucket')),
            legend: `p${q * 100}`,
          })),
        },
      ],
    },
    {
      title: 'Who is there',
      panels: [
        ...(['realm', 'transport', 'serializer', 'authmethod'] as const).map(
          (label): PanelSpec => ({
            kind: 'timeseries',
            title: `Sessions by ${label}`,
            shows: 'Open network sessions.',
            bad: 'a step down: clients lost their connection. A climb without end: clients that never leave.',
            unit: 'none',
            width: 6,
            limits: 'none',
            stacked: true,
            targets: [{ expr: `sum by (${label}) (${series('wamp_sessions')})`, legend: `{{${label}}}` }],
          }),
        ),
      ],
    },
    {
      title: 'Who comes and goes',
      panels: [
        {
          kind: 'timeseries',
          title: 'Joins and leaves',
          shows: 'Sessions that joined and that left, per second.',
          bad: 'both high while the number of sessions stays: clients that are thrown out and come back at once.',
          unit: 'cps',
          width: 8,
          limits: 'none',
          targets: [
            { expr: sum(['realm'], rate(series('wamp_session_opened_total'))), legend: '{{realm}} joined' },
            { expr: sum(['realm'], rate(series('wamp_session_closed_total'))), legend: '{{realm}} left' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Why sessions end',
          shows: 'Sessions that left, per second, by reason.',
          bad: 'protocol_violation and router_fault: a bug, there or here. slow_consumer: it could not follow. transport_lost: the network, or a client that crashed.',
          unit: 'cps',
          width: 8,
          limits: 'none',
          stacked: true,
          noValue: 'nobody left',
          targets: [{ expr: sum(['reason'], rate(series('wamp_session_closed_total'))), legend: '{{reason}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Lifetime',
          shows: 'How long the sessions lived that ended: half of them, and all but a tenth, longer than this.',
          bad: 'seconds, where clients should stay.',
          unit: 's',
          width: 8,
          limits: 'none',
          logarithmic: true,
          noValue: 'nobody left',
          targets: [0.5, 0.1].map(q => ({
            expr: quantile(q, [], series('wamp_session_duration_seconds_bucket')),
            legend: q === 0.5 ? 'half' : 'nine of ten',
          })),
        },
        {
          kind: 'timeseries',
          title: 'Logins',
          shows: 'Sessions per second that asked to join, by method and outcome.',
          bad: 'fail at a steady rate: a client with an old secret, or somebody who tries secrets.',
          unit: 'cps',
          width: 12,
          limits: 'none',
          targets: [
            {
              expr: sum(['authmethod', 'outcome'], rate(series('wamp_auth_duration_seconds_count'))),
              legend: '{{authmethod}}: {{outcome}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Duration of logins, p95',
          shows: 'From HELLO to WELCOME or ABORT; a twentieth took longer.',
          bad: 'above a second: whoever decides on logins is slow.',
          unit: 's',
          width: 12,
          limits: { warn: 0.5, bad: 1 },
          targets: [
            {
              expr: quantile(0.95, ['authmethod'], series('wamp_auth_duration_seconds_bucket')),
              legend: '{{authmethod}}',
            },
          ],
        },
      ],
    },
  ],
};
