/** Owns the names of all metrics, with type, unit, labels and buckets: what Prometheus, OTLP and the README tell is made of it. */

/** A label of ours and the attribute that it is in OTLP. None of them is a session, an authid or a topic. */
export const LABELS = {
  version: { attribute: 'service.version', help: 'of the router' },
  realm: { attribute: 'wamp.realm', help: 'a realm of the configuration' },
  transport: { attribute: 'wamp.transport', help: '`websocket`, `rawsocket` or `memory`' },
  serializer: { attribute: 'wamp.serializer', help: '`json`, `msgpack` or `cbor`' },
  authmethod: { attribute: 'wamp.authmethod', help: '`anonymous` or `ticket`; `none` when there was none in common' },
  outcome: { attribute: 'wamp.outcome', help: 'of a login `ok` or `fail`; of a span what became of it' },
  reason: { attribute: 'wamp.reason', help: 'why, one of a few classes: see the metric' },
  direction: { attribute: 'wamp.direction', help: '`received` or `sent`, seen from the router' },
  type: { attribute: 'wamp.message.type', help: '`CALL` …; `_OTHER` is what could not be decoded' },
  match: { attribute: 'wamp.match', help: '`exact` or `prefix`' },
  leg: { attribute: 'wamp.call.leg', help: '`call`: CALL to INVOCATION; `result`: YIELD or ERROR to RESULT or ERROR' },
  rpc_system_name: { attribute: 'rpc.system.name', help: '`wamp`' },
  rpc_method: {
    attribute: 'rpc.method',
    help: 'the URI of a registration; `_OTHER` without one, and for all above `procedures`',
  },
  rpc_status_code: { attribute: 'rpc.status_code', help: '`OK` or the URI of the error; `_OTHER` for all above 200' },
  error_type: {
    attribute: 'error.type',
    help: 'the URI of the error, as in `rpc_status_code`; empty when nothing failed, and when the caller canceled',
  },
  request_type: { attribute: 'wamp.request.type', help: '`CALL`, `PUBLISH` …: what was refused' },
  label: { attribute: 'wamp.label', help: 'the label that had no room for a value' },
  session: { attribute: 'wamp.session.id', help: 'an id; in `/metrics/detailed` only' },
  authid: { attribute: 'wamp.authid', help: 'in `/metrics/detailed` only' },
  authrole: { attribute: 'wamp.authrole', help: 'in `/metrics/detailed` only' },
  procedure: { attribute: 'wamp.uri', help: 'the URI of a registration; in `/metrics/detailed` only' },
  topic: { attribute: 'wamp.uri', help: 'the URI of a subscription; in `/metrics/detailed` only' },
} as const;

export type Label = keyof typeof LABELS;

export interface MetricRow {
  /** In Prometheus: the OpenTelemetry name as its default translation spells it. */
  readonly name: string;
  /** The name of the instrument in OTLP. */
  readonly otel: string;
  /** A `level` goes up and down and may be added up over routers; a `gauge` may not. Prometheus has one type for both. */
  readonly kind: 'counter' | 'level' | 'gauge' | 'histogram';
  /** UCUM, as OpenTelemetry wants it; what is in braces does not show in the name. */
  readonly unit: string;
  readonly help: string;
  readonly labels: readonly Label[];
  /** Upper bounds, in `unit`. */
  readonly buckets?: readonly number[];
}

/** Semconv rpc, "rpc.server.call.duration", and three finer ones: a call through a router takes a millisecond. */
const CALL_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const ROUTER_BUCKETS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25];

