/** Owns the dashboard of the tracing pipeline: spans from the router through the Collector, and what was lost where. */

import { type DashboardSpec, tracesOf } from '../frame.js';
import { quantile, rate, series, share, sum } from '../promql.js';
import { EXPORT_PANELS } from './tracing-export.js';

const ACCEPTED = series('otelcol_receiver_accepted_spans_total');
const DECIDED = series('otelcol_processor_tail_sampling_global_count_traces_sampled_total');
const KEPT = series('otelcol_processor_tail_sampling_global_count_traces_sampled_total', { decision: 'sampled' });
/** Spans of routers; those of instrumented clients have no such attribute. */
const OURS = { wamp_action: ['!=', ''] } as const;
const SPAN_CALLS = series('traces_span_metrics_calls_total', OURS);
const SPAN_ERRORS = series('traces_span_metrics_calls_total', { ...OURS, status_code: 'STATUS_CODE_ERROR' });
const SPAN_BUCKETS = series('traces_span_metrics_duration_milliseconds_bucket', OURS);

/** A line named after a span leads to the spans of that name. */
const SPANS_OF_LINE = tracesOf('${__field.labels.span_name}');

export const TRACING: DashboardSpec = {
  uid: 'wampscope-tracing',
  title: 'wampscope: Tracing pipeline',
  description: 'Spans from the router through the Collector to Jaeger: how many there are, and what was lost where.',
  variables: ['datasource', 'jaeger', 'service', 'job', 'instance', 'realm'],
  rows: [
    {
      title: 'In the router',
      panels: [
        {
          kind: 'timeseries',
          title: 'Spans by outcome',
          shows: 'Spans per second by what became of them.',
          bad: 'dropped (there was no room for them) and failed (the Collector did not take them).',
          unit: 'cps',
          width: 8,
          limits: 'none',
          stacked: true,
          noValue: 'no spans are exported',
          links: [tracesOf()],
          targets: [{ expr: sum(['outcome'], rate(series('wamp_trace_spans_total'))), legend: '{{outcome}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Spans lost',
          shows: 'Spans per second that should have been exported and were not, by why.',
          bad: 'anything above zero: traces have holes. queue_full: the Collector is too slow; breaker_open, gave_up: it does not answer; refused: it does not want them.',
          unit: 'cps',
          width: 8,
          limits: 'zero',
          noValue: 'no spans are exported',
          targets: [
            {
              expr: sum(['outcome', 'reason'], rate(series('wamp_trace_spans_lost_total'))),
              legend: '{{outcome}}: {{reason}}',
            },
            {
              expr: sum([], rate(series('wamp_trace_spans_important_dropped_total'))),
              legend: 'of failed or slow actions',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Actions under way',
          shows: 'Traced actions that have not ended, and those per second that were given up: too many, or too old.',
          bad: 'a climb without end: actions that nobody answers. Beyond limits.open_actions the oldest are given up.',
          unit: 'short',
          width: 8,
          limits: 'none',
          targets: [
            { expr: series('wamp_trace_actions_open'), legend: '{{instance}} open' },
            {
              expr: sum(['instance'], rate(series('wamp_trace_actions_abandoned_total'))),
              legend: '{{instance}} given up per second',
              colour: 'red',
            },
          ],
        },
        ...EXPORT_PANELS,
        {
          kind: 'timeseries',
          title: 'Native traces',
          shows: 'Native traces that are running.',
          bad: 'one that nobody remembers: each of them costs something for every message. wampscope trace list names them.',
          unit: 'none',
          width: 8,
          limits: 'none',
          targets: [{ expr: series('wamp_trace_native_active'), legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Native traces stopped by the router',
          shows: 'Native traces per second that were stopped because they harmed the router.',
          bad: 'anything above zero: start them with a narrower filter, or without payloads.',
          unit: 'cps',
          width: 8,
          limits: 'zero',
          targets: [
            { expr: sum(['instance'], rate(series('wamp_trace_native_stopped_total'))), legend: '{{instance}}' },
          ],
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
          bad: 'sent below accepted for long: what they are sent to does not keep up. With tail sampling less is sent on purpose.',
          unit: 'cps',
          width: 8,
          limits: 'none',
          noValue: 'no Collector is scraped',
          targets: [
            { expr: sum([], rate(ACCEPTED)), legend: 'accepted' },
            {
              expr: sum(['exporter'], rate(series('otelcol_exporter_sent_spans_total'))),
              legend: 'sent by {{exporter}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Spans lost by the Collector',
          shows:
            'Spans per second that Collectors refused (the router tries again) or could not pass on (they are lost).',
          bad: 'anything above zero: it is short of memory, or what it sends to is away.',
          unit: 'cps',
          width: 8,
          limits: 'zero',
          noValue: 'no Collector is scraped',
          targets: [
            {
              expr: sum(['instance'], rate(series('otelcol_receiver_refused_spans_total'))),
              legend: '{{instance}} refused',
            },
            {
              expr: sum(['instance', 'exporter'], rate(series('otelcol_exporter_send_failed_spans_total'))),
              legend: '{{instance}} failed: {{exporter}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Queues of the Collector',
          shows: 'How full the queue of each exporter is.',
          bad: 'above 80 %: what it sends to is too slow; beyond 100 % spans are lost.',
          unit: 'percentunit',
          width: 8,
          max: 1,
          limits: { warn: 0.5, bad: 0.8 },
          noValue: 'no Collector is scraped',
          targets: [
            {
              expr: `sum by (instance, exporter, data_type) (${series('otelcol_exporter_queue_size')}) / sum by (instance, exporter, data_type) (${series('otelcol_exporter_queue_capacity')})`,
              legend: '{{instance}} {{exporter}} {{data_type}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Memory of the Collector',
          shows: 'Memory that the operating system has given to each Collector.',
          bad: 'near its limit: it refuses spans then.',
          unit: 'bytes',
          width: 12,
          limits: 'none',
          noValue: 'no Collector is scraped',
          targets: [
            { expr: `sum by (instance) (${series('otelcol_process_memory_rss_bytes')})`, legend: '{{instance}}' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Traces kept by tail sampling',
          shows: 'Share of the traces that the second tier of Collectors kept; without such a tier all of them are.',
          bad: 'a fall, where every error should be kept: more traces fail than `num_traces` has room for.',
          unit: 'percentunit',
          width: 12,
          max: 1,
          limits: 'none',
          noValue: 'no Collector is scraped',
          targets: [
            {
              expr: `(${share([], KEPT, DECIDED)}) or (${sum([], rate(ACCEPTED))} * 0 + 1)`,
              legend: 'kept',
            },
          ],
        },
      ],
    },
    {
      title: 'What the spans tell',
      panels: [
        {
          kind: 'timeseries',
          title: 'Spans by name',
          shows: 'Spans per second as the Collector counted them; the ten most frequent names.',
          bad: 'far less than the RPC and PubSub dashboards tell, while everything is sampled: spans do not arrive.',
          unit: 'cps',
          width: 8,
          limits: 'none',
          noValue: 'no span metrics',
          links: [SPANS_OF_LINE],
          targets: [{ expr: `topk(10, ${sum(['span_name'], rate(SPAN_CALLS))})`, legend: '{{span_name}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Failed spans by name',
          shows: 'Spans per second whose status is error; the ten most frequent names.',
          bad: 'a name that was not there before.',
          unit: 'cps',
          width: 8,
          limits: 'none',
          noValue: 'no span failed',
          links: [tracesOf('${__field.labels.span_name}', { error: 'true' })],
          targets: [{ expr: `topk(10, ${sum(['span_name'], rate(SPAN_ERRORS))})`, legend: '{{span_name}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Duration of spans, p95',
          shows:
            'A twentieth of the spans took longer; the ten slowest names. A diamond is one span: click it for its trace.',
          bad: 'the name that explains a slow trace.',
          unit: 'ms',
          width: 8,
          limits: 'none',
          noValue: 'no span metrics',
          links: [SPANS_OF_LINE],
          targets: [
            {
              expr: `topk(10, ${quantile(0.95, ['span_name'], SPAN_BUCKETS)})`,
              legend: '{{span_name}}',
              exemplar: true,
            },
          ],
        },
      ],
    },
  ],
};
