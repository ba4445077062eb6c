/** Owns what options and environment variables mean, and what is said when they are wrong. */

import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Environment } from '../../../src/observers/spans/environment.js';
import { createSpans, type SpanOptions } from '../../../src/observers/spans/index.js';
import type { ExportSettings } from '../../../src/observers/spans/settings.js';
import { exportSettings, sourceOf } from '../../../src/observers/spans/settings.js';
import { outcomes } from './pipelines.js';

const BASE = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

/** [option, environment, URL] */
const URLS: readonly (readonly [string | undefined, Environment, string | undefined])[] = [
  [undefined, {}, undefined],
  [undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, undefined],
  [undefined, BASE, 'http://collector:4318/v1/traces'],
  [undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/base/' }, 'https://c/base/v1/traces'],
  [undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/base?key=1' }, 'https://c/base/v1/traces?key=1'],
  [undefined, { ...BASE, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t:1' }, 'http://t:1/'],
  [undefined, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t:1/in' }, 'http://t:1/in'],
  ['http://mine:4318', { ...BASE, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t' }, 'http://mine:4318/v1/traces'],
  ['http://mine:4318', { OTEL_SDK_DISABLED: 'true' }, undefined],
  ['http://mine:4318', { OTEL_SDK_DISABLED: 'no' }, 'http://mine:4318/v1/traces'],
  ['http://mine:4318', { OTEL_TRACES_EXPORTER: 'none' }, undefined],
  ['http://mine:4318', { OTEL_TRACES_EXPORTER: 'otlp' }, 'http://mine:4318/v1/traces'],
];

test('the endpoint decides whether and where to', () => {
  for (const [option, env, url] of URLS) {
    assert.equal(exportSettings(option, env, () => {})?.url, url, JSON.stringify([option, env]));
  }
});

/** [environment, what it makes of the settings] */
const SETTINGS: readonly (readonly [Environment, Partial<ExportSettings>])[] = [
  [{}, { protocol: 'http/protobuf', compression: 'none', timeoutMillis: 10_000, headers: {} }],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, { protocol: 'http/json' }],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' },
    { protocol: 'http/protobuf' },
  ],
  [{ OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }, { compression: 'gzip' }],
  [{ OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip', OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none' }, { compression: 'none' }],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: '500' }, { timeoutMillis: 500 }],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: '500', OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '7' }, { timeoutMillis: 7 }],
  [
    { OTEL_EXPORTER_OTLP_HEADERS: ' a = 1 ,, b=x%2Cy%20z,Authorization=Basic dXNlcg==' },
    { headers: { a: '1', b: 'x,y z', Authorization: 'Basic dXNlcg==' } },
  ],
  [
    { OTEL_EXPORTER_OTLP_HEADERS: 'a=1,b=2', OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'b=3' },
    { headers: { a: '1', b: '3' } },
  ],
];

test('the environment decides how', () => {
  for (const [env, expected] of SETTINGS) {
    const settings = exportSettings('http://c', env, assert.fail)!;
    const found = Object.fromEntries(Object.keys(expected).map(key => [key, settings[key as keyof ExportSettings]]));
    assert.deepEqual(found, expected, JSON.stringify(env));
  }
});

test('certificates are read from the files that are named', () => {
  const path = join(tmpdir(), `wampscope-${process.pid}.pem`);
  writeFileSync(path, 'PEM');
  try {
    const settings = exportSettings(
      'https://c',
      {
        OTEL_EXPORTER_OTLP_CERTIFICATE: path,
        OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: path,
      },
      assert.fail,
    )!;
    assert.deepEqual([settings.certificate, settings.clientKey, settings.clientCertificate], ['PEM', 'PEM', '']);
  } finally {
    rmSync(path);
  }
});

/** [environment, what the error must say] */
const WRONG: readonly (readonly [Environment, RegExp])[] = [
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    /'grpc' of OTEL_EXPORTER_OTLP_PROTOCOL; set it to http\/protobuf or http\/json, .* port 4318/,
  ],
  [{ OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'br' }, /'br' of OTEL_EXPORTER_OTLP_TRACES_COMPRESSION; .* none or gzip/],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: '10s' }, /OTEL_EXPORTER_OTLP_TIMEOUT .* milliseconds above 0, got '10s'/],
  [{ OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '0' }, /OTEL_EXPORTER_OTLP_TRACES_TIMEOUT .* got '0'/],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=1,token' }, /OTEL_EXPORTER_OTLP_HEADERS to be key=value pairs, got 'token'/],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=100%' }, /OTEL_EXPORTER_OTLP_HEADERS to be percent-encoded, got '100%'; .* %25/],
  [{ OTEL_EXPORTER_OTLP_CERTIFICATE: '/no/such.pem' }, /OTEL_EXPORTER_OTLP_CERTIFICATE names, '\/no\/such\.pem'/],
  [{ OTEL_TRACES_EXPORTER: 'jaeger' }, /'jaeger' of OTEL_TRACES_EXPORTER; set it to otlp, or to none/],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'a=b=c' }, /OTEL_RESOURCE_ATTRIBUTES .* got 'a=b=c'; .* %3D/],
  [{ OTEL_RESOURCE_ATTRIBUTES: '=b' }, /OTEL_RESOURCE_ATTRIBUTES .* got '=b'/],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'a=%zz' }, /OTEL_RESOURCE_ATTRIBUTES to be percent-encoded, got '%zz'/],
];