/** All of `/metrics` that is not of Node.js itself. */
export const METRICS = {
  info: {
    name: 'wampscope_build_info',
    otel: 'wampscope.build_info',
    kind: 'gauge',
    unit: '{build}',
    help: 'Constant 1; the version is a label',
    labels: ['version'],
  },
  connections: {
    name: 'wamp_connection_count',
    otel: 'wamp.connection.count',
    kind: 'level',
    unit: '{connection}',
    help: 'Open transport connections, with or without a session',
    labels: [],
  },
  buffered: {
    name: 'wamp_connection_buffered_bytes',
    otel: 'wamp.connection.buffered',
    kind: 'level',
    unit: 'By',
    help: 'Octets that wait for slow peers, of all connections',
    labels: [],
  },
  bufferedMax: {
    name: 'wamp_connection_buffered_max_bytes',
    otel: 'wamp.connection.buffered.max',
    kind: 'gauge',
    unit: 'By',
    help: 'Octets that wait for the slowest peer',
    labels: [],
  },
  slow: {
    name: 'wamp_slow_consumer_count',
    otel: 'wamp.slow_consumer.count',
    kind: 'level',
    unit: '{connection}',
    help: 'Connections with more than a quarter of `send_queue_bytes` waiting',
    labels: [],
  },
  sessions: {
    name: 'wamp_session_count',
    otel: 'wamp.session.count',
    kind: 'level',
    unit: '{session}',
    help: 'Network sessions in a realm',
    labels: ['realm', 'transport', 'serializer', 'authmethod'],
  },
  opened: {
    name: 'wamp_session_opened_total',
    otel: 'wamp.session.opened',
    kind: 'counter',
    unit: '{session}',
    help: 'Sessions that joined a realm',
    labels: ['realm'],
  },
  closed: {
    name: 'wamp_session_closed_total',
    otel: 'wamp.session.closed',
    kind: 'counter',
    unit: '{session}',
    help: 'Sessions that left; reason: goodbye, abort, killed, shutdown, protocol_violation, slow_consumer, transport_lost, router_fault',
    labels: ['realm', 'reason'],
  },
  sessionDuration: {
    name: 'wamp_session_duration_seconds',
    otel: 'wamp.session.duration',
    kind: 'histogram',
    unit: 's',
    help: 'From WELCOME to the end of a session',
    labels: ['realm'],
    buckets: [1, 10, 60, 300, 1800, 3600, 21600, 86400],
  },
  auth: {
    name: 'wamp_auth_duration_seconds',
    otel: 'wamp.auth.duration',
    kind: 'histogram',
    unit: 's',
    help: 'From HELLO to WELCOME or ABORT',
    labels: ['authmethod', 'outcome'],
    buckets: CALL_BUCKETS,
  },
  messages: {
    name: 'wamp_messages_total',
    otel: 'wamp.messages',
    kind: 'counter',
    unit: '{message}',
    help: 'WAMP messages of network sessions',
    labels: ['realm', 'type', 'direction'],
  },
  bytes: {
    name: 'wamp_message_io_bytes_total',
    otel: 'wamp.message.io',
    kind: 'counter',
    unit: 'By',
    help: 'Octets of WAMP messages before framing',
    labels: ['realm', 'direction', 'serializer'],
  },
  rated: {
    name: 'wamp_rated_messages_total',
    otel: 'wamp.rated_messages',
    kind: 'counter',
    unit: '{message}',
    help: 'Messages in units of `rated_message_size`, as `on_stats` counts them',
    labels: ['realm', 'direction'],
  },
  sizes: {
    name: 'wamp_message_size_bytes',
    otel: 'wamp.message.size',
    kind: 'histogram',
    unit: 'By',
    help: 'Octets of a WAMP message before framing, received or sent',
    labels: ['type'],
    buckets: [64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 16777216],
  },
  calls: {
    name: 'rpc_server_call_duration_seconds',
    otel: 'rpc.server.call.duration',
    kind: 'histogram',
    unit: 's',
    help: 'From CALL to the final RESULT or ERROR',
    labels: ['realm', 'rpc_system_name', 'rpc_method', 'rpc_status_code', 'error_type'],
    buckets: CALL_BUCKETS,
  },
  routerTime: {
    name: 'wamp_router_time_seconds',
    otel: 'wamp.router.time',
    kind: 'histogram',
    unit: 's',
    help: 'What a call waited in the router, each leg: the rest of its duration is network and callee',
    labels: ['realm', 'leg'],
    buckets: ROUTER_BUCKETS,
  },
  calleeTime: {
    name: 'wamp_callee_time_seconds',
    otel: 'wamp.callee.time',
    kind: 'histogram',
    unit: 's',
    help: 'From INVOCATION written to its last YIELD or ERROR: network and callee',
    labels: ['realm', 'rpc_method'],
    buckets: CALL_BUCKETS,
  },
  inflight: {
    name: 'wamp_call_inflight',
    otel: 'wamp.call.inflight',
    kind: 'level',
    unit: '{call}',
    help: 'Calls that wait for their callee',
    labels: ['realm'],
  },
  progress: {
    name: 'wamp_call_progress_results_total',
    otel: 'wamp.call.progress.results',
    kind: 'counter',
    unit: '{result}',
    help: 'Progressive results sent to callers',
    labels: ['realm'],
  },
  errors: {
    name: 'wamp_errors_total',
    otel: 'wamp.errors',
    kind: 'counter',
    unit: '{error}',
    help: 'Requests that were answered with ERROR, by the router or by a callee',
    labels: ['realm', 'request_type', 'error_type'],
  },
  fanout: {
    name: 'wamp_publish_fanout',
    otel: 'wamp.publish.fanout',
    kind: 'histogram',
    unit: '{event}',
    help: 'EVENTs that a publication caused',
    labels: ['realm'],
    buckets: [0, 1, 2, 5, 10, 50, 100, 500, 1000, 5000, 10000, 50000],
  },
  delivery: {
    name: 'wamp_event_delivery_duration_seconds',
    otel: 'wamp.event.delivery.duration',
    kind: 'histogram',
    unit: 's',
    help: 'From PUBLISH until its EVENTs were handed to the operating system',
    labels: ['realm'],
    buckets: ROUTER_BUCKETS,
  },
  dropped: {
    name: 'wamp_event_dropped_total',
    otel: 'wamp.event.dropped',
    kind: 'counter',
    unit: '{event}',
    help: 'EVENTs that a subscriber did not get; reason: backpressure or payload_limit',
    labels: ['realm', 'reason'],
  },
  subscriptions: {
    name: 'wamp_subscription_count',
    otel: 'wamp.subscription.count',
    kind: 'level',
    unit: '{subscription}',
    help: 'Subscriptions of a realm: one per topic, however many subscribe',
    labels: ['realm', 'match'],
  },
  registrations: {
    name: 'wamp_registration_count',
    otel: 'wamp.registration.count',
    kind: 'level',
    unit: '{registration}',
    help: 'Registrations of a realm, the router’s own included',
    labels: ['realm', 'match'],
  },
  openActions: {
    name: 'wamp_trace_actions_open',
    otel: 'wamp.trace.actions.open',
    kind: 'level',
    unit: '{action}',
    help: 'Traced actions that have not ended',
    labels: [],
  },
  abandoned: {
    name: 'wamp_trace_actions_abandoned_total',
    otel: 'wamp.trace.actions.abandoned',
    kind: 'counter',
    unit: '{action}',
    help: 'Traced actions given up: too many or too old',
    labels: [],
  },
  traces: {
    name: 'wamp_trace_native_active',
    otel: 'wamp.trace.native.active',
    kind: 'level',
    unit: '{trace}',
    help: 'Native traces that are running',
    labels: [],
  },
  harmful: {
    name: 'wamp_trace_native_stopped_total',
    otel: 'wamp.trace.native.stopped',
    kind: 'counter',
    unit: '{trace}',
    help: 'Native traces stopped because they harmed the router',
    labels: [],
  },
  spans: {
    name: 'wamp_trace_spans_total',
    otel: 'wamp.trace.spans',
    kind: 'counter',
    unit: '{span}',
    help: 'Spans, by what became of them: exported, dropped or failed',
    labels: ['outcome'],
  },
  utilization: {
    name: 'nodejs_eventloop_utilization_ratio',
    otel: 'nodejs.eventloop.utilization',
    kind: 'gauge',
    unit: '1',
    help: 'Share of the time since the last scrape in which the event loop was busy',
    labels: [],
  },
  scrapeDuration: {
    name: 'wamp_scrape_duration_seconds',
    otel: 'wamp.scrape.duration',
    kind: 'gauge',
    unit: 's',
    help: 'What the last scrape cost the event loop, all its turns together',
    labels: [],
  },
  scrapeStall: {
    name: 'wamp_scrape_stall_seconds',
    otel: 'wamp.scrape.stall',
    kind: 'gauge',
    unit: 's',
    help: 'The longest turn of the last scrape',
    labels: [],
  },
  scrapeSamples: {
    name: 'wamp_scrape_samples',
    otel: 'wamp.scrape.samples',
    kind: 'gauge',
    unit: '{sample}',
    help: 'Lines of the last scrape that were values',
    labels: [],
  },
  overflow: {
    name: 'wamp_metric_overflow_total',
    otel: 'wamp.metric.overflow',
    kind: 'counter',
    unit: '{value}',
    help: 'Values that a label had no room for; they count as `_OTHER`',
    labels: ['label'],
  },
} as const satisfies Record<string, MetricRow>;

