/** Owns the schema of transports: where they listen, what they speak, who may join over them. */

import { z } from 'zod';
import { SERIALIZER_NAMES } from '../../wire/serializers/index.js';
import type { SerializerName } from '../../wire/serializers/serializer.js';
import { CROSSBAR_KEYS, CROSSBAR_VALUES } from './crossbar-only.js';
import { pathVariables, portVariable, ticketVariable } from './environment.js';
import { listed } from './problem.js';
import { about, id, listOf, milliseconds, oneOf, section, text, whole } from './section.js';

const PORT = 'a TCP port: a whole number from 0 to 65535, or "$NAME" of an environment variable';
const portNumber = z.int({ error: PORT }).min(0, { error: PORT }).max(65535, { error: PORT });

/** 0 lets the system choose, which tests like and Crossbar.io refuses. */
export const port = z
  .union(
    [
      portNumber,
      z
        .string()
        .regex(/^\d{1,5}$/, { error: PORT })
        .transform(Number)
        .pipe(portNumber),
    ],
    { error: PORT },
  )
  .register(about, { what: 'port', substitution: portVariable });

export function networkInterface() {
  return text('an address or host name to listen on, such as 127.0.0.1 or 0.0.0.0', /^[\w.:%-]*$/);
}

const backlog = whole('the length of the accept queue', 1, 65535).optional();

const tcp = section(
  'TCP endpoint',
  {
    type: z.literal('tcp'),
    port,
    interface: networkInterface().optional(),
    version: z.literal([4, 6], { error: 'the version of IP: 4 or 6' }).default(4),
    backlog,
  },
  CROSSBAR_KEYS.tcpEndpoint,
).transform(endpoint => ({ ...endpoint, interface: hostOf(endpoint.interface, endpoint.version) }));

// Crossbar.io listens on every interface by default. A router that can be traced listens to its own machine first.
function hostOf(written: string | undefined, version: 4 | 6): string {
  if (written === undefined) return version === 6 ? '::1' : '127.0.0.1';
  if (written === '') return version === 6 ? '::' : '0.0.0.0';
  return written;
}

const unix = section('Unix endpoint', {
  type: z.literal('unix'),
  path: text('the path of a Unix socket').register(about, { what: 'path', substitution: pathVariables }),
  backlog,
});

const endpoint = z
  .discriminatedUnion('type', [tcp, unix], { error: 'an object: endpoint' })
  .register(about, { what: 'endpoint', crossbarOnly: CROSSBAR_VALUES.endpoint });

const roleName = text('the name of a role', /^\S+$/);
const authid = text('the authid');
const authType = { what: 'authentication', crossbarOnly: CROSSBAR_VALUES.authType };

const anonymous = z
  .discriminatedUnion(
    'type',
    [
      section(
        'anonymous authentication',
        { type: z.literal('static'), role: roleName.default('anonymous'), authid: authid.optional() },
        CROSSBAR_KEYS.anonymous,
      ),
    ],
    { error: 'an object: anonymous authentication' },
  )
  .register(about, authType);

const principal = section('principal', {
  ticket: text(`the ticket: a string that is not empty, or "\${NAME}" of an environment variable`, /./s).register(
    about,
    {
      what: 'ticket',
      substitution: ticketVariable,
    },
  ),
  role: roleName.optional(),
});

const ticket = z
  .discriminatedUnion(
    'type',
    [
      section('ticket authentication', {
        type: z.literal('static'),
        principals: z.record(authid, principal, { error: 'an object: a principal for each authid' }),
        'default-role': roleName.optional(),
      }).transform(({ type, principals, 'default-role': fallback }, ctx) => {
        const entries = Object.entries(principals).map(([name, { ticket, role = fallback }]) => {
          if (role === undefined) {
            const message = 'the name of a role, here or as "default-role" beside "principals"';
            ctx.issues.push({ code: 'custom', path: ['principals', name, 'role'], input: undefined, message });
          }
          return [name, { ticket, role: role ?? '' }] as const;
        });
        return { type, principals: Object.fromEntries(entries) };
      }),
    ],
    { error: 'an object: ticket authentication' },
  )
  .register(about, authType);

