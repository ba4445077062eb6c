/** Owns the standard environment variables: which there are for traces, which are honoured, how values are read. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** [name, what happens without it, what it does here]. The table in docs/opentelemetry-environment.md is this one. */
export const HONOURED = [
  ['OTEL_SDK_DISABLED', 'false', '`true` exports nothing'],
  ['OTEL_TRACES_EXPORTER', 'otlp', '`none` exports nothing'],
  ['OTEL_SERVICE_NAME', 'wampscope', 'the attribute `service.name` of the resource'],
  [
    'OTEL_RESOURCE_ATTRIBUTES',
    '',
    '`key=value,key=value`, percent-encoded; goes before what the process knows of itself',
  ],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', '', 'where to, with `/v1/traces` behind it; nothing is exported without an endpoint'],
  ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', '', 'where to, as it is'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http/protobuf', '`http/protobuf` or `http/json`; there is no `grpc`'],
  ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', '', 'the same, for traces'],
  ['OTEL_EXPORTER_OTLP_HEADERS', '', '`key=value,key=value`, percent-encoded'],
  ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', '', 'the same, for traces; both are sent, and these go before'],
  ['OTEL_EXPORTER_OTLP_COMPRESSION', 'none', '`none` or `gzip`'],
  ['OTEL_EXPORTER_OTLP_TRACES_COMPRESSION', '', 'the same, for traces'],
  ['OTEL_EXPORTER_OTLP_TIMEOUT', '10000', 'milliseconds that one attempt waits for its answer'],
  ['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', '', 'the same, for traces'],
  [
    'OTEL_EXPORTER_OTLP_CERTIFICATE',
    '',
    'PEM file of the authorities that a collector’s certificate is checked against',
  ],
  ['OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE', '', 'the same, for traces'],
  ['OTEL_EXPORTER_OTLP_CLIENT_KEY', '', 'PEM file of the key for mutual TLS'],
  ['OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY', '', 'the same, for traces'],
  ['OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', '', 'PEM file of the certificate for mutual TLS'],
  ['OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE', '', 'the same, for traces'],
  ['OTEL_BSP_SCHEDULE_DELAY', '200; `sdk`: 1000', 'milliseconds that a span waits for others to go with'],
  ['OTEL_BSP_MAX_QUEUE_SIZE', '131072; `sdk`: 16384', 'spans that wait at most'],
  [
    'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    '2048; `sdk`: 512',
    'spans of a request; the action that reaches it is sent whole',
  ],
  ['OTEL_BSP_EXPORT_TIMEOUT', '60000; `sdk`: 30000', 'milliseconds until a request is given up, with all its attempts'],
  [
    'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    '1024',
    'characters of what clients name: URIs, `authid` and the like; 1024 at most',
  ],
  ['OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', '1024', 'the same, where the one of spans is not set'],
  ['OTEL_TRACES_SAMPLER', 'always_on', 'read and checked; every action is exported whatever it says'],
  ['OTEL_TRACES_SAMPLER_ARG', '1', 'the ratio of `traceidratio`; read and checked as well'],
] as const satisfies readonly (readonly [name: string, without: string, meaning: string])[];

/** The same for metrics; what there is one of for all signals is above. */
export const HONOURED_BY_METRICS = [
  ['OTEL_METRICS_EXPORTER', 'none', '`otlp` exports metrics; `none` exports nothing'],
  [
    'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
    'http://localhost:4318/v1/metrics',
    'where to, as it is; asks for the export',
  ],
  ['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', '', 'as for all signals'],
  ['OTEL_EXPORTER_OTLP_METRICS_HEADERS', '', 'as for all signals; both are sent, and these go before'],
  ['OTEL_EXPORTER_OTLP_METRICS_COMPRESSION', '', 'as for all signals'],
  ['OTEL_EXPORTER_OTLP_METRICS_TIMEOUT', '', 'as for all signals'],
  ['OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE', '', 'as for all signals'],
  ['OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY', '', 'as for all signals'],
  ['OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE', '', 'as for all signals'],
  ['OTEL_METRIC_EXPORT_INTERVAL', '60000', 'milliseconds between two exports'],
  ['OTEL_METRIC_EXPORT_TIMEOUT', '30000', 'milliseconds until an export is given up'],
] as const satisfies readonly (readonly [name: string, without: string, meaning: string])[];

/** What is exported: each has variables and a path of its own. */
export type Signal = 'traces' | 'metrics';

/** Variables of which there is one for all signals and one for each. */
export type OtlpName =
  | 'CERTIFICATE'
  | 'CLIENT_CERTIFICATE'
  | 'CLIENT_KEY'
  | 'COMPRESSION'
  | 'ENDPOINT'
  | 'HEADERS'
  | 'PROTOCOL'
  | 'TIMEOUT';

/** [name, why not] */
export const NOT_HONOURED = [
  [
    'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT',
    'the router writes a fixed set of attributes, far below the standard limit of 128',
  ],
  ['OTEL_ATTRIBUTE_COUNT_LIMIT', 'the same'],
  ['OTEL_SPAN_EVENT_COUNT_LIMIT', 'spans have no events'],
  ['OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 'spans have no events'],
  ['OTEL_SPAN_LINK_COUNT_LIMIT', 'spans have no links'],
  ['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', 'spans have no links'],
  ['OTEL_EXPORTER_OTLP_INSECURE', 'it is for gRPC; the scheme of the endpoint says it for HTTP'],
  ['OTEL_PROPAGATORS', 'WAMP has no headers; context travels in options and details'],
  ['OTEL_LOG_LEVEL', 'warnings go to the log of the router'],
  ['OTEL_CONFIG_FILE', 'the configuration is that of the router'],
  ['OTEL_BLRP_*, OTEL_LOGS_EXPORTER', 'no logs are exported'],
  ['OTEL_EXPORTER_ZIPKIN_*, OTEL_EXPORTER_JAEGER_*', 'both take OTLP'],
] as const satisfies readonly (readonly [name: string, reason: string])[];

export type HonouredName = (typeof HONOURED)[number][0] | (typeof HONOURED_BY_METRICS)[number][0];

export interface Variable {
  readonly name: HonouredName;
  readonly value: string;
}

export type Warn = (message: string) => void;

/** OpenTelemetry specification, "Environment Variable Specification": empty is unset. */
export function variable(env: Environment, name: HonouredName): Variable | undefined {
  const value = env[name]?.trim();
  return value === undefined || value === '' ? undefined : { name, value };
}

/** The same specification: all but `true` is false, and worth a warning when it is not `false`. */
export function isTrue(env: Environment, name: HonouredName, warn: Warn): boolean {
  const given = variable(env, name);
  const value = given?.value.toLowerCase();
  if (value !== undefined && value !== 'true' && value !== 'false') {
    warn(`Expected ${name} to be true or false, got '${given!.value}'; it is taken for false`);
  }
  return value === 'true';
}

/** The same specification: a number that is none is ignored with a warning. */
export function wholeNumber(env: Environment, name: HonouredName, least: number, fallback: number, warn: Warn): number {
  const given = variable(env, name);
  if (given === undefined) return fallback;
  const value = Number(given.value);
  if (/^\d+$/.test(given.value) && value >= least && value <= MAX_INTEGER) return value;
  const range = `a whole number of ${least} to ${MAX_INTEGER}`;
  warn(`Expected ${name} to be ${range}, got '${given.value}'; it is ignored, and ${fallback} holds`);
  return fallback;
}

const MAX_INTEGER = 2 ** 31 - 1;
