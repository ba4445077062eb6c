// Owns the benchmark of many idle sessions: what one costs in memory, and how long a scrape stalls a router full of them.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RawClient } from './raw-client.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PORT = 27308;
const AT_ONCE = 100;
/** Milliseconds. */
const TARGETS = { metrics: 3, 'detailed 100': 10, 'detailed 10000': 10 };

const { values } = parseArgs({ options: { sessions: { type: 'string' }, rounds: { type: 'string' } } });
const sessions = Number(values.sessions ?? 10_000);
const rounds = Number(values.rounds ?? 9);
if (!(sessions > 0 && rounds > 0)) throw new Error('--sessions and --rounds are positive numbers');

const args = ['bench/metrics.json', String(PORT)];
const server = fork('bench/sessions-server.mjs', args, { cwd: ROOT, execArgv: ['--expose-gc'] });
process.on('exit', () => server.kill('SIGKILL'));

async function ask(...command) {
  server.send(command);
  return (await once(server, 'message'))[0];
}

function median(list) {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
}

const kib = octets => (octets / 1024).toFixed(1);
const ms = milliseconds => milliseconds.toFixed(2);
const spread = list => `${ms(median(list))} [${ms(Math.min(...list))}-${ms(Math.max(...list))}]`;

async function main() {
  const before = await ask('memory');
  for (let open = 0; open < sessions; open += AT_ONCE) {
    const some = Math.min(AT_ONCE, sessions - open);
    await Promise.all(Array.from({ length: some }, () => RawClient.join(PORT, 'realm1')));
  }
  const after = await ask('memory');
  console.log(`${sessions} idle WebSocket sessions`);
  console.log(`  in use  ${kib((after.used - before.used) / sessions)} KiB each`);
  console.log(`  resident ${kib((after.rss - before.rss) / sessions)} KiB each`);
  const scrapes = { nothing: ['nothing'], metrics: ['metrics'], 'detailed 100': ['detailed', 100] };
  scrapes[`detailed ${sessions}`] = ['detailed', sessions];
  const found = Object.fromEntries(Object.keys(scrapes).map(name => [name, []]));
  for (const [name, command] of Object.entries(scrapes)) await ask(...command, name);
  // In turn, so that a slow moment of the machine hits all of them.
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(scrapes)) found[name].push(await ask(...command));
  }
  console.log('\n| scrape | longest turn, ms of CPU: median [min-max] | by the clock | CPU ms | characters | target |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [name, list] of Object.entries(found)) {
    const cells = [spread(list.map(({ cpu }) => cpu)), spread(list.map(({ clock }) => clock))];
    const target = TARGETS[name] === undefined ? '' : `<= ${TARGETS[name]}`;
    cells.push(ms(median(list.map(({ cost }) => cost))), list[0].characters, target);
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
  process.exit(0);
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