/** Without `auth`, Crossbar.io lets everybody in as anonymous. */
const auth = section(
  'auth',
  { anonymous: anonymous.optional(), ticket: ticket.optional() },
  CROSSBAR_KEYS.auth,
).prefault({
  anonymous: { type: 'static' },
});

const serializers = listOf(
  `serializers, of ${listed(SERIALIZER_NAMES)}`,
  oneOf(...(SERIALIZER_NAMES as [SerializerName, ...SerializerName[]])).register(about, {
    what: 'serializer',
    crossbarOnly: CROSSBAR_VALUES.serializer,
  }),
)
  .min(1, { error: `at least one of ${listed(SERIALIZER_NAMES)}` })
  .default([...SERIALIZER_NAMES]);

const webSocketOptions = section(
  'WebSocket options',
  {
    allowed_origins: listOf('origins, such as https://app.example.com or *', text('an origin')).optional(),
    allow_null_origin: z.boolean({ error: 'true or false' }).optional(),
    // 0 is Crossbar.io's "no limit", which here means the limit of the node.
    max_message_size: whole('octets, 0 for the limit of the node', 0, 2 ** 26)
      .transform(size => (size === 0 ? undefined : size))
      .optional(),
    auto_ping_interval: milliseconds(),
    auto_ping_timeout: milliseconds(),
    close_handshake_timeout: milliseconds(),
  },
  CROSSBAR_KEYS.webSocketOptions,
);

const URL_OF_WEBSOCKET = 'the URL for clients, such as ws://localhost:8080/ws';
const webSocketShape = {
  url: text(URL_OF_WEBSOCKET, /^(?:wss?|rss?):\/\/\S+$/).optional(),
  serializers,
  options: webSocketOptions.prefault({}),
  auth,
};

const rawSocketShape = {
  serializers,
  options: section('RawSocket options', {
    max_message_size: whole('octets', 512, 2 ** 24).optional(),
  }).prefault({}),
  auth,
};

const transportId = id('transport').optional();
const pathName = text('a path of one part, a-z, A-Z, 0-9, _ and -, or "/"', /^(?:[\w-]+|\/)$/);

const webPaths = z.record(
  pathName,
  z
    .discriminatedUnion(
      'type',
      [
        section(
          'WebSocket path',
          { id: transportId, type: z.literal('websocket'), ...webSocketShape },
          CROSSBAR_KEYS.webSocket,
        ),
      ],
      { error: 'an object: web path' },
    )
    .register(about, { what: 'web path', crossbarOnly: CROSSBAR_VALUES.webPath }),
  { error: 'an object: a service for each path' },
);

const universalWebSockets = z.record(
  pathName,
  section(
    'WebSocket path',
    { id: transportId, type: oneOf('websocket').default('websocket'), ...webSocketShape },
    CROSSBAR_KEYS.webSocket,
  ),
  { error: 'an object: a WebSocket for each path' },
);

export const transport = z
  .discriminatedUnion(
    'type',
    [
      section(
        'WebSocket transport',
        { id: transportId, type: z.literal('websocket'), endpoint, ...webSocketShape },
        CROSSBAR_KEYS.webSocket,
      ),
      section(
        'RawSocket transport',
        { id: transportId, type: z.literal('rawsocket'), endpoint, ...rawSocketShape },
        CROSSBAR_KEYS.transport,
      ),
      section(
        'web transport',
        { id: transportId, type: z.literal('web'), endpoint, paths: webPaths },
        CROSSBAR_KEYS.web,
      ),
      section(
        'universal transport',
        {
          id: transportId,
          type: z.literal('universal'),
          endpoint,
          rawsocket: section(
            'RawSocket of a universal transport',
            { id: transportId, type: oneOf('rawsocket').default('rawsocket'), ...rawSocketShape },
            CROSSBAR_KEYS.transport,
          ).optional(),
          websocket: universalWebSockets.optional(),
          web: section(
            'web of a universal transport',
            { id: transportId, type: oneOf('web').default('web'), paths: webPaths },
            CROSSBAR_KEYS.web,
          ).optional(),
        },
        CROSSBAR_KEYS.universal,
      ),
    ],
    { error: 'an object: transport' },
  )
  .register(about, { what: 'transport', crossbarOnly: CROSSBAR_VALUES.transport });
