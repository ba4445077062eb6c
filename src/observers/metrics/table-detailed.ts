/** Owns the names of the metrics of `/metrics/detailed`. */

import type { MetricRow } from './table-row.js';

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
