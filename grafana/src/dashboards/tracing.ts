/** Owns the dashboard of the tracing pipeline: spans from the router through the Collector, and what was lost where. */

import { type DashboardSpec, tracesOf } from '../frame.js';
import { quantile, rate, series, sum } from '../promql.js';

export const TRACING: DashboardSpec = {
  uid: 'wampscope-tracing',
  title: 'wampscope: Tracing pipeline',
  description: 'Spans from the router through the Collector to Jaeger: how many, kept why, lost where.',
  variables: ['datasource', 'jaeger', 'service', 'job', 'instance', 'realm'],
  rows: [
    {
      title: 'In the router',
      panels: [
        {
          kind: 'timeseries',
          title: 'Spans by outcome',
          shows: 'Spans per second by what became of them.',
          bad: 'anything but exported.',
          unit: 'cps',
          width: 12,
          limits: 'none',
          stacked: true,
          links: [tracesOf()],
          targets: [{ expr: sum(['outcome'], rate(series('wamp_trace_spans_total'))), legend: '{{outcome}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Actions under way',
          shows: 'Traced actions that have not ended.',
          bad: 'a climb without end: actions that nobody answers. Beyond the limit the oldest are given up.',
          unit: 'none',
          width: 12,
          limits: 'none',
          targets: [{ expr: series('wamp_trace_actions_open'), legend: '{{instance}}' }],
        },
      ],
    },
    {
      title: 'In the Collector',
      panels: [
        {
          kind: 'timeseries',
          title: 'Spans through the Collector',
          shows: 'Spans per second that Collectors took, and passed on.',
          bad: 'sent stays below accepted for long: Jaeger does not keep up.',
          unit: 'cps',
          width: 8,
          limits: 'none',
          targets: [
            { expr: sum([], rate(series('otelcol_receiver_accepted_spans_total'))), legend: 'accepted' },
            {
              expr: sum(['exporter'], rate(series('otelcol_exporter_sent_spans_total'))),
              legend: 'sent by {{exporter}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Calls by span metrics',
          shows: 'p95 of spans by name, as the Collector reckons it from the spans it got.',
          bad: 'far from what the RPC dashboard says: not all spans arrive.',
          unit: 'ms',
          width: 16,
          limits: 'none',
          targets: [
            {
              expr: `topk(10, ${quantile(0.95, ['span_name'], series('traces_span_metrics_duration_milliseconds_bucket'))})`,
              legend: '{{span_name}}',
              exemplar: true,
            },
          ],
        },
      ],
    },
  ],
};
