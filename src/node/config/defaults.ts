/** Owns the configuration of a node that was given none. */

import { checkSource } from './load.js';
import { ROUTER_PORT } from './ports.js';
import type { Config } from './schema.js';
import { sourceOf } from './source.js';

/** realm1, open to everybody on this machine, with session statistics, the management realm and the HTTP listener. */
export function defaultConfig(): Config {
  return checkSource(sourceOf(DEFAULT), 'the default configuration', { environment: {} }).config;
}

const DEFAULT = {
  version: 2,
  workers: [
    {
      type: 'router',
      realms: [
        {
          name: 'realm1',
          roles: [
            {
              name: 'anonymous',
              permissions: [
                {
                  uri: '',
                  match: 'prefix',
                  allow: { call: true, register: true, publish: true, subscribe: true },
                },
              ],
            },
          ],
          stats: {
            rated_message_size: 256,
            trigger_after_rated_messages: 10,
            trigger_after_duration: 0,
            trigger_on_join: true,
            trigger_on_leave: true,
          },
        },
      ],
      transports: [
        {
          type: 'universal',
          endpoint: { type: 'tcp', interface: '127.0.0.1', port: ROUTER_PORT },
          rawsocket: {},
          websocket: { ws: { type: 'websocket' } },
        },
      ],
    },
  ],
  wampscope: { management: {}, http: {} },
};
