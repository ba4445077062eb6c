/** Proves that docker-compose.yml, the configurations that it mounts and src/ agree; test/stack proves that they work. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { listenersOf } from '../../src/node/config/listeners.js';
import { parseConfig } from '../../src/node/config/load.js';
import { HTTP_PORT, ROUTER_PORT } from '../../src/node/config/ports.js';
import { ROOT, readCompose } from './compose.js';
import { listeners, references } from './network.js';

const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const compose = readCompose();
const scaled = readCompose({ COLLECTOR: 'tier1' });
const services = [...compose.services.values()];
const router = compose.services.get('router')!;
const dockerfile = text(router.dockerfile);

test('every file and folder that is mounted is there and cannot be written, and every volume is declared', () => {
  const mounts = [...services, ...scaled.services.values()].flatMap(service => service.mounts);
  const missing = mounts.filter(({ source, isVolume }) =>
    isVolume ? !compose.volumes.includes(source) : !existsSync(source),
  );
  assert.deepEqual(missing, []);
  const writable = [...text('docker-compose.yml').matchAll(/^ +- (\.\/.*)$/gm)].map(([, mount]) => mount!);
  assert.deepEqual(
    writable.filter(mount => !mount.endsWith(':ro')),
    [],
  );
});

test('everything is published on loopback only, at ports that somebody listens on, and no two at the same', () => {
  const ports = listeners(compose);
  const all = services.flatMap(({ name, ports: own }) => own.map(port => ({ name, ...port })));
  assert.deepEqual(
    all.filter(({ host, name, target }) => host !== '127.0.0.1' || !ports.get(name)!.has(target)),
    [],
  );
  assert.equal(new Set(all.map(({ published }) => published)).size, all.length);
});

test('every address in the environment, in Prometheus and in Grafana is a service and a port that it listens on', () => {
  const ports = listeners(compose);
  // As a browser or Prometheus itself sees them.
  const published = new Set(services.flatMap(service => service.ports.map(port => port.published)));
  const wrong = references(compose).filter(({ host, port }) =>
    host === 'localhost' ? !published.has(port) : !ports.get(host)?.has(port),
  );
  assert.deepEqual(wrong, []);
  assert.ok(references(compose).length > 10);
});

test('the Collectors and Jaeger get each variable that their configurations name, and no other', () => {
  for (const { name, command, mounts, environment } of [...services, ...scaled.services.values()]) {
    const config = /^--config=(.*)$/.exec(command[0] ?? '')?.[1];
    if (!config) continue;
    const mount = mounts.find(({ target }) => config.startsWith(target))!;
    const written = readFileSync(config.replace(mount.target, mount.source), 'utf8');
    const named = new Set([...written.matchAll(/\$\{env:(\w+):-[^}]+\}/g)].map(([, variable]) => variable!));
    assert.equal([...written.matchAll(/\$\{/g)].length, [...written.matchAll(/\$\{env:\w+:-[^}]+\}/g)].length, config);
    // The collector may be either of two.
    const known = ['GOMEMLIMIT', ...(name === 'collector' ? ['JAEGER_ADDRESS', 'SAMPLER_ADDRESSES'] : [])];
    const given = Object.keys(environment).filter(variable => named.has(variable) || !known.includes(variable));
    assert.deepEqual(given.sort(), [...named].sort(), `${name} with ${config}`);
  }
});

test('without a profile there is one Collector, and the profile scale adds the second tier', () => {
  const profiles = Object.fromEntries(services.map(({ name, profiles: own }) => [name, own]));
  const samplers = Object.keys(profiles).filter(name => name.startsWith('sampler'));
  assert.deepEqual(
    Object.keys(profiles).filter(name => profiles[name]!.length > 0),
    samplers,
  );
  assert.deepEqual(
    samplers.map(name => profiles[name]),
    [['scale'], ['scale']],
  );
  const known = /\[(.*)\]/.exec(compose.services.get('collector')!.environment.SAMPLER_ADDRESSES!)![1];
  assert.deepEqual(
    known!.split(', '),
    samplers.map(name => `${name}:4317`),
  );
});

test('every image is of the version that the tests build', () => {
  const required = (part: string, module: string): string =>
    new RegExp(`${module} v(\\S+)`).exec(text(`test/stack/parts/${part}/go.mod`))![1]!;
  const contrib = required('collector', 'opentelemetry-collector-contrib/connector/spanmetricsconnector');
  // Prometheus v3.13.5 is the module v0.313.5; Jaeger 2.13.0 is v1.76.0, of the same day as the last of version 1.
  const prometheus = required('prometheus', 'prometheus/prometheus').replace(/^0\.3(\d+)\./, '3.$1.');
  const jaeger = required('jaeger', 'jaegertracing/jaeger').replace(/^1\.(\d+)\./, (_, minor) => `2.${minor - 63}.`);
  const images = Object.fromEntries(services.map(({ name, image }) => [name, image]));
  const collector = `otel/opentelemetry-collector-contrib:${contrib}`;
  assert.deepEqual(images, {
    router: 'wampscope',
    collector,
    'sampler-1': collector,
    'sampler-2': collector,
    jaeger: `jaegertracing/jaeger:${jaeger}`,
    prometheus: `prom/prometheus:v${prometheus}`,
    // None is built: see docs/adr/016.
    grafana: images.grafana,
  });
  assert.match(images.grafana!, /^grafana\/grafana:\d+\.\d+\.\d+$/);
});

test('the manifest of the Collector names what its go.mod requires', () => {
  const manifest = text('test/stack/parts/collector/manifest.yaml');
  const modules = text('test/stack/parts/collector/go.mod');
  const named = [...manifest.matchAll(/gomod: (\S+ v\S+)/g)].map(([, module]) => module!);
  assert.ok(named.length > 5);
  assert.deepEqual(
    named.filter(module => !modules.includes(`\t${module}\n`)),
    [],
  );
});

test('the image of the router is built on one exact version of Node.js, of a major that is tested', () => {
  const bases = new Set([...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!));
  assert.equal(bases.size, 1);
  const [, major] = /^node:(\d+)\.\d+\.\d+-[a-z]+-slim$/.exec([...bases][0]!) ?? [];
  assert.ok(text('scripts/run.mjs').includes(`'${major}'`), `Node.js ${major} is none of test:nodes`);
});

test('the image runs as somebody who is not root, and exposes the ports of its configuration', () => {
  assert.match(dockerfile, /^USER node$/m);
  const ports = /^EXPOSE (.*)$/m.exec(dockerfile)![1]!.split(' ').map(Number);
  assert.deepEqual(ports, [ROUTER_PORT, HTTP_PORT]);
  assert.match(dockerfile, new RegExp(`^HEALTHCHECK .*"http://127\\.0\\.0\\.1:${HTTP_PORT}/healthz"\\]$`, 'm'));
});

test('the container’s configuration is accepted without a warning, with the variables of docker-compose.yml and no others', () => {
  const file = 'examples/config/container.yaml';
  const { config, warnings } = parseConfig(text(file), 'yaml', file, { environment: router.environment });
  assert.deepEqual(warnings, []);
  const endpoints = listenersOf(config).map(({ endpoint }) => endpoint);
  assert.deepEqual(
    endpoints.map(endpoint => endpoint.type === 'tcp' && [endpoint.interface, endpoint.port]),
    [['0.0.0.0', ROUTER_PORT]],
  );
  assert.deepEqual([config.wampscope.http!.interface, config.wampscope.http!.port], ['0.0.0.0', HTTP_PORT]);
});

interface DataSource {
  readonly uid: string;
  readonly type: string;
  readonly jsonData: { readonly timeInterval?: string };
}

const dataSources = (parse(text('grafana/provisioning/datasources/datasources.yaml')) as { datasources: DataSource[] })
  .datasources;

test('Grafana’s data sources and dashboards are where it looks for them', () => {
  const grafana = compose.services.get('grafana')!;
  const provider = parse(text('grafana/provisioning/dashboards/dashboards.yaml')) as {
    providers: { options: { path: string } }[];
  };
  const targets = new Map(grafana.mounts.map(({ target, source }) => [target, source]));
  assert.equal(targets.get(provider.providers[0]!.options.path), join(ROOT, 'grafana/dashboards'));
  assert.equal(targets.get('/etc/grafana/provisioning'), join(ROOT, 'grafana/provisioning'));
});

test('every data source that is meant is defined', () => {
  const defined = dataSources.map(({ uid }) => uid);
  assert.deepEqual(defined, ['prom', 'jaeger']);
  const provisioning = text('grafana/provisioning/datasources/datasources.yaml');
  const linked = [...provisioning.matchAll(/datasourceUid: (\S+)/g)].map(([, uid]) => uid!);
  const dashboards = readdirSync(join(ROOT, 'grafana/dashboards')).filter(file => file.endsWith('.json'));
  const meant = dashboards.flatMap(file => dataSourcesIn(JSON.parse(text(join('grafana/dashboards', file)))));
  assert.deepEqual(
    [...linked, ...meant].filter(uid => !defined.includes(uid)),
    [],
  );
});

/** Identifiers of data sources anywhere in a dashboard; a variable stands for the first that Grafana has of its type. */
function dataSourcesIn(dashboard: unknown): string[] {
  const { templating } = dashboard as { templating?: { list?: { name: string; type: string; query?: unknown }[] } };
  const variables = new Map(
    (templating?.list ?? [])
      .filter(({ type }) => type === 'datasource')
      .map(({ name, query }) => [`\${${name}}`, dataSources.find(({ type }) => type === query)?.uid ?? `$${name}`]),
  );
  const found: string[] = [];
  JSON.stringify(dashboard, (key, value: unknown) => {
    const uid =
      key === 'datasource' ? (value as { uid?: string } | null)?.uid : key === 'datasourceUid' ? value : undefined;
    if (typeof uid === 'string' && !uid.startsWith('-- ') && uid !== 'grafana') found.push(variables.get(uid) ?? uid);
    return value;
  });
  return found;
}

