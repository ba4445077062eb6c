/** Owns who takes part in the script, by name: each client goes through the proxy and leaves when it is told to. */

import type { Wampy } from 'wampy';
import { type Autobahn, type AutobahnSession, joinAutobahn } from '../../examples/demo/autobahn.js';
import { joinWampy, type WampySerializer } from '../../examples/demo/wampy.js';
import type { Wire, WireProxy } from './proxy.js';
import { RawClient } from './raw-client.js';

const REALM = 'realm1';

export class Cast {
  readonly wires = new Map<string, Wire>();
  readonly #proxy: WireProxy;
  readonly #leave = new Map<string, () => Promise<unknown>>();

  constructor(proxy: WireProxy) {
    this.#proxy = proxy;
  }

  async autobahn(name: string, serializer: 'JSON' | 'Msgpack' = 'JSON', realm = REALM): Promise<AutobahnSession> {
    return this.#joined(name, await joinAutobahn(realm, { url: this.#url, serializer })).session;
  }

  async autobahnOverRawSocket(name: string): Promise<AutobahnSession> {
    return this.#joined(name, await joinAutobahn(REALM, { rawSocketPort: this.#proxy.port })).session;
  }

  async wampy(name: string, serializer: WampySerializer): Promise<Wampy> {
    const wampy = await joinWampy(this.#url, REALM, serializer);
    this.#joined(name, { leave: () => wampy.disconnect() });
    return wampy;
  }

  async raw(name: string, roles: object): Promise<RawClient> {
    return this.#joined(name, await RawClient.join(this.#url, REALM, roles));
  }

  wire(name: string): Wire {
    return this.wires.get(name)!;
  }

  /** The name of the client that has a session. */
  nameOf(session: number): string {
    for (const [name, wire] of this.wires) if (wire.session === session) return name;
    throw new Error(`nobody has session ${session}`);
  }

  async leave(name: string): Promise<void> {
    const leave = this.#leave.get(name);
    this.#leave.delete(name);
    await leave?.();
  }

  /** In the order in which they joined, except for those named. */
  async leaveAllBut(...stay: string[]): Promise<void> {
    for (const name of [...this.#leave.keys()]) if (!stay.includes(name)) await this.leave(name);
  }

  /** Has left in its own way. */
  gone(name: string): void {
    this.#leave.delete(name);
  }

  get #url(): string {
    return `ws://127.0.0.1:${this.#proxy.port}/ws`;
  }

  #joined<Client extends { leave(): Promise<unknown> } | Autobahn>(name: string, client: Client): Client {
    // Clients join one after the other.
    this.wires.set(name, this.#proxy.newest);
    this.#leave.set(name, () => client.leave());
    return client;
  }
}
