/** Owns the schema of a whole node configuration, and the types that follow from it. */

import { z } from 'zod';
import { CROSSBAR_KEYS, CROSSBAR_VALUES } from './crossbar-only.js';
import { pathVariables, switchVariable } from './environment.js';
import { http } from './schema-http.js';
import { realm, realmName, role } from './schema-realm.js';
import { propagation, sampling, trust } from './schema-telemetry.js';
import { transport } from './schema-transport.js';
import { about, id, listOf, oneOf, section, text, whole } from './section.js';

const controller = section('controller', { id: id('node').default('wampscope') }, CROSSBAR_KEYS.controller);

const workerOptions = section(
  'worker options',
  {
    title: text('a title').optional(),
    disabled: z
      .boolean({ error: `true, false, or "\${NAME}" of an environment variable` })
      .register(about, { what: 'disabled', substitution: switchVariable })
      .default(false),
  },
  CROSSBAR_KEYS.workerOptions,
);

const routerWorker = section(
  'router worker',
  {
    id: id('worker').optional(),
    type: z.literal('router'),
    options: workerOptions.prefault({}),
    realms: listOf('the realms of the worker', realm).default([]),
    transports: listOf('the transports of the worker', transport).default([]),
  },
  CROSSBAR_KEYS.worker,
);

const worker = z
  .discriminatedUnion('type', [routerWorker], { error: 'an object: worker' })
  .register(about, { what: 'worker', crossbarOnly: CROSSBAR_VALUES.worker });

/** Who may do what in the management realm when the configuration gives it no roles. */
const OPEN_ROLES: z.input<typeof role>[] = [{ name: 'anonymous', 'allow-by-default': true }];

const management = section('wampscope management', {
  realm: realmName().default('com.wampscope.management'),
  roles: listOf('the roles of the management realm', role).prefault(OPEN_ROLES),
  also_in: listOf('realms of the node that have the tracing API too', realmName()).default([]),
  readers: z
    .record(text('a role'), listOf('the realms whose records the role may see', realmName()), {
      error: 'an object: for each role that may not see everything, its realms',
    })
    .default({}),
});

const COLLECTOR = 'the URL of an OTLP/HTTP collector, such as http://127.0.0.1:4318';
const telemetry = section('wampscope telemetry', {
  pipeline: oneOf('rows', 'sdk').default('rows'),
  endpoint: z
    .string({ error: COLLECTOR })
    .refine(url => URL.canParse(url) && /^https?:/i.test(url), { error: COLLECTOR })
    .optional(),
  non_error_uris: listOf('error URIs that are answers, not failures', text('an error URI')).default([
    'wamp.error.canceled',
  ]),
  propagation: propagation.prefault({}),
  trust: listOf('whose trace context counts for what; the first that fits holds', trust).default([]),
  sampling: sampling.prefault({}),
});

const metrics = section('wampscope metrics', {
  procedures: whole('procedures with numbers of their own', 1, 10_000).default(500),
  endpoint: z
    .string({ error: COLLECTOR })
    .refine(url => URL.canParse(url) && /^https?:/i.test(url), { error: COLLECTOR })
    .optional(),
  export_interval: whole('milliseconds', 100, 2 ** 31 - 1).optional(),
});

const store = section('wampscope store', {
  directory: text('a directory for the traces that are to outlive the router')
    .register(about, { what: 'directory', substitution: pathVariables })
    .default('traces'),
  max_bytes: whole('octets', 1 << 20, 2 ** 40).default(2 ** 30),
  max_age: whole('seconds', 1, 2 ** 31 - 1).default(604_800),
});

const limits = section('wampscope limits', {
  send_queue_bytes: whole('octets', 65536).default(4_194_304),
  max_message_bytes: whole('octets', 512, 2 ** 26).default(16_777_216),
  open_actions: whole('actions', 1, 2 ** 24).default(100_000),
  handshake_timeout: whole('milliseconds', 100, 2 ** 31 - 1).default(10_000),
});

const wampscope = section('wampscope', {
  management: management.optional(),
  http: http.optional(),
  telemetry: telemetry.prefault({}),
  metrics: metrics.prefault({}),
  store: store.optional(),
  limits: limits.prefault({}),
});

const VERSION = '2, the version of the format ("crossbar upgrade" converts older files)';

export const nodeSchema = section('node configuration', {
  $schema: text('the URL of a JSON schema').optional(),
  version: z.literal(2, { error: VERSION }),
  controller: controller.prefault({}),
  workers: listOf('the workers of the node', worker).default([]),
  wampscope: wampscope.prefault({}),
}).transform(written => {
  const counts = { worker: 0, realm: 0, transport: 0 };
  const workers = numbered('worker', counts, written.workers);
  return {
    ...written,
    workers: workers.map(worker => ({
      ...worker,
      realms: numbered('realm', counts, worker.realms),
      transports: numbered('transport', counts, worker.transports),
    })),
  };
});

/** `worker001`, `realm001` … count those without an id throughout the node, as in Crossbar.io. */
function numbered<Item extends { id?: string | undefined }, Kind extends string>(
  kind: Kind,
  counts: Record<Kind, number>,
  items: readonly Item[],
): (Item & { id: string })[] {
  return items.map(item => ({ ...item, id: item.id ?? `${kind}${String(++counts[kind]).padStart(3, '0')}` }));
}

export type Config = z.infer<typeof nodeSchema>;
export type RouterWorkerConfig = Config['workers'][number];
export type RealmConfig = RouterWorkerConfig['realms'][number];
export type RealmOptionsConfig = RealmConfig['options'];
export type StatsConfig = NonNullable<RealmConfig['stats']>;
export type RoleConfig = RealmConfig['roles'][number];
export type PermissionConfig = RoleConfig['permissions'][number];
export type TransportConfig = RouterWorkerConfig['transports'][number];
export type EndpointConfig = TransportConfig['endpoint'];
export type WebSocketConfig = Extract<TransportConfig, { type: 'web' }>['paths'][string];
export type RawSocketConfig = NonNullable<Extract<TransportConfig, { type: 'universal' }>['rawsocket']>;
export type AuthConfig = WebSocketConfig['auth'];
export type WampscopeConfig = Config['wampscope'];
export type ManagementConfig = NonNullable<WampscopeConfig['management']>;
export type HttpConfig = NonNullable<WampscopeConfig['http']>;
export type TelemetryConfig = WampscopeConfig['telemetry'];
export type MetricsConfig = WampscopeConfig['metrics'];
export type StoreConfig = NonNullable<WampscopeConfig['store']>;
export type LimitsConfig = WampscopeConfig['limits'];
