/** Owns what Crossbar.io's configuration has and wampscope does not: why, and whether the rest runs without it. */

export interface CrossbarOnly {
  /** `ignored`: the rest works without it. `refused`: leaving it out would open or reroute something in silence. */
  readonly level: 'ignored' | 'refused';
  readonly why: string;
  /** Values that ask for nothing else than what wampscope does anyway; they pass without a word. */
  readonly unless: readonly unknown[];
}

export type CrossbarTable = { readonly [keyOrValue: string]: CrossbarOnly };

function ignored(why: string, ...unless: unknown[]): CrossbarOnly {
  return { level: 'ignored', why, unless };
}

function refused(why: string, ...unless: unknown[]): CrossbarOnly {
  return { level: 'refused', why, unless };
}

const NO_APPLICATIONS = 'wampscope runs no application code, so start it as a client of its own';
const NO_SSH = 'there is no SSH console';
const NO_DEBUG = 'use a trace of the realm to see messages';
const NOT_FOUND = 'the path answers 404';
const ONE_PROCESS = 'all realms run in one Node.js process';
const NO_CAP = 'connections are not capped';
const NO_METHOD = 'whoever authenticates so today could not join';
const NO_CODE_TO_ASK = 'it asks a procedure or a function who may join';

/** Keys, by the section that they stand in. */
export const CROSSBAR_KEYS = {
  controller: {
    options: ignored('there is no controller process with a title or a shutdown mode', {}),
    manhole: ignored(NO_SSH, {}),
    connections: ignored('nothing here uses a database', [], {}),
    keyring: ignored('the node has no key of its own'),
    fabric: ignored('there is no management uplink; see the management realm', {}),
    'fabric-center': ignored('there is no management uplink; see the management realm', {}),
    blockchain: ignored('nothing here uses a blockchain', {}),
    ipfs: ignored('nothing here uses IPFS', {}),
    enable_docker: ignored('nothing here uses Docker', false),
  },
  worker: {
    components: ignored(`${NO_APPLICATIONS}, over one of the transports`, []),
    manhole: ignored(NO_SSH, {}),
    connections: ignored('nothing here uses a database', [], {}),
  },
  workerOptions: {
    python: ignored('nothing here runs Python'),
    pythonpath: ignored('nothing here runs Python', []),
    cpu_affinity: ignored(ONE_PROCESS, []),
    env: ignored(ONE_PROCESS, {}),
    expose_controller: ignored(ONE_PROCESS, false),
    expose_shared: ignored(ONE_PROCESS, false),
    extra: ignored(NO_APPLICATIONS),
  },
  realm: {
    store: ignored('events are not kept for later and calls are not queued', {}),
    rlinks: refused('routers are not linked, so events and calls of the other router would be missing', []),
    inventory: ignored('payloads are not checked against types', {}),
  },
  realmOptions: {
    event_dispatching_chunk_size: ignored('events are sent to all subscribers at once and queued per session'),
    bridge_meta_api: ignored('the meta API of a realm stays in that realm', false),
  },
  role: {
    authorizer: refused('permissions are static, so list them in "permissions"'),
  },
  permission: {
    validate: refused('payloads are not checked against types, so invalid ones would pass', {}),
  },
  transport: {
    debug: ignored(NO_DEBUG, false),
    max_connections: ignored(NO_CAP),
  },
  webSocket: {
    debug: ignored(NO_DEBUG, false),
    cookie: ignored('browsers are not recognised by a cookie', {}),
    max_connections: ignored(NO_CAP),
  },
  webSocketOptions: {
    open_handshake_timeout: ignored('wampscope.limits.handshake_timeout bounds every handshake'),
    external_port: ignored('it mattered to protocol versions before RFC 6455'),
    enable_hybi10: ignored('RFC 6455 is the only version spoken', false),
    enable_rfc6455: ignored('RFC 6455 is the only version spoken', true),
    enable_webstatus: ignored('visitors without WebSocket get one sentence of text', false),
    validate_utf8: ignored('texts are always checked to be UTF-8', true),
    mask_server_frames: ignored('RFC 6455 forbids servers to mask', false),
    require_masked_client_frames: ignored('RFC 6455 wants clients to mask, so unmasked frames are refused', true),
    apply_mask: ignored('masked frames are always unmasked', true),
    max_frame_size: ignored('whole messages are limited, by max_message_size', 0),
    auto_fragment_size: ignored('messages are sent whole', 0),
    fail_by_drop: ignored('violations are answered with a close frame', false),
    echo_close_codereason: ignored('a close is answered as RFC 6455 has it', false),
    tcp_nodelay: ignored("Nagle's algorithm is always off", true),
    auto_ping_size: ignored('pings carry no payload'),
    auto_ping_restart_on_any_traffic: ignored('pings go out at a fixed interval', false),
    enable_flash_policy: ignored('Flash is not served', false),
    flash_policy: ignored('Flash is not served', null),
    compression: ignored('messages are sent uncompressed', {}),
    require_websocket_subprotocol: ignored('the subprotocol names the serializer, so it is required', true),
    show_server_version: ignored('the version is never shown', false),
  },
  web: {
    options: ignored('nothing but WebSocket is served over HTTP', {}),
    max_connections: ignored(NO_CAP),
  },
  universal: {
    mqtt: ignored('MQTT is not spoken', {}),
    max_connections: ignored(NO_CAP),
  },
  tcpEndpoint: {
    tls: refused('clients would speak in the clear, so put a TLS proxy in front of a loopback endpoint'),
    portrange: refused('give one "port"'),
    shared: ignored('the port is not shared between processes', false),
    user_timeout: ignored('the operating system decides when a dead connection ends'),
  },
  auth: {
    wampcra: refused(NO_METHOD),
    scram: refused(NO_METHOD),
    cryptosign: refused(NO_METHOD),
    tls: refused(NO_METHOD),
    cookie: refused(NO_METHOD),
    'cryptosign-proxy': refused(NO_METHOD),
    'anonymous-proxy': refused(NO_METHOD),
  },
  anonymous: {
    realm: refused('clients would join the realm that they ask for instead'),
  },
} as const satisfies { readonly [section: string]: CrossbarTable };

