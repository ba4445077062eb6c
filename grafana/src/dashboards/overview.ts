/** Owns the dashboard that tells at a glance whether all is well, and which of the others to open. */

import { type DashboardSpec, dashboardLink, tracesOf } from '../frame.js';
import type { PanelSpec } from '../panels.js';
import { quantile, rate, series, share, sum } from '../promql.js';

const CALLS = series('rpc_server_call_duration_seconds_count');
const FAILED = series('rpc_server_call_duration_seconds_count', { error_type: ['!=', ''] });
const CALL_BUCKETS = series('rpc_server_call_duration_seconds_bucket');

const stats: readonly PanelSpec[] = [
  {
    kind: 'stat',
    title: 'Routers up',
    shows: 'Routers that answered the last scrape, and all that Prometheus knows.',
    bad: 'the first number is smaller than the second: a router is gone, or its management listener is not reachable.',
    unit: 'none',
    width: 4,
    limits: 'none',
    targets: [
      { expr: `sum(${series('up')})`, legend: 'up' },
      { expr: `count(${series('up')})`, legend: 'known' },
    ],
  },
  {
    kind: 'stat',
    title: 'Sessions',
    shows: 'Open network sessions of the chosen realms.',
    bad: 'a step down (clients lost their connection) or a climb without end (clients that never leave).',
    unit: 'none',
    width: 4,
    limits: 'none',
    links: [dashboardLink('Sessions', 'wampscope-sessions')],
    targets: [{ expr: `sum(${series('wamp_sessions')})`, legend: 'sessions' }],
  },
  {
    kind: 'stat',
    title: 'Messages',
    shows: 'WAMP messages of all types, received and sent by the router, per second.',
    bad: 'a sudden zero. What is much for a machine, its loop lag tells.',
    unit: 'mps',
    width: 4,
    limits: 'none',
    targets: [
      { expr: sum([], rate(series('wamp_messages_total', { direction: 'received' }))), legend: 'received' },
      { expr: sum([], rate(series('wamp_messages_total', { direction: 'sent' }))), legend: 'sent' },
    ],
  },
  {
    kind: 'stat',
    title: 'Calls',
    shows: 'Calls that ended, per second.',
    bad: 'a sudden zero while sessions stay: callers or callees are stuck.',
    unit: 'reqps',
    width: 4,
    limits: 'none',
    links: [dashboardLink('RPC', 'wampscope-rpc')],
    targets: [{ expr: sum([], rate(CALLS)), legend: 'calls' }],
  },
  {
    kind: 'stat',
    title: 'Calls that failed',
    shows: 'Share of the calls that ended with an ERROR which counts as one.',
    bad: 'more than your error budget; 1 % is orange, 5 % red. The RPC dashboard says which procedure and which error.',
    unit: 'percentunit',
    width: 4,
    limits: { warn: 0.01, bad: 0.05 },
    noValue: 'no calls',
    links: [dashboardLink('RPC', 'wampscope-rpc'), tracesOf(undefined, { error: 'true' })],
    targets: [{ expr: share([], FAILED, CALLS), legend: 'failed' }],
  },
  {
    kind: 'stat',
    title: 'Call latency, p99',
    shows: 'A hundredth of the calls took longer than this, from CALL received to the last RESULT or ERROR sent.',
    bad: 'above what your callers wait for; half a second is orange, one second red.',
    unit: 's',
    width: 4,
    limits: { warn: 0.5, bad: 1 },
    noValue: 'no calls',
    targets: [{ expr: quantile(0.99, [], CALL_BUCKETS), legend: 'p99' }],
  },
  {
    kind: 'stat',
    title: 'Events sent',
    shows: 'EVENT messages sent to subscribers, per second.',
    bad: 'a sudden zero while publications go on.',
    unit: 'eps',
    width: 4,
    limits: 'none',
    links: [dashboardLink('PubSub', 'wampscope-pubsub')],
    targets: [
      { expr: sum([], rate(series('wamp_messages_total', { type: 'EVENT', direction: 'sent' }))), legend: 'events' },
    ],
  },
  {
    kind: 'stat',
    title: 'Events dropped',
    shows: 'EVENTs per second that a subscriber should have got and did not.',
    bad: 'anything above zero: somebody missed something. The PubSub dashboard tells the reasons.',
    unit: 'eps',
    width: 4,
    limits: 'zero',
    links: [dashboardLink('PubSub', 'wampscope-pubsub')],
    targets: [{ expr: sum([], rate(series('wamp_event_dropped_total'))), legend: 'dropped' }],
  },
  {
    kind: 'stat',
    title: 'Slow consumers',
    shows: 'Connections with more than a quarter of limits.send_queue_bytes waiting for them.',
    bad: 'more than a few, or one for long: its queue fills, and then its events are dropped.',
    unit: 'none',
    width: 4,
    limits: { warn: 1, bad: 10 },
    targets: [{ expr: `sum(${series('wamp_slow_consumers')})`, legend: 'slow' }],
  },
  {
    kind: 'stat',
    title: 'Event loop lag, p99',
    shows: 'How late the worst router’s event loop was, in a hundredth of the times since the last scrape.',
    bad: 'above 50 ms every message waits about that long; above 100 ms the router is overloaded.',
    unit: 's',
    width: 4,
    limits: { warn: 0.05, bad: 0.1 },
    links: [dashboardLink('Runtime', 'wampscope-runtime')],
    targets: [{ expr: `max(${series('nodejs_eventloop_lag_p99_seconds')})`, legend: 'lag' }],
  },
  {
    kind: 'stat',
    title: 'Logins refused',
    shows: 'Sessions per second that were not let in.',
    bad: 'a steady rate: a client with an old secret, or somebody who tries secrets. 1/s is orange, 5/s red.',
    unit: 'cps',
    width: 4,
    limits: { warn: 1, bad: 5 },
    targets: [
      {
        expr: `${sum([], rate(series('wamp_auth_duration_seconds_count', { outcome: 'fail' })))} or vector(0)`,
        legend: 'refused',
      },
    ],
  },
  {
    kind: 'stat',
    title: 'Spans lost',
    shows: 'Spans per second that should have been exported and were not.',
    bad: 'anything above zero: traces have holes. The dashboard Tracing pipeline tells where they went.',
    unit: 'cps',
    width: 4,
    limits: 'zero',
    links: [dashboardLink('Tracing pipeline', 'wampscope-tracing')],
    targets: [
      { expr: sum([], rate(series('wamp_trace_spans_total', { outcome: ['!=', 'exported'] }))), legend: 'lost' },
    ],
  },
];