test('Grafana knows how often Prometheus scrapes', () => {
  const { global } = parse(text('collector/prometheus/prometheus.yml')) as { global: { scrape_interval: string } };
  assert.equal(dataSources[0]!.jsonData.timeInterval, global.scrape_interval);
});

test('Prometheus has all the files that its configuration names, and the flags that it depends on', () => {
  const prometheus = compose.services.get('prometheus')!;
  const config = text('collector/prometheus/prometheus.yml');
  const named = [...config.matchAll(/files: \[(\S+)\]/g)].map(([, file]) => `/etc/prometheus/${file}`);
  const targets = prometheus.mounts.map(({ target }) => target);
  assert.deepEqual(
    named.filter(file => !targets.includes(file)),
    [],
  );
  assert.match(config, /^rule_files:\n {2}- rules\/\*\.yml$/m);
  assert.ok(targets.includes('/etc/prometheus/rules'));
  for (const flag of ['--web.enable-otlp-receiver', '--enable-feature=exemplar-storage']) {
    assert.ok(prometheus.command.includes(flag), flag);
  }
});

test('the two tiers compute the same metrics of spans as the one', () => {
  type Config = { connectors: unknown };
  const [one, tier] = ['collector', 'tier1'].map(name => parse(text(`collector/${name}.yaml`)) as Config);
  assert.deepEqual(tier!.connectors, one!.connectors);
});
