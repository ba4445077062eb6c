/** Owns the way from a configuration, as an operator wrote it, to the options of each part. */

import type { RealmOptions } from '../realm/realm.js';
import type { AuthOptions } from '../session/auth/authenticator.js';
import type { ListenerOptions } from '../transport/listener.js';
import type { RawSocketOptions } from '../transport/rawsocket.js';
import type { WebSocketOptions } from '../transport/websocket.js';
import type { Serializers } from '../wire/serializers/index.js';
import type {
  AuthConfig,
  EndpointConfig,
  LimitsConfig,
  ManagementConfig,
  RawSocketConfig,
  RealmConfig,
  RoleConfig,
  TransportConfig,
  WebSocketConfig,
} from './config/schema.js';

export function realmOptions(config: RealmConfig): RealmOptions {
  const { options, stats } = config;
  return {
    name: config.name,
    roles: roles(config.roles),
    uriCheck: options.uri_check,
    requestIds: options.request_ids,
    metaApi: options.enable_meta_api,
    onLeave: options.on_leave,
    stats: stats && {
      ratedMessageSize: stats.rated_message_size,
      triggerAfterRatedMessages: stats.trigger_after_rated_messages,
      triggerAfterDuration: stats.trigger_after_duration,
      triggerOnJoin: stats.trigger_on_join,
      triggerOnLeave: stats.trigger_on_leave,
    },
  };
}

/** The management realm records nothing of itself: reading a trace would otherwise lengthen it. */
export function managementRealm(config: ManagementConfig): RealmOptions & { readonly traced: false } {
  return {
    name: config.realm,
    roles: roles(config.roles),
    uriCheck: 'loose',
    requestIds: 'strict',
    metaApi: true,
    onLeave: 'id',
    stats: undefined,
    traced: false,
  };
}

function roles(configs: readonly RoleConfig[]): RealmOptions['roles'] {
  return configs.map(({ name, permissions }) => ({ name, permissions }));
}

function authOptions(config: AuthConfig): AuthOptions {
  return {
    anonymous: config.anonymous && { role: config.anonymous.role, authid: config.anonymous.authid },
    ticket: config.ticket && { principals: new Map(Object.entries(config.ticket.principals)) },
  };
}

/** One service of a listener: its transport options, and who may join over it. */
export interface ServiceOptions<Options> {
  readonly options: Options;
  readonly auth: AuthOptions;
}

export interface TransportPlan {
  readonly address: ListenerOptions['address'];
  readonly backlog: number | undefined;
  readonly webSockets: ReadonlyMap<string, ServiceOptions<WebSocketOptions>>;
  readonly rawSocket: ServiceOptions<RawSocketOptions> | undefined;
}

export function transportPlan(config: TransportConfig, limits: LimitsConfig, serializers: Serializers): TransportPlan {
  const webSocket = (part: Omit<WebSocketConfig, 'type' | 'id'>): ServiceOptions<WebSocketOptions> => ({
    options: {
      serializers: part.serializers.map(name => serializers[name]),
      maxMessageBytes: part.options.max_message_size ?? limits.max_message_bytes,
      origins: { allowed: part.options.allowed_origins ?? [], allowNull: part.options.allow_null_origin ?? false },
      pingInterval: part.options.auto_ping_interval ?? 0,
    },
    auth: authOptions(part.auth),
  });
  const rawSocket = (part: Omit<RawSocketConfig, 'type' | 'id'>): ServiceOptions<RawSocketOptions> => ({
    options: {
      serializers: part.serializers.map(name => serializers[name]),
      maxMessageBytes: part.options.max_message_size ?? limits.max_message_bytes,
      handshakeTimeout: limits.handshake_timeout,
    },
    auth: authOptions(part.auth),
  });
  const at = { address: address(config.endpoint), backlog: config.endpoint.backlog };
  const paths = (configs: { readonly [path: string]: Omit<WebSocketConfig, 'type' | 'id'> }) =>
    new Map(Object.entries(configs).map(([path, part]) => [path === '/' ? '' : path, webSocket(part)]));
  switch (config.type) {
    case 'websocket': {
      // Crossbar answers at whatever path the client asks for; clients use / or the path of the published url.
      const service = webSocket(config);
      const named = config.url ? new URL(config.url).pathname.replace(/^\//, '') : '';
      return {
        ...at,
        webSockets: new Map([
          ['', service],
          [named, service],
          ['ws', service],
        ]),
        rawSocket: undefined,
      };
    }
    case 'rawsocket':
      return { ...at, webSockets: new Map(), rawSocket: rawSocket(config) };
    case 'web':
      return { ...at, webSockets: paths(config.paths), rawSocket: undefined };
    case 'universal':
      return {
        ...at,
        webSockets: paths({ ...config.web?.paths, ...config.websocket }),
        rawSocket: config.rawsocket && rawSocket(config.rawsocket),
      };
  }
}

function address(endpoint: EndpointConfig): ListenerOptions['address'] {
  return endpoint.type === 'tcp' ? { host: endpoint.interface, port: endpoint.port } : { path: endpoint.path };
}