export const OVERVIEW: DashboardSpec = {
  uid: 'wampscope-overview',
  title: 'wampscope: Overview',
  description: 'Is all well? Green is; orange wants a look; red wants one now.',
  variables: ['datasource', 'jaeger', 'service', 'job', 'instance', 'realm'],
  rows: [
    { title: 'Now', panels: stats },
    {
      title: 'Traffic',
      panels: [
        {
          kind: 'timeseries',
          title: 'Messages by type',
          shows: 'WAMP messages per second, received and sent together.',
          bad: 'ERROR or ABORT among the larger ones; a type that ends while the others go on.',
          unit: 'mps',
          width: 8,
          limits: 'none',
          stacked: true,
          targets: [{ expr: sum(['type'], rate(series('wamp_messages_total'))), legend: '{{type}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Octets',
          shows: 'Octets of WAMP messages per second, before framing.',
          bad: 'near what the network of the machine carries.',
          unit: 'binBps',
          width: 8,
          limits: 'none',
          targets: [{ expr: sum(['direction'], rate(series('wamp_message_io_bytes_total'))), legend: '{{direction}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Sessions by realm',
          shows: 'Open network sessions.',
          bad: 'a step down: clients of that realm lost their connection.',
          unit: 'none',
          width: 8,
          limits: 'none',
          stacked: true,
          targets: [{ expr: `sum by (realm) (${series('wamp_sessions')})`, legend: '{{realm}}' }],
        },
      ],
    },
    {
      title: 'RPC and PubSub',
      panels: [
        {
          kind: 'timeseries',
          title: 'Calls by realm',
          shows: 'Calls that ended, per second.',
          bad: 'a change that nobody expected.',
          unit: 'reqps',
          width: 6,
          limits: 'none',
          targets: [{ expr: sum(['realm'], rate(CALLS)), legend: '{{realm}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Call latency',
          shows:
            'Half, nearly all and all but a hundredth of the calls were faster. A diamond is one call: click it for its trace.',
          bad: 'p99 that leaves p50 behind (some procedure is slow), or all three rising together (the router is).',
          unit: 's',
          width: 6,
          limits: { warn: 0.5, bad: 1 },
          links: [tracesOf()],
          targets: [0.5, 0.95, 0.99].map(q => ({
            expr: quantile(q, [], CALL_BUCKETS),
            legend: `p${q * 100}`,
            exemplar: true,
          })),
        },
        {
          kind: 'timeseries',
          title: 'Publications and events',
          shows: 'PUBLISH messages received and EVENT messages sent, per second; the ratio of the two is the fan-out.',
          bad: 'publications without events: nobody listens.',
          unit: 'mps',
          width: 6,
          limits: 'none',
          targets: [
            {
              expr: sum([], rate(series('wamp_messages_total', { type: 'PUBLISH', direction: 'received' }))),
              legend: 'published',
            },
            {
              expr: sum([], rate(series('wamp_messages_total', { type: 'EVENT', direction: 'sent' }))),
              legend: 'events',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Errors by kind',
          shows: 'ERROR messages per second by the WAMP error that they carry.',
          bad: 'no_such_procedure and no_available_callee (a callee is gone), not_authorized (a role is wrong).',
          unit: 'cps',
          width: 6,
          limits: 'none',
          noValue: 'no errors',
          targets: [
            { expr: `topk(10, ${sum(['error_type'], rate(series('wamp_errors_total')))})`, legend: '{{error_type}}' },
          ],
        },
      ],
    },
    {
      title: 'Routers',
      panels: [
        {
          kind: 'table',
          title: 'Routers',
          shows: 'Each router’s version, uptime and load now.',
          bad: 'different versions after a deployment has ended; an uptime of minutes that nobody asked for.',
          unit: 'none',
          width: 24,
          height: 6,
          limits: 'none',
          columns: { instance: 'Router', version: 'Version' },
          targets: [
            {
              expr: `sum by (instance, version) (${series('wampscope_build_info')} * on (instance, job) group_left () (time() - ${series('process_start_time_seconds')}))`,
              legend: 'Uptime',
              unit: 'dtdurations',
            },
            ...(
              [
                ['Sessions', `sum by (instance) (${series('wamp_sessions')})`, 'none', 'none'],
                [
                  'CPU',
                  `sum by (instance) (${rate(series('process_cpu_user_seconds_total'))} + ${rate(series('process_cpu_system_seconds_total'))})`,
                  'percentunit',
                  { warn: 0.7, bad: 0.9 },
                ],
                ['Memory', `sum by (instance) (${series('process_resident_memory_bytes')})`, 'bytes', 'none'],
                [
                  'Loop lag, p99',
                  `max by (instance) (${series('nodejs_eventloop_lag_p99_seconds')})`,
                  's',
                  { warn: 0.05, bad: 0.1 },
                ],
              ] as const
            ).map(([legend, expr, unit, limits]) => ({
              legend,
              expr: `${expr} * on (instance) group_right () sum by (instance, version) (${series('wampscope_build_info')})`,
              unit,
              limits,
            })),
          ],
        },
      ],
    },
  ],
};
