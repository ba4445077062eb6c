/** Owns the promise that what README.md shows runs: every command exists, every snippet does what it says. */

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PICTURES } from '../examples/pictures/scenes.js';
import { loadConfig, parseConfig } from '../src/node/config/load.js';
import { freePort } from './helpers/ports.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const run = promisify(execFile);

test('every npm command in the documents is a script', () => {
  const scripts = Object.keys((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Package).scripts);
  for (const file of ['README.md', 'CONTRIBUTING.md', 'bench/README.md', 'docs/spans.md']) {
    const text = readFileSync(join(root, file), 'utf8');
    const named = [...text.matchAll(/npm (?:run )?(start|test|[a-z]+(?::[a-z]+)?)\b/g)].map(([, name]) => name!);
    const missing = named.filter(name => !scripts.includes(name) && !['install', 'ci'].includes(name));
    assert.deepEqual(missing, [], file);
  }
});

test('every relative link leads to a file', () => {
  for (const file of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md']) {
    const links = [...readFileSync(join(root, file), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)];
    assert.deepEqual(
      links.map(([, link]) => link!).filter(link => !existsSync(join(root, link))),
      [],
      file,
    );
  }
});

test('docs/spans.md shows each picture that is drawn, and has none that is not', () => {
  const shown = [...readFileSync(join(root, 'docs/spans.md'), 'utf8').matchAll(/\]\((spans\/[^)]+)\)/g)].map(
    ([, file]) => file!,
  );
  assert.deepEqual(
    shown.sort(),
    Object.keys(PICTURES)
      .map(name => `spans/${name}.svg`)
      .sort(),
  );
  for (const file of shown) assert.match(readFileSync(join(root, 'docs', file), 'utf8'), /^<svg /);
});

test('the configuration in README.md is accepted without a warning', () => {
  const { warnings } = parseConfig(snippet('json'), 'json', 'README.md');
  assert.deepEqual(warnings, []);
});

test('the configurations that README.md names start as they are', () => {
  const named = [...readme.matchAll(/\bexamples\/config\/\S+/g)].map(([file]) => join(root, file));
  assert.ok(named.length > 0);
  for (const file of named) assert.doesNotThrow(() => loadConfig(file), file);
});

test('the tour of README.md shows the messages of a call under one correlation', async t => {
  // The default ports belong to whoever runs a router here; only the number in the URL differs.
  const port = await freePort();
  const config = join(root, 'build', `tour-${port}.json`);
  writeFileSync(config, tourConfig(port));
  const router = spawn(process.execPath, [join(root, 'dist/node/cli.js'), 'start', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => stop(router).finally(() => rmSync(config)));
  await listening(router);
  const output = await runSnippet(snippet('js').replace(':8080/', `:${port}/`), {
    NODE_OPTIONS: '--experimental-websocket --no-warnings',
  });
  assert.match(output, /^2 \+ 3 = 5$/m);
  const lines = output.split('\n').filter(line => line.includes('com.example.add'));
  const byType = new Map(lines.map(line => [line.split(' ')[2], line.split(' ')[0]]));
  assert.deepEqual([...byType.keys()], ['Register', 'Registered', 'Call', 'Invocation', 'Yield', 'Result']);
  assert.equal(new Set(['Call', 'Invocation', 'Yield', 'Result'].map(type => byType.get(type))).size, 1);
  assert.notEqual(byType.get('Register'), byType.get('Call'));
});

test('the library snippet of README.md prints its action', async () => {
  // Types are for the reader; the code itself is plain JavaScript.
  const output = await runSnippet(snippet('ts'), {});
  assert.match(output, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12} call wamp\.session\.count ok$/m);
});

test('the span snippet of README.md runs', async () => {
  const output = await runSnippet(snippet('ts', 1).replaceAll(' as const', ''), {});
  assert.match(output, /^publish com\.example\.started [0-9a-f]{32}$/m);
  assert.match(output, /^call wamp\.session\.count [0-9a-f]{32}$/m);
});

/** As the embedded default, on another port. */
function tourConfig(port: number): string {
  const realms = [{ name: 'realm1', roles: [{ name: 'anonymous', 'allow-by-default': true }] }];
  const endpoint = { type: 'tcp', port, interface: '127.0.0.1' };
  const transports = [{ type: 'web', endpoint, paths: { ws: { type: 'websocket' } } }];
  return JSON.stringify({
    version: 2,
    workers: [{ type: 'router', realms, transports }],
    wampscope: { management: {} },
  });
}

interface Package {
  readonly scripts: { readonly [name: string]: string };
}

/** The `index`th fenced block of a language. */
function snippet(language: string, index = 0): string {
  const block = [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))][index];
  assert.ok(block, `README.md has no ${language} block`);
  return block[1]!;
}

/** Runs a module in a folder below the project, where it finds the packages, and wampscope itself by its own name. */
async function runSnippet(source: string, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = mkdtempSync(join(root, 'build', 'snippet-'));
  try {
    const file = join(folder, 'snippet.mjs');
    writeFileSync(file, source);
    const { stdout } = await run(process.execPath, [file], { env: { ...process.env, ...env }, timeout: 20_000 });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function listening(router: ChildProcess): Promise<void> {
  let said = '';
  for await (const chunk of router.stderr!) {
    said += String(chunk);
    if (said.includes('is up')) return;
  }
  assert.fail(`the router did not start: ${said}`);
}

async function stop(router: ChildProcess): Promise<void> {
  router.kill('SIGTERM');
  await once(router, 'exit');
}
