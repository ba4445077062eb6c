/** Owns what options and environment say of export over OTLP: where to, how, and in whose name. */

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import {
  type Environment,
  isTrue,
  type OtlpName,
  type Signal,
  type Variable,
  variable,
  type Warn,
} from './environment.js';
import type { Source } from './otlp.js';
import { ResourceAttribute, SCHEMA_URL, SCOPE_NAME } from './semconv.js';
import type { AttributeValue } from './span-data.js';

export type Protocol = 'http/protobuf' | 'http/json';

/** Everything that sending needs; plain data, so that it can go to another thread. */
export interface ExportSettings {
  readonly url: string;
  readonly protocol: Protocol;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'none' | 'gzip';
  readonly timeoutMillis: number;
  readonly userAgent: string;
  /** PEM text; '' where the platform's own is meant. */
  readonly certificate: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

const SERVICE = 'wampscope';
/** OTLP exporter specification, "Configuration Options": the default of OTEL_EXPORTER_OTLP_TIMEOUT. */
const DEFAULT_TIMEOUT = '10000';

/**
 * Where and how to send, or `undefined` when nothing is to be sent: no endpoint is given, or the environment
 * says no. `endpoint` means what OTEL_EXPORTER_OTLP_ENDPOINT means, and goes before the environment.
 */
export function exportSettings(
  endpoint: string | undefined,
  env: Environment,
  warn: Warn,
  signal: Signal = 'traces',
): ExportSettings | undefined {
  const url = urlOf(endpoint, env, signal);
  if (url === undefined || isSwitchedOff(env, warn, signal)) return undefined;
  const protocol = otlpVariable(env, signal, 'PROTOCOL');
  const timeout = otlpVariable(env, signal, 'TIMEOUT');
  const compression = otlpVariable(env, signal, 'COMPRESSION');
  return {
    url,
    protocol: oneOf(protocol, ['http/protobuf', 'http/json'], 'which a collector takes at port 4318'),
    headers: {
      ...pairsOf(variable(env, OTLP('HEADERS')), true),
      ...pairsOf(variable(env, OTLP_OF(signal, 'HEADERS')), true),
    },
    compression: oneOf(compression, ['none', 'gzip'], 'or leave it out'),
    timeoutMillis: positive(timeout ?? { name: OTLP('TIMEOUT'), value: DEFAULT_TIMEOUT }),
    userAgent: `${SERVICE}/${packageVersion()}`,
    certificate: fileOf(otlpVariable(env, signal, 'CERTIFICATE')),
    clientCertificate: fileOf(otlpVariable(env, signal, 'CLIENT_CERTIFICATE')),
    clientKey: fileOf(otlpVariable(env, signal, 'CLIENT_KEY')),
  };
}

/** OpenTelemetry specification, "General SDK Configuration" and "Exporter Selection". */
export function isSwitchedOff(env: Environment, warn: Warn, signal: Signal = 'traces'): boolean {
  const exporter = variable(env, EXPORTER[signal]);
  if (isTrue(env, 'OTEL_SDK_DISABLED', warn) || exporter?.value === 'none') return true;
  if (exporter !== undefined) oneOf(exporter, ['otlp'], 'or to none, or leave it out');
  return false;
}

/** In whose name: what OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say goes before what the process knows. */
export function sourceOf(env: Environment, instanceId: string = randomUUID()): Source {
  const version = packageVersion();
  const attributes: Record<string, AttributeValue> = {
    [ResourceAttribute.serviceName]: SERVICE,
    [ResourceAttribute.serviceVersion]: version,
    [ResourceAttribute.serviceInstanceId]: instanceId,
    [ResourceAttribute.telemetrySdkName]: SERVICE,
    [ResourceAttribute.telemetrySdkLanguage]: 'nodejs',
    [ResourceAttribute.telemetrySdkVersion]: version,
    [ResourceAttribute.processPid]: process.pid,
    [ResourceAttribute.processRuntimeName]: 'nodejs',
    [ResourceAttribute.processRuntimeVersion]: process.versions.node,
    [ResourceAttribute.hostName]: hostname(),
    ...pairsOf(variable(env, 'OTEL_RESOURCE_ATTRIBUTES'), false),
  };
  const name = variable(env, 'OTEL_SERVICE_NAME');
  if (name !== undefined) attributes[ResourceAttribute.serviceName] = name.value;
  return {
    resource: Object.entries(attributes).flat(),
    scopeName: SCOPE_NAME,
    scopeVersion: version,
    schemaUrl: SCHEMA_URL,
  };
}

/** Milliseconds of a variable, `fallback` when it is not set. */
export function millisecondsOf(
  env: Environment,
  name: 'OTEL_METRIC_EXPORT_INTERVAL' | 'OTEL_METRIC_EXPORT_TIMEOUT',
  fallback: number,
): number {
  const given = variable(env, name);
  return given === undefined ? fallback : positive(given, String(fallback));
}

/** Whether the environment asks for the export of `signal` by name. */
export function isAskedFor(env: Environment, signal: Signal): boolean {
  return variable(env, EXPORTER[signal]) !== undefined || variable(env, OTLP_OF(signal, 'ENDPOINT')) !== undefined;
}

const EXPORTER = { traces: 'OTEL_TRACES_EXPORTER', metrics: 'OTEL_METRICS_EXPORTER' } as const;
const INFIX = { traces: 'TRACES', metrics: 'METRICS' } as const;
const OTLP = <N extends OtlpName>(name: N) => `OTEL_EXPORTER_OTLP_${name}` as const;
const OTLP_OF = <N extends OtlpName>(signal: Signal, name: N) => `OTEL_EXPORTER_OTLP_${INFIX[signal]}_${name}` as const;

/** The variable of one signal alone goes before the one of all signals. */
function otlpVariable(env: Environment, signal: Signal, name: OtlpName): Variable | undefined {
  return variable(env, OTLP_OF(signal, name)) ?? variable(env, OTLP(name));
}

function urlOf(option: string | undefined, env: Environment, signal: Signal): string | undefined {
  // OTLP exporter specification, "Endpoint URLs for OTLP/HTTP": only the variable of one signal is taken as it is.
  const exact = variable(env, OTLP_OF(signal, 'ENDPOINT'));
  const base = option === undefined ? variable(env, OTLP('ENDPOINT')) : { name: '`endpoint`', value: option };
  if (option === undefined && exact !== undefined) return httpUrl(exact).href;
  if (base === undefined) return undefined;
  const url = httpUrl(base);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  url.pathname += `v1/${signal}`;
  return url.href;
}

function httpUrl(given: { readonly name: string; readonly value: string }): URL {
  const url = URL.canParse(given.value) ? new URL(given.value) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new TypeError(
    `Expected ${given.name} to be an http or https URL, got '${given.value}'; such as http://localhost:4318`,
  );
}

function oneOf<T extends string>(given: Variable | undefined, allowed: readonly [T, ...T[]], fix: string): T {
  if (given === undefined) return allowed[0];
  const value = allowed.find(known => known === given.value);
  if (value !== undefined) return value;
  throw new TypeError(`Unknown value '${given.value}' of ${given.name}; set it to ${allowed.join(' or ')}, ${fix}`);
}

/** @throws TypeError that names the variable. */
function positive(given: Variable, fallback = DEFAULT_TIMEOUT): number {
  const value = Number(given.value);
  if (Number.isFinite(value) && value > 0) return value;
  throw new TypeError(
    `Expected ${given.name} to be milliseconds above 0, got '${given.value}'; default is ${fallback}`,
  );
}

/**
 * `key=value,key=value`, both percent-encoded. A bare `=` in a value is an error in resources (resource SDK
 * specification) and usual in headers, where credentials end in it.
 */
function pairsOf(given: Variable | undefined, bareEquals: boolean): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const entry of given?.value.split(',') ?? []) {
    if (entry.trim() === '') continue;
    const cut = entry.indexOf('=');
    const key = entry.slice(0, cut).trim();
    const value = entry.slice(cut + 1).trim();
    if (cut < 0 || key === '' || (!bareEquals && value.includes('='))) {
      throw new TypeError(
        `Expected ${given!.name} to be key=value pairs, got '${entry}'; write , as %2C and = as %3D inside of them`,
      );
    }
    pairs[decoded(key, given!)] = decoded(value, given!);
  }
  return pairs;
}

function decoded(text: string, given: Variable): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError(`Expected ${given.name} to be percent-encoded, got '${text}'; write % as %25`);
  }
}

function fileOf(given: Variable | undefined): string {
  if (given === undefined) return '';
  try {
    return readFileSync(given.value, 'utf8');
  } catch (error) {
    throw new TypeError(
      `Cannot read the file that ${given.name} names, '${given.value}'; give the path of a PEM file`,
      {
        cause: error,
      },
    );
  }
}

/** The package's own, found above this file wherever it was compiled to. */
function packageVersion(): string {
  let folder = new URL('.', import.meta.url);
  for (;;) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
      if (isOurs(found)) return found.version;
    } catch {
      // Most folders have none.
    }
    const above = new URL('..', folder);
    if (above.href === folder.href) return 'unknown';
    folder = above;
  }
}

function isOurs(found: unknown): found is { version: string } {
  return typeof found === 'object' && found !== null && 'name' in found && found.name === SERVICE && 'version' in found;
}
