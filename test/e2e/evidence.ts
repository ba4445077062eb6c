/** Owns one performance of the script: a node, a proxy, a collector, the clients; and what is left to look at afterwards. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type AutobahnSession, joinAutobahn } from '../../examples/demo/autobahn.js';
import { Cast } from './cast.js';
import { OtlpReceiver } from './otlp-receiver.js';
import { parseMetrics } from './prometheus.js';
import { type Wire, WireProxy } from './proxy.js';
import { startRouterNode } from './router-node.js';
import { Script } from './script.js';

/** As the tracing API gives it. */
export interface TraceRecord {
  readonly seq: number;
  readonly ts: number;
  readonly pc: number;
  readonly direction: 'rx' | 'tx';
  readonly msg_type: string;
  readonly realm: string;
  readonly session_id: number;
  readonly authid: string;
  readonly authrole: string;
  readonly correlation: string;
  readonly correlation_is_anchor: boolean;
  readonly correlation_is_last: boolean;
  readonly uri: string;
  readonly trace_id: string;
  readonly serializations: { readonly [serializer: string]: number };
  readonly bytes: number;
  readonly msg: readonly unknown[];
}

export interface Stats {
  readonly cycle: number;
  readonly bytes: number;
  readonly messages: number;
  readonly rated_messages: number;
  readonly first: boolean;
  readonly last: boolean;
  readonly serializer: string;
}

export interface Evidence {
  readonly cast: Cast;
  readonly records: readonly TraceRecord[];
  readonly receiver: OtlpReceiver;
  /** on_stats by session, as the auditor saw them. */
  readonly stats: ReadonlyMap<number, readonly Stats[]>;
  /** Everybody but the auditor has left. */
  readonly metrics: ReadonlyMap<string, number>;
  readonly manager: Wire;
  readonly auditor: Wire;
  readonly warnings: readonly string[];
}

export interface Setup {
  readonly pipeline: 'rows' | 'sdk';
  readonly protocol: 'http/protobuf' | 'http/json';
}

export async function perform({ pipeline, protocol }: Setup): Promise<Evidence> {
  const receiver = await OtlpReceiver.listen();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
  const { node, port, metricsUrl, warnings } = await startRouterNode(pipeline, env);
  const proxy = await WireProxy.listen(port);
  const cast = new Cast(proxy);
  try {
    const url = `ws://127.0.0.1:${proxy.port}/ws`;
    const management = await joinAutobahn('com.wampscope.management', { url });
    const manager = proxy.newest;
    const trace = await startTrace(management.session);
    const stats = await watchStats(cast, 'auditor');
    await watchStats(cast, 'monitor');
    await new Script(cast).play();
    await cast.leaveAllBut('auditor');
    const auditor = cast.wire('auditor');
    await until(() => [...stats.values()].filter(of => of.at(-1)!.last).length === cast.wires.size - 1);
    const records = await trace.read();
    await management.leave();
    await until(() => manager.messages.at(-1)?.type === 'GOODBYE');
    const metrics = await settledMetrics(metricsUrl);
    const seen = auditor.snapshot();
    await cast.leave('auditor');
    return { cast, records, receiver, stats, metrics, manager, auditor: seen, warnings };
  } finally {
    await proxy.close();
    await node.stop();
    await receiver.close();
  }
}

/** Starts a trace, and reads it page by page when it has been stopped. */
async function startTrace(session: AutobahnSession): Promise<{ read(): Promise<TraceRecord[]> }> {
  const at = ['node1', 'worker1', 'e2e'];
  await session.call('crossbarfabriccenter.start_trace', [...at, { trace_app_payload: true }]);
  const read = async (): Promise<TraceRecord[]> => {
    await session.call('crossbarfabriccenter.stop_trace', at);
    const records: TraceRecord[] = [];
    for (;;) {
      const range = [records.length, null, 50];
      const page = (await session.call('crossbarfabriccenter.get_trace_data', [...at, ...range])) as TraceRecord[];
      if (page.length === 0) return records;
      records.push(...page);
    }
  };
  return { read };
}

async function watchStats(cast: Cast, name: string): Promise<Map<number, Stats[]>> {
  const all = new Map<number, Stats[]>();
  const wampy = await cast.wampy(name, 'json');
  await wampy.subscribe('wamp.session.on_join', () => {});
  await wampy.subscribe('wamp.session.on_stats', ({ argsList }) => {
    const [{ session }, stats] = argsList as [{ session: number }, Stats];
    all.set(session, [...(all.get(session) ?? []), stats]);
  });
  await wampy.subscribe('wamp.session.on_leave', () => {});
  return all;
}

/** The router hears of the end of a connection some turns after its client. */
async function settledMetrics(url: string): Promise<Map<string, number>> {
  let metrics = new Map<string, number>();
  await until(async () => {
    metrics = parseMetrics(await (await fetch(url)).text());
    return metrics.get('wamp_connections') === 1;
  });
  return metrics;
}

/** Waits until something holds that happens in another process of thought, such as the proxy's. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within 5 s: ${holds}`);
    await sleep(5);
  }
}
