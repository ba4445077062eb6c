/** Proves that the two programs this project began with run against `npm start`, as their documents say. */

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { joinAutobahn } from '../../examples/demo/autobahn.js';
import { WireProxy } from '../e2e/proxy.js';
import { ensurePython, Program } from './python.js';

const PORT = 8080;

describe('the programs of the seeds against npm start', () => {
  let python: string;
  let router: Program;
  let proxy: WireProxy;
  before(async () => {
    for (const port of [PORT, 8081]) await expectFree(port);
    python = await ensurePython();
    router = new Program('npm start', 'npm', ['start']);
    await router.says(/is up/, 120);
    proxy = await WireProxy.listen(PORT);
  });
  after(async () => {
    await proxy?.close();
    await router?.stop();
  });

  test('the monitor prints join, statistics and leave of an autobahn-js client', async () => {
    const monitor = new Program('monitor.py', python, ['examples/monitor-python/monitor.py']);
    try {
      await monitor.says(/MONITOR session joined/);
      await untilSubscribed('wamp.session.on_leave');
      const session = await work();
      await monitor.says(new RegExp(`MONITOR : session ${session} left`));
      monitorSaw(monitor.output, session);
    } finally {
      await monitor.stop();
    }
  });

  test('the loop over nodes, workers and traces walks all procedures', async () => {
    const traces = new Program('traces.py', python, ['examples/monitor-python/traces.py', '--seconds', '2']);
    try {
      await traces.says(/'status': 'running'/);
      const session = await work();
      await traces.says(/ done$/m);
      equal(await traces.ended(), 0);
      match(traces.output, /\{'id': 'trace1', 'node_id': 'wampscope', 'worker_id': 'worker001'/);
      tracesSaw(traces.output, session);
    } finally {
      await traces.stop();
    }
  });

  /** Six calls and their answers by one client of its own, through the proxy; its session id. */
  async function work(): Promise<number> {
    const { session, leave } = await joinAutobahn('realm1', { url: `ws://127.0.0.1:${proxy.port}/ws` });
    await session.register('com.example.double', ([value]) => 2 * (value as number));
    for (const value of [1, 2, 3, 4, 5, 6]) equal(await session.call('com.example.double', [value]), 2 * value);
    const { id } = session;
    await leave();
    return id;
  }

  function monitorSaw(printed: string, session: number): void {
    const text = printed.replaceAll(/^\S+[+-]\d{4} /gm, '');
    const joined = [...text.matchAll(/MONITOR : session joined\n(\{[^}]*\})/g)].map(found => found[1]!);
    equal(joined.filter(details => details.includes(`'session': ${session}`)).length, 1);
    const cycles = [...text.matchAll(/MONITOR : session stats\n(\{[^}]*\})\n(\{[^}]*\})/g)]
      .filter(([, details]) => details!.includes(`'session': ${session}`))
      .map(([, , stats]) => dictionary(stats!));
    ok(cycles.length >= 3, `cycles at join, after ten rated messages and at leave; there are ${cycles.length}`);
    for (const [i, cycle] of cycles.entries()) {
      equal(cycle.cycle, String(i + 1));
      equal(cycle.first, i === 0 ? 'True' : 'False');
      equal(cycle.last, i === cycles.length - 1 ? 'True' : 'False');
      equal(cycle.serializer, "'json'");
      match(cycle.timestamp!, /^\d{19}$/);
      match(cycle.duration!, /^\d+$/);
    }
    const wire = proxy.newest;
    const total = (key: string): number => cycles.reduce((sum, cycle) => sum + Number(cycle[key]), 0);
    equal(total('bytes'), wire.octets('rx') + wire.octets('tx'));
    equal(total('messages'), wire.messages.length);
  }
});

/** The keys and values of a flat dictionary as Python prints it. */
function dictionary(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/'(\w+)': ([^,}]+)/g)].map(([, key, value]) => [key!, value!]));
}

function tracesSaw(printed: string, session: number): void {
  const records = [...printed.matchAll(/ record (\{.*\})$/gm)].map(found => JSON.parse(found[1]!));
  deepEqual(
    records.map(record => record.seq),
    records.map((_, i) => i),
  );
  ok(records.every(record => record.session_id === session && record.realm === 'realm1'));
  const types = records.map(record => `${record.direction} ${record.msg_type}`);
  const call = ['rx Call', 'tx Invocation', 'rx Yield', 'tx Result'];
  deepEqual(types, ['rx Register', 'tx Registered', ...[1, 2, 3, 4, 5, 6].flatMap(() => call)]);
  equal(new Set(records.map(record => record.correlation)).size, 7);
  const stopped = JSON.parse(/ stopped (\{.*\})$/m.exec(printed)![1]!);
  deepEqual(stopped.running, []);
  ok(stopped.every.includes(stopped.trace.id));
  equal(stopped.trace.status, 'stopped');
  equal(stopped.trace.next_seq, records.length);
}

/** The monitor subscribes after it has said that it joined. */
async function untilSubscribed(topic: string): Promise<void> {
  const { session, leave } = await joinAutobahn('realm1', { url: `ws://127.0.0.1:${PORT}/ws` });
  while ((await session.call('wamp.subscription.lookup', [topic])) === null) await sleep(20);
  await leave();
}

async function expectFree(port: number): Promise<void> {
  const isTaken = await new Promise<boolean>(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
  ok(!isTaken, `npm start needs port ${port}, but something listens there: stop it and run the test again`);
}
