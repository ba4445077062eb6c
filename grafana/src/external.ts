/** Owns the metrics of others that dashboards and rules read: each with where it comes from. */

import type { Instrument } from './instrument.js';

/** prom-client 15, `collectDefaultMetrics`, as far as the router has it. A test compares this list with its page. */
const PROCESS = {
  process_start_time_seconds: gauge('metrics'),
  process_cpu_user_seconds_total: counter('metrics'),
  process_cpu_system_seconds_total: counter('metrics'),
  process_resident_memory_bytes: gauge('metrics'),
  process_open_fds: gauge('metrics'),
  process_max_fds: gauge('metrics'),
  nodejs_eventloop_lag_p50_seconds: gauge('metrics'),
  nodejs_eventloop_lag_p99_seconds: gauge('metrics'),
  nodejs_eventloop_lag_max_seconds: gauge('metrics'),
  nodejs_gc_duration_seconds: histogram('metrics', 'kind'),
  nodejs_heap_size_used_bytes: gauge('metrics'),
  nodejs_heap_size_total_bytes: gauge('metrics'),
  nodejs_external_memory_bytes: gauge('metrics'),
  nodejs_heap_space_size_used_bytes: gauge('metrics', 'space'),
  nodejs_version_info: gauge('metrics', 'version', 'major', 'minor', 'patch'),
} as const satisfies { [name: string]: Instrument };

/** What Prometheus itself says of each target it scrapes. */
const TARGETS = {
  up: gauge('metrics'),
  scrape_duration_seconds: gauge('metrics'),
  scrape_samples_scraped: gauge('metrics'),
} as const satisfies { [name: string]: Instrument };

/** The Collector's connector `spanmetrics` 0.140, with the dimensions of collector/collector.yaml. */
const SPAN_LABELS = [
  'service_name',
  'span_name',
  'span_kind',
  'status_code',
  'wamp_action',
  'wamp_realm',
  'error_type',
] as const;
const SPAN_METRICS = {
  traces_span_metrics_calls_total: counter('collector', ...SPAN_LABELS),
  traces_span_metrics_duration_milliseconds: histogram('collector', ...SPAN_LABELS),
} as const satisfies { [name: string]: Instrument };

/** The Collector's own metrics, 0.140. */
const COLLECTOR = {
  otelcol_receiver_accepted_spans_total: counter('collector', 'receiver', 'transport'),
  otelcol_receiver_refused_spans_total: counter('collector', 'receiver', 'transport'),
  otelcol_exporter_sent_spans_total: counter('collector', 'exporter'),
  otelcol_exporter_send_failed_spans_total: counter('collector', 'exporter'),
  otelcol_exporter_queue_size: gauge('collector', 'exporter', 'data_type'),
  otelcol_exporter_queue_capacity: gauge('collector', 'exporter', 'data_type'),
  otelcol_process_memory_rss_bytes: gauge('collector'),
  otelcol_processor_tail_sampling_global_count_traces_sampled_total: counter('collector', 'sampled', 'decision'),
} as const satisfies { [name: string]: Instrument };

export const EXTERNAL = { ...PROCESS, ...TARGETS, ...SPAN_METRICS, ...COLLECTOR } as const;

/** Those that come with the router's own page. */
export const OF_THE_PROCESS: readonly string[] = Object.keys(PROCESS);

function gauge<const Labels extends readonly string[]>(scrape: Instrument['scrape'], ...labels: Labels) {
  return { type: 'gauge', scrape, labels } as const;
}

function counter<const Labels extends readonly string[]>(scrape: Instrument['scrape'], ...labels: Labels) {
  return { type: 'counter', scrape, labels } as const;
}

function histogram<const Labels extends readonly string[]>(scrape: Instrument['scrape'], ...labels: Labels) {
  return { type: 'histogram', scrape, labels } as const;
}
