/** Owns every default port, once. */

/** WebSocket and RawSocket of a node without a configuration. */
export const ROUTER_PORT = 8080;

/** The management listener: metrics, sessions, health. */
export const HTTP_PORT = 8081;