/** Values of `type` and the like, by what they choose. */
export const CROSSBAR_VALUES = {
  worker: {
    container: ignored(`${NO_APPLICATIONS} with its components`),
    guest: ignored(`${NO_APPLICATIONS}`),
    proxy: refused('its clients would find nobody listening, so give its transports to the router worker'),
    'websocket-testee': ignored('it is no WAMP router'),
    hostmonitor: ignored('use an exporter of host metrics'),
    xbrmm: ignored('it is no WAMP router'),
  },
  transport: {
    mqtt: ignored('MQTT is not spoken, and nobody listens there'),
    flashpolicy: ignored('Flash is not served'),
    'websocket.testee': ignored('it carries no WAMP'),
    'stream.testee': ignored('it carries no WAMP'),
  },
  endpoint: {
    twisted: refused('give an endpoint of type "tcp" or "unix"'),
    onion: refused('give an endpoint of type "tcp" or "unix"'),
  },
  webPath: {
    none: ignored(NOT_FOUND),
    path: ignored(NOT_FOUND),
    redirect: ignored(NOT_FOUND),
    resource: ignored(NOT_FOUND),
    reverseproxy: ignored(NOT_FOUND),
    nodeinfo: ignored(NOT_FOUND),
    json: ignored(NOT_FOUND),
    cgi: ignored(NOT_FOUND),
    wsgi: ignored(NOT_FOUND),
    static: ignored(NOT_FOUND),
    'websocket-reverseproxy': ignored(NOT_FOUND),
    longpoll: ignored(NOT_FOUND),
    caller: ignored(NOT_FOUND),
    publisher: ignored(NOT_FOUND),
    webhook: ignored(NOT_FOUND),
    upload: ignored(NOT_FOUND),
    archive: ignored(NOT_FOUND),
    wap: ignored(NOT_FOUND),
    catalog: ignored(NOT_FOUND),
    pairme: ignored(NOT_FOUND),
    registerme: ignored(NOT_FOUND),
  },
  serializer: {
    ubjson: ignored('clients can use another serializer of the list'),
    flatbuffers: ignored('clients can use another serializer of the list'),
  },
  match: {
    wildcard: refused('use "prefix" or "exact"'),
  },
  authType: {
    dynamic: refused(NO_CODE_TO_ASK),
    function: refused(NO_CODE_TO_ASK),
  },
} as const satisfies { readonly [choice: string]: CrossbarTable };
