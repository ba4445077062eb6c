/** Owns the four kinds of transport seen as one: an endpoint, and what is spoken there on which path. */

import type { Path } from './problem.js';
import type {
  AuthConfig,
  Config,
  EndpointConfig,
  RawSocketConfig,
  RouterWorkerConfig,
  TransportConfig,
  WebSocketConfig,
} from './schema.js';

export interface ListenerConfig {
  /** Where the configuration has the transport. */
  readonly path: Path;
  readonly transport: string;
  readonly worker: RouterWorkerConfig;
  readonly endpoint: EndpointConfig;
  /** By URL path without the leading slash; '' is the root. */
  readonly webSockets: ReadonlyMap<string, WebSocketService>;
  /** A transport of type `websocket` answers on every path. */
  readonly anyPath: WebSocketService | undefined;
  readonly rawSocket: RawSocketService | undefined;
}

export interface WebSocketService extends Pick<WebSocketConfig, 'serializers' | 'auth'> {
  readonly path: Path;
  readonly options: WebSocketConfig['options'] & {
    readonly allowed_origins: readonly string[];
    readonly allow_null_origin: boolean;
    readonly max_message_size: number;
  };
}

export interface RawSocketService extends Pick<RawSocketConfig, 'serializers' | 'auth'> {
  readonly path: Path;
  readonly options: { readonly max_message_size: number };
}

/** The listeners of all workers, with what their services leave open filled in from the rest of the configuration. */
export function listenersOf(config: Config): ListenerConfig[] {
  return config.workers.flatMap((worker, w) =>
    worker.transports.map((transport, t) => listenerOf(config, worker, transport, ['workers', w, 'transports', t])),
  );
}

function listenerOf(
  config: Config,
  worker: RouterWorkerConfig,
  transport: TransportConfig,
  path: Path,
): ListenerConfig {
  const webSocket = (written: Omit<WebSocketConfig, 'type'>, at: Path): WebSocketService => ({
    path: at,
    serializers: written.serializers,
    auth: written.auth,
    options: {
      ...written.options,
      // Crossbar.io lets the pages of every site connect; any page can reach a loopback port, so here a site is named.
      allowed_origins: written.options.allowed_origins ?? [],
      allow_null_origin: written.options.allow_null_origin ?? false,
      max_message_size: written.options.max_message_size ?? config.wampscope.limits.max_message_bytes,
    },
  });
  const webSockets = (paths: { readonly [path: string]: Omit<WebSocketConfig, 'type'> } = {}, at: Path) =>
    Object.entries(paths).map(
      ([name, written]) => [name === '/' ? '' : name, webSocket(written, [...at, name])] as const,
    );
  const rawSocket = (written: Omit<RawSocketConfig, 'type'>, at: Path): RawSocketService => ({
    path: at,
    serializers: written.serializers,
    auth: written.auth,
    options: { max_message_size: written.options.max_message_size ?? config.wampscope.limits.max_message_bytes },
  });

  const base = {
    path,
    transport: transport.id,
    worker,
    endpoint: transport.endpoint,
    webSockets: new Map<string, WebSocketService>(),
    anyPath: undefined,
    rawSocket: undefined,
  };
  switch (transport.type) {
    case 'websocket':
      return { ...base, anyPath: webSocket(transport, path) };
    case 'rawsocket':
      return { ...base, rawSocket: rawSocket(transport, path) };
    case 'web':
      return { ...base, webSockets: new Map(webSockets(transport.paths, [...path, 'paths'])) };
    case 'universal':
      return {
        ...base,
        webSockets: new Map([
          ...webSockets(transport.web?.paths, [...path, 'web', 'paths']),
          ...webSockets(transport.websocket, [...path, 'websocket']),
        ]),
        rawSocket: transport.rawsocket && rawSocket(transport.rawsocket, [...path, 'rawsocket']),
      };
  }
}

/** Whether somebody who does not authenticate gets a role of the management realm. */
export function managesAnonymously({ wampscope }: Config, auth: AuthConfig): boolean {
  const role = auth.anonymous?.role;
  return wampscope.management?.roles.some(({ name }) => name === role) ?? false;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** Whether only this machine can connect. */
export function isLocal(endpoint: EndpointConfig): boolean {
  return endpoint.type === 'unix' || isLoopback(endpoint.interface);
}

/** Whether an address or host name is this machine's own, seen from itself. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}
