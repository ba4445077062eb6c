/** Owns what a row of the tables of metrics is, and which labels there are. */

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
  /**
   * In Prometheus: the OpenTelemetry name as its default translation spells it, but a plural for what ends in `.count`
   * there, because `_count` belongs to histograms here (promtool says so).
   */
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
