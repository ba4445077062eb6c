/** Owns the dashboard of the process: event loop, garbage collection, memory, and what watching it costs. */

import type { DashboardSpec } from '../frame.js';
import { mean, rate, series, sum } from '../promql.js';

const byInstance = (selector: string): string => `sum by (instance) (${selector})`;

export const RUNTIME: DashboardSpec = {
  uid: 'wampscope-runtime',
  title: 'wampscope: Runtime',
  description: 'The Node.js process of each router: is it busy, is it short of memory, can it be watched?',
  variables: ['datasource', 'job', 'instance'],
  rows: [
    {
      title: 'Event loop',
      panels: [
        {
          kind: 'timeseries',
          title: 'Event loop lag',
          shows:
            'How late the event loop was since the last scrape: half of the times it was looked at, and all but a hundredth.',
          bad: 'above 50 ms every message waits about that long; above 100 ms the router is overloaded.',
          unit: 's',
          width: 6,
          limits: { warn: 0.05, bad: 0.1 },
          targets: [
            { expr: series('nodejs_eventloop_lag_p50_seconds'), legend: '{{instance}} p50' },
            { expr: series('nodejs_eventloop_lag_p99_seconds'), legend: '{{instance}} p99' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Longest stall',
          shows: 'The longest delay of the event loop since the last scrape.',
          bad: 'above 250 ms: something blocked it; look at garbage collection at the same time.',
          unit: 's',
          width: 6,
          limits: { warn: 0.1, bad: 0.25 },
          targets: [{ expr: series('nodejs_eventloop_lag_max_seconds'), legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Event loop utilization',
          shows: 'Share of the time in which the event loop had something to do.',
          bad: 'above 80 % latency grows quickly; near 100 % the router’s one main thread has no more to give.',
          unit: 'percentunit',
          width: 6,
          max: 1,
          limits: { warn: 0.8, bad: 0.95 },
          targets: [{ expr: series('nodejs_eventloop_utilization_ratio'), legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'CPU',
          shows: 'Time on a core, as a share of one core: in the program and in the operating system for it.',
          bad: 'far above the utilization of the event loop: other threads (span export, trace store) or garbage collection.',
          unit: 'percentunit',
          width: 6,
          limits: { warn: 0.8, bad: 0.95 },
          targets: [
            { expr: sum(['instance'], rate(series('process_cpu_user_seconds_total'))), legend: '{{instance}} program' },
            {
              expr: sum(['instance'], rate(series('process_cpu_system_seconds_total'))),
              legend: '{{instance}} system',
            },
          ],
        },
      ],
    },
    {
      title: 'Memory',
      panels: [
        {
          kind: 'timeseries',
          title: 'Memory of the process',
          shows: 'Memory that the operating system has given to the process.',
          bad: 'near the limit of the container, or a climb over days while sessions stay the same: a leak.',
          unit: 'bytes',
          width: 8,
          limits: 'none',
          targets: [{ expr: byInstance(series('process_resident_memory_bytes')), legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Heap',
          shows: 'JavaScript heap in use, the heap there is, and buffers outside of it.',
          bad: 'in use stays close to what there is: garbage collection runs all the time.',
          unit: 'bytes',
          width: 8,
          limits: 'none',
          targets: [
            { expr: byInstance(series('nodejs_heap_size_used_bytes')), legend: '{{instance}} used' },
            { expr: byInstance(series('nodejs_heap_size_total_bytes')), legend: '{{instance}} heap' },
            { expr: byInstance(series('nodejs_external_memory_bytes')), legend: '{{instance}} buffers' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Heap by space',
          shows: 'Which part of the heap is in use; new objects live in `new`, those that stay in `old`.',
          bad: 'old that climbs and never falls.',
          unit: 'bytes',
          width: 8,
          limits: 'none',
          stacked: true,
          targets: [{ expr: `sum by (space) (${series('nodejs_heap_space_size_used_bytes')})`, legend: '{{space}}' }],
        },
      ],
    },
    {
      title: 'Garbage collection',
      panels: [
        {
          kind: 'timeseries',
          title: 'Time in garbage collection',
          shows: 'Share of the time in which garbage was collected, by kind.',
          bad: 'above 5 %: too many short-lived objects, or too little heap (--max-old-space-size).',
          unit: 'percentunit',
          width: 8,
          limits: { warn: 0.05, bad: 0.15 },
          targets: [
            {
              expr: sum(['instance', 'kind'], rate(series('nodejs_gc_duration_seconds_sum'))),
              legend: '{{instance}} {{kind}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Pauses, mean',
          shows: 'How long a garbage collection took, by kind.',
          bad: 'major ones above 50 ms: everything stands still meanwhile. Longest stall tells of the worst single one.',
          unit: 's',
          width: 8,
          limits: { warn: 0.05, bad: 0.1 },
          targets: [
            {
              expr: mean(
                ['instance', 'kind'],
                series('nodejs_gc_duration_seconds_sum'),
                series('nodejs_gc_duration_seconds_count'),
              ),
              legend: '{{instance}} {{kind}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Collections',
          shows: 'Garbage collections per second, by kind.',
          bad: 'several major ones a second.',
          unit: 'cps',
          width: 8,
          limits: 'none',
          targets: [
            {
              expr: sum(['instance', 'kind'], rate(series('nodejs_gc_duration_seconds_count'))),
              legend: '{{instance}} {{kind}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Around the process',
      panels: [
        {
          kind: 'timeseries',
          title: 'Open files',
          shows: 'Open files and sockets, as a share of those that are allowed.',
          bad: 'above 80 %: soon nobody can connect. Raise the limit (ulimit -n, LimitNOFILE).',
          unit: 'percentunit',
          width: 8,
          max: 1,
          limits: { warn: 0.8, bad: 0.95 },
          targets: [
            {
              expr: `${series('process_open_fds')} / ${series('process_max_fds')}`,
              legend: '{{instance}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Connections',
          shows: 'Open transport connections, with a session or without.',
          bad: 'many more than sessions: clients that connect and never say HELLO.',
          unit: 'none',
          width: 8,
          limits: 'none',
          targets: [{ expr: byInstance(series('wamp_connections')), legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Cost of a scrape',
          shows:
            'How long Prometheus waited for /metrics, how long the event loop worked for it, and its longest turn.',
          bad: 'turns above 10 ms: messages wait meanwhile.',
          unit: 's',
          width: 8,
          limits: 'none',
          logarithmic: true,
          targets: [
            { expr: series('scrape_duration_seconds'), legend: '{{instance}} waited' },
            { expr: series('wamp_scrape_duration_seconds'), legend: '{{instance}} worked' },
            { expr: series('wamp_scrape_stall_seconds'), legend: '{{instance}} longest turn' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Size of a scrape',
          shows: 'Values that Prometheus took from /metrics, and that the router wrote last.',
          bad: 'a climb without end: labels that are not bounded. At 20 000 Prometheus refuses the page.',
          unit: 'short',
          width: 12,
          limits: { warn: 5000, bad: 15000 },
          targets: [
            { expr: series('scrape_samples_scraped'), legend: '{{instance}} taken' },
            { expr: series('wamp_scrape_samples'), legend: '{{instance}} written' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Label values without a series of their own',
          shows: 'Values per second that a label had no room for; they are counted as _OTHER.',
          bad: 'above zero: raise the limit, or use fewer names.',
          unit: 'cps',
          width: 12,
          limits: 'zero',
          targets: [{ expr: sum(['label'], rate(series('wamp_metric_overflow_total'))), legend: '{{label}}' }],
        },
      ],
    },
  ],
};
