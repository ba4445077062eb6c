/** Owns the panels about the export of spans by the router: queue, requests, breaker. */

import type { PanelSpec } from '../panels.js';
import { mean, rate, series, sum } from '../promql.js';

const noValue = 'no spans are exported';

export const EXPORT_PANELS: readonly PanelSpec[] = [
  {
    kind: 'timeseries',
    title: 'Queue',
    shows: 'Share of the queue that is taken, by spans and by memory.',
    bad: 'above 80 %: when it is full, spans of ordinary actions are dropped first.',
    unit: 'percentunit',
    width: 6,
    max: 1,
    limits: { warn: 0.5, bad: 0.8 },
    noValue,
    targets: [
      {
        expr: `${series('otel_sdk_processor_span_queue_size')} / ${series('otel_sdk_processor_span_queue_capacity')}`,
        legend: '{{instance}} spans',
      },
      {
        expr: `${series('wamp_trace_queue_bytes')} / ${series('wamp_trace_queue_capacity_bytes')}`,
        legend: '{{instance}} memory',
      },
    ],
  },
  {
    kind: 'timeseries',
    title: 'Requests to the Collector',
    shows: 'Requests per second, those of them that repeat an earlier one, and spans on their way.',
    bad: 'repeated ones above zero for long: the Collector is overloaded.',
    unit: 'short',
    width: 6,
    limits: 'none',
    noValue,
    targets: [
      { expr: sum(['instance'], rate(series('wamp_trace_export_requests_total'))), legend: '{{instance}} requests/s' },
      {
        expr: sum(['instance'], rate(series('wamp_trace_export_retries_total'))),
        legend: '{{instance}} repeated/s',
        colour: 'red',
      },
      { expr: series('otel_sdk_exporter_span_inflight'), legend: '{{instance}} spans on their way' },
    ],
  },
  {
    kind: 'timeseries',
    title: 'Duration of a request',
    shows: 'How long the Collector took to answer, in the mean.',
    bad: 'above a second: it is overloaded, or far away.',
    unit: 's',
    width: 6,
    limits: { warn: 0.5, bad: 1 },
    noValue,
    targets: [
      {
        expr: mean(
          ['instance'],
          series('wamp_trace_export_duration_seconds_total'),
          series('wamp_trace_export_requests_total'),
        ),
        legend: '{{instance}}',
      },
    ],
  },
  {
    kind: 'timeseries',
    title: 'Octets to the Collector',
    shows: 'Octets of requests per second, compressed if they are.',
    bad: 'more than the network should carry: compress (OTEL_EXPORTER_OTLP_COMPRESSION=gzip), or keep fewer spans.',
    unit: 'binBps',
    width: 6,
    limits: 'none',
    noValue,
    targets: [{ expr: sum(['instance'], rate(series('wamp_trace_export_io_bytes_total'))), legend: '{{instance}}' }],
  },
  {
    kind: 'timeseries',
    title: 'Circuit breaker',
    shows:
      'Open (1) while the Collector does not answer, half open (0.5) while it is tried again; and openings per second.',
    bad: 'anything above zero: start the Collector, or see what it says.',
    unit: 'none',
    width: 8,
    limits: 'zero',
    noValue,
    targets: [
      { expr: series('wamp_trace_breaker_open'), legend: '{{instance}}' },
      { expr: sum(['instance'], rate(series('wamp_trace_breaker_opened_total'))), legend: '{{instance}} opens/s' },
    ],
  },
];