test('a wrong value is refused with the name of its variable, the value and the fix', () => {
  for (const [env, message] of WRONG) {
    assert.throws(() => [exportSettings('http://c', env, assert.fail), sourceOf(env)], message, JSON.stringify(env));
  }
  for (const endpoint of ['collector:4318', 'localhost', 'grpc://c', '']) {
    assert.throws(
      () => exportSettings(endpoint, {}, assert.fail),
      /`endpoint` to be an http or https URL, .* http:\/\/localhost/,
    );
    if (endpoint === '') continue;
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
    assert.throws(
      () => exportSettings(undefined, env, assert.fail),
      /OTEL_EXPORTER_OTLP_ENDPOINT to be an http or https URL/,
    );
  }
});

function resource(env: Environment): Record<string, unknown> {
  const { resource } = sourceOf(env);
  const pairs = resource.flatMap((key, i) => (i % 2 === 0 ? [[String(key), resource[i + 1]]] : []));
  return Object.fromEntries(pairs);
}

test('the resource says which service this is', () => {
  const plain = resource({});
  assert.equal(plain['service.name'], 'wampscope');
  assert.match(
    String(plain['service.instance.id']),
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  assert.equal(plain['service.version'], manifest.version);
  assert.equal(plain['process.pid'], process.pid);
  assert.equal(plain['telemetry.sdk.language'], 'nodejs');
  assert.notEqual(resource({})['service.instance.id'], plain['service.instance.id']);
});

test('OTEL_RESOURCE_ATTRIBUTES goes before what the process knows, OTEL_SERVICE_NAME before both', () => {
  const env = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=a, service.instance.id = 1 ,team=r%26d%2C%3D,' };
  assert.equal(resource(env)['service.name'], 'a');
  assert.equal(resource(env)['service.instance.id'], '1');
  assert.equal(resource(env).team, 'r&d,=');
  assert.equal(resource({ ...env, OTEL_SERVICE_NAME: 'b' })['service.name'], 'b');
});

test('without an endpoint nothing is observed, and nothing is counted', async () => {
  for (const pipeline of ['rows', 'sdk'] as const) {
    const spans = createSpans({ pipeline, env: {}, log: { warn: assert.fail } });
    assert.equal(spans.onActionEnd, undefined);
    assert.equal(spans.onFrame, undefined);
    await spans.flush();
    await spans.close();
    assert.deepEqual(outcomes(spans), { spans: 0, exported: 0, dropped: 0, failed: 0, waiting: 0 });
  }
});

test('options that contradict each other are refused', () => {
  const exporter = {} as SpanExporter;
  const processor = {} as SpanProcessor;
  const make = (over: Partial<SpanOptions>) => () => createSpans({ pipeline: 'sdk', env: {}, log: console, ...over });
  assert.throws(make({ exporter, processor }), /`exporter` or `processor`, got both/);
  assert.throws(make({ pipeline: 'rows', exporter }), /Expected pipeline 'sdk'/);
  assert.throws(make({ pipeline: 'rows', processor }), /Expected pipeline 'sdk'/);
  assert.throws(make({ pipeline: 'fast' as 'rows' }), /`pipeline` to be 'rows' or 'sdk', got 'fast'/);
});
