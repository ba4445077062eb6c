// Owns a router with many idle sessions that says of itself what they cost: memory, and how long a scrape stalls it.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../dist/node/config/load.js';
import { Node } from '../dist/node/node.js';

const [config, port] = process.argv.slice(2);

const { config: loaded } = loadConfig(config);
loaded.workers[0].transports[0].endpoint.port = Number(port);
loaded.wampscope.http.port = 0;
const node = new Node(loaded, { env: {}, log: { info: () => {}, warn: line => console.error(line) } });
await node.start();

/** Octets of the heap and outside of it that are in use after everything unused was collected; and resident pages. */
async function memory() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await sleep(20);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, rss };
}

/**
 * One scrape, read as fast as it comes, and the longest turn of the loop meanwhile: by the clock, and by the processor
 * time of all threads, which does not grow when somebody else has the core.
 */
async function scrape(page) {
  await sleep(50);
  const longest = { clock: 0, cpu: 0 };
  let isDone = false;
  let clock = performance.now();
  let cpu = cpuNow();
  const turn = () => {
    const [now, used] = [performance.now(), cpuNow()];
    longest.clock = Math.max(longest.clock, now - clock);
    longest.cpu = Math.max(longest.cpu, used - cpu);
    [clock, cpu] = [now, used];
    if (!isDone) setImmediate(turn);
  };
  turn();
  const [began, before] = [clock, cpu];
  let characters = 0;
  for await (const piece of page.body) characters += piece.length;
  const cost = cpuNow() - before;
  const took = performance.now() - began;
  isDone = true;
  await sleep(5);
  return { took, cost, characters, ...longest };
}

function cpuNow() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const COMMANDS = {
  memory,
  nothing: () => scrape({ body: nothing() }),
  metrics: () => scrape(node.metrics.page()),
  detailed: limit => scrape(node.metrics.detailed({ family: 'session', limit })),
};

/** What the machine does without us. */
async function* nothing() {
  for (let turns = 0; turns < 200; turns++) await new Promise(resolve => setImmediate(resolve));
  yield '';
}

process.on('message', async ([command, ...args]) => process.send(await COMMANDS[command](...args)));
