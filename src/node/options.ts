/** Owns the way from a configuration, as an operator wrote it, to the options of each part. */

import type { RealmOptions } from '../realm/realm.js';
import type { TraceForwardingOptions } from '../realm/trace-forwarding.js';
import type { AuthOptions } from '../session/auth/authenticator.js';
import type { ListenerOptions, Service } from '../transport/listener.js';
import type { RawSocketOptions } from '../transport/rawsocket.js';
import type { Transport } from '../transport/transport.js';
import type { WebSocketOptions } from '../transport/websocket.js';
import type { Serializers } from '../wire/serializers/index.js';
import type { ListenerConfig, RawSocketService, WebSocketService } from './config/listeners.js';
import type { AuthConfig, ManagementConfig, RealmConfig, RoleConfig } from './config/schema.js';

export function realmOptions(config: RealmConfig, traceContext: TraceForwardingOptions): RealmOptions {
  const { options, stats } = config;
  return {
    name: config.name,
    roles: roles(config.roles),
    uriCheck: options.uri_check,
    requestIds: options.request_ids,
    metaApi: options.enable_meta_api,
    onLeave: options.on_leave,
    traceContext,
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

/** A listener of a configuration, ready to be made; `attach` gets each transport with who may join over it. */
export function listenerOptions(
  config: ListenerConfig,
  handshakeTimeout: number,
  serializers: Serializers,
  attach: (transport: Transport, auth: AuthOptions) => void,
): ListenerOptions {
  const webSocket = ({ serializers: names, options, auth }: WebSocketService): Service<WebSocketOptions> => {
    const who = authOptions(auth);
    return {
      options: {
        serializers: names.map(name => serializers[name]),
        maxMessageBytes: options.max_message_size,
        origins: { allowed: options.allowed_origins, allowNull: options.allow_null_origin },
        pingInterval: options.auto_ping_interval ?? 0,
        pingTimeout: options.auto_ping_timeout || undefined,
        closeTimeout: options.close_handshake_timeout || undefined,
      },
      onTransport: transport => attach(transport, who),
    };
  };
  const rawSocket = ({ serializers: names, options, auth }: RawSocketService): Service<RawSocketOptions> => {
    const who = authOptions(auth);
    return {
      options: {
        serializers: names.map(name => serializers[name]),
        maxMessageBytes: options.max_message_size,
        handshakeTimeout,
      },
      onTransport: transport => attach(transport, who),
    };
  };
  const { endpoint } = config;
  return {
    address: endpoint.type === 'tcp' ? { host: endpoint.interface, port: endpoint.port } : { path: endpoint.path },
    backlog: endpoint.backlog,
    webSockets: new Map([...config.webSockets].map(([path, service]) => [path, webSocket(service)])),
    anyPath: config.anyPath && webSocket(config.anyPath),
    rawSocket: config.rawSocket && rawSocket(config.rawSocket),
    handshakeTimeout,
  };
}
