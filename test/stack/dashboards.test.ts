/** Owns the proof that the dashboards show something: a real Prometheus, a router in trouble, every panel's query. */

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { instrumentOf } from '../../grafana/src/catalog.js';
import { seriesIn } from '../../grafana/src/lint.js';
import { builtIn, panelsOf, targetsOf } from '../../grafana/src/render/data.js';
import { loadDashboards, readDashboard } from '../../grafana/src/render/main.js';
import { dashboardSvg } from '../../grafana/src/render/page.js';
import { Prometheus, type TimeRange } from '../../grafana/src/render/prometheus.js';
import { parseConfig } from '../../src/node/config/load.js';
import { Node } from '../../src/node/node.js';
import { configuration, Traffic } from '../dashboards/traffic.js';
import { OtlpReceiver } from '../e2e/otlp-receiver.js';
import { freePort } from '../helpers/ports.js';

const SCRAPE_SECONDS = 1;
/** Windows of rates: what happens rarely, happens in them. */
const WINDOW_SCRAPES = 4;
const PATIENCE_MS = 90_000;
const RULES = fileURLToPath(new URL('../../../grafana/rules/*.yml', import.meta.url));

const hasPrometheus = isOnPath('prometheus');
const skip = hasPrometheus ? false : 'prometheus is not on the PATH: npm run test:stack puts it there';
const ended: (() => Promise<unknown> | unknown)[] = [];
const started = Date.now() / 1000;
let prometheus: Prometheus;
let traffic: Traffic;

before(async () => {
  if (!hasPrometheus) return;
  const [port, httpPort, prometheusPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const receiver = await OtlpReceiver.listen();
  const { config } = parseConfig(JSON.stringify(configuration(port, httpPort)), 'json', 'traffic', { environment: {} });
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_TRACES_SAMPLER: 'always_on' };
  const node = new Node(config, { env, log: { info: () => {}, warn: () => {} } });
  await node.start();
  traffic = new Traffic(port);
  await traffic.start();
  prometheus = await startPrometheus(prometheusPort, httpPort);
  ended.push(
    () => traffic.stop(),
    () => node.stop(),
    () => receiver.close(),
  );
});

after(async () => {
  for (const end of ended) await end();
});

test('every panel about the router has data, and can be drawn', { skip, timeout: PATIENCE_MS * 2 }, async () => {
  let lacking: string[] = [];
  const deadline = Date.now() + PATIENCE_MS;
  do {
    await sleep(2000);
    lacking = [];
    for (const board of loadDashboards()) {
      const range = lately();
      const chosen = builtIn(range, SCRAPE_SECONDS * WINDOW_SCRAPES);
      const { panels, findings } = await readDashboard(prometheus, board, range, chosen);
      // The Collector's panels are asked where there is a Collector.
      const foreign = new Set(panelsOf(board).flatMap(panel => (isOfCollector(targetsOf(panel)) ? panel.title : [])));
      lacking.push(
        ...findings.filter(({ panel }) => !foreign.has(panel)).map(({ panel, problem }) => `${panel}: ${problem}`),
      );
      const svg = dashboardSvg(board, panels, range);
      for (const { title } of panelsOf(board)) assert.ok(svg.includes(`>${title}<`), title);
    }
  } while (lacking.length > 0 && Date.now() < deadline);
  assert.deepEqual(lacking, []);
});

test('a router that drops events raises an alert, and not that it is down', {
  skip,
  timeout: PATIENCE_MS,
}, async () => {
  let raised: (string | undefined)[] = [];
  for (let attempt = 0; attempt < 40 && !raised.includes('WampEventsDropped'); attempt++) {
    raised = (await prometheus.instant('ALERTS', Date.now() / 1000)).map(({ labels }) => labels.alertname);
    await sleep(1000);
  }
  assert.ok(raised.includes('WampEventsDropped'), `none but ${raised.join(', ')}`);
  assert.ok(!raised.includes('WampRouterDown'));
});

test('the numbers of a panel are those of the router', { skip }, async () => {
  // While messages come, the metrics of one scrape are of different moments: it is answered in slices, and routing goes on.
  await traffic.stop();
  await sleep(3000 * SCRAPE_SECONDS);
  const at = Date.now() / 1000 - SCRAPE_SECONDS;
  const [byType] = await prometheus.instant('sum(wamp_messages_total{type="CALL",direction="received"})', at);
  const [bySize] = await prometheus.instant('sum(wamp_message_size_bytes_count{type="CALL"})', at);
  assert.ok(byType!.points[0]![1] > 100);
  assert.deepEqual(byType!.points, bySize!.points);
});

function lately(): TimeRange {
  const to = Math.floor(Date.now() / 1000);
  return { from: Math.floor(Math.max(started, to - 120)), to, step: 1 };
}

function isOfCollector(targets: ReturnType<typeof targetsOf>): boolean {
  return targets.some(({ expr = '' }) => seriesIn(expr).some(name => instrumentOf(name)?.scrape === 'collector'));
}

async function startPrometheus(port: number, router: number): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'wampscope-dashboards-'));
  const targets = [{ targets: [`127.0.0.1:${router}`] }];
  const detailed = { metrics_path: '/metrics/detailed', params: { family: ['session'] } };
  const settings = {
    global: { scrape_interval: `${SCRAPE_SECONDS}s`, evaluation_interval: `${SCRAPE_SECONDS}s` },
    rule_files: [RULES],
    scrape_configs: [
      { job_name: 'wamp-router', static_configs: targets },
      { job_name: 'wamp-router-sessions', static_configs: targets, ...detailed },
    ],
  };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(settings));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: 'ignore' },
  );
  ended.unshift(async () => {
    await kill(child);
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(200)) {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
    const isReady = await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return new Prometheus(url);
  }
  throw new Error('prometheus is not ready within 30 s');
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

function isOnPath(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
