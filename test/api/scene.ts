/** Owns what the rows of crossbar.md 2.6 are told with: who takes part, what they do, how meta events look. */

import type { TestClient } from '../trace/observed.js';
import type { TracedNode } from './traced-node.js';

export interface Scene {
  readonly node: TracedNode;
  /** Caller or publisher. */
  readonly a: TestClient;
  /** Callee or subscriber, which takes INTERRUPT and sends progressive results. */
  readonly b: TestClient;
}

export interface Row {
  readonly name: string;
  readonly stats?: object;
  /** Before the trace begins. */
  readonly given?: (scene: Scene) => Promise<unknown>;
  readonly act: (scene: Scene) => Promise<unknown>;
  readonly records: readonly string[];
}

export const register = (client: TestClient, uri = 'com.p') => client.request([64, undefined, {}, uri]);
export const subscribe = (client: TestClient, uri: string, options = {}) =>
  client.request([32, undefined, options, uri]);
export const call = (client: TestClient, uri = 'com.p', options = {}) => client.request([48, undefined, options, uri]);
export const publish = (client: TestClient, uri: string, options = {}) => client.request([16, undefined, options, uri]);
export const ACK = { acknowledge: true };

/** W subscribes to a whole part of the meta API. */
export const watched = (part: string) => async (scene: Scene) =>
  subscribe(await scene.node.join('W'), `wamp.${part}.`, { match: 'prefix' });
/** The id in the newest REGISTERED or SUBSCRIBED. */
export const newestId = (client: TestClient): unknown =>
  client.received.findLast(message => message[0] === 65 || message[0] === 33)![2];

/** A publication of the router's own, by S to W: an action of its own. */
export const told = (action: number, topic: string): string[] => [
  `${action} rx Publish S wamp.${topic} anchor`,
  `${action} tx Event W last`,
];