/** Families of `/metrics/detailed`, which is a job of its own: names differ, so that no sum counts anything twice. */
export const DETAILED = {
  session: {
    bytes: {
      name: 'wamp_detailed_session_io_bytes_total',
      otel: 'wamp.detailed.session.io',
      kind: 'counter',
      unit: 'By',
      help: 'Octets of WAMP messages of a session',
      labels: ['realm', 'session', 'authid', 'authrole', 'serializer', 'transport', 'direction'],
    },
    messages: {
      name: 'wamp_detailed_session_messages_total',
      otel: 'wamp.detailed.session.messages',
      kind: 'counter',
      unit: '{message}',
      help: 'WAMP messages of a session',
      labels: ['realm', 'session', 'authid', 'authrole', 'serializer', 'transport', 'direction'],
    },
    rated: {
      name: 'wamp_detailed_session_rated_messages_total',
      otel: 'wamp.detailed.session.rated_messages',
      kind: 'counter',
      unit: '{message}',
      help: 'Messages of a session in units of `rated_message_size`',
      labels: ['realm', 'session', 'authid', 'authrole', 'serializer', 'transport', 'direction'],
    },
    dropped: {
      name: 'wamp_detailed_session_events_dropped_total',
      otel: 'wamp.detailed.session.events_dropped',
      kind: 'counter',
      unit: '{event}',
      help: 'EVENTs that the session did not get',
      labels: ['realm', 'session', 'authid', 'authrole', 'serializer', 'transport'],
    },
    buffered: {
      name: 'wamp_detailed_session_buffered_bytes',
      otel: 'wamp.detailed.session.buffered',
      kind: 'level',
      unit: 'By',
      help: 'Octets that wait for the session to read',
      labels: ['realm', 'session', 'authid', 'authrole', 'serializer', 'transport'],
    },
  },
  procedure: {
    calls: {
      name: 'wamp_detailed_procedure_calls_total',
      otel: 'wamp.detailed.procedure.calls',
      kind: 'counter',
      unit: '{call}',
      help: 'Calls that a registration took, since it was made',
      labels: ['realm', 'procedure', 'match'],
    },
    callees: {
      name: 'wamp_detailed_procedure_callees',
      otel: 'wamp.detailed.procedure.callees',
      kind: 'level',
      unit: '{callee}',
      help: 'Sessions that share a registration',
      labels: ['realm', 'procedure', 'match'],
    },
  },
  topic: {
    events: {
      name: 'wamp_detailed_topic_events_total',
      otel: 'wamp.detailed.topic.events',
      kind: 'counter',
      unit: '{event}',
      help: 'EVENTs sent for a subscription, since it was made',
      labels: ['realm', 'topic', 'match'],
    },
    subscribers: {
      name: 'wamp_detailed_topic_subscribers',
      otel: 'wamp.detailed.topic.subscribers',
      kind: 'level',
      unit: '{session}',
      help: 'Sessions of a subscription',
      labels: ['realm', 'topic', 'match'],
    },
  },
} as const satisfies Record<string, Record<string, MetricRow>>;

export type Family = keyof typeof DETAILED;

/** What Prometheus calls the type of a row. */
export function prometheusType({ kind }: MetricRow): 'counter' | 'gauge' | 'histogram' {
  return kind === 'level' ? 'gauge' : kind;
}

/**
 * The bounds of a row's buckets in whole `ticks` of its unit: 1e6 for microseconds.
 *
 * @throws TypeError for a row without buckets.
 */
export function bucketsOf({ name, buckets }: MetricRow, ticks = 1): number[] {
  if (!buckets) throw new TypeError(`${name} has no buckets`);
  return buckets.map(bound => Math.round(bound * ticks));
}
