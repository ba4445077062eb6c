// Owns the npm scripts: each command sets up what it needs and runs it, on a fresh machine too.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureAll, ensureInstalled, ensureRouter, fail, root, run } from './ensure.mjs';

const [command, ...args] = process.argv.slice(2);

/** Compiled tests below a folder. */
function testFiles(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter(name => name.endsWith('.test.js'))
    .map(name => join(folder, name))
    .sort();
}

/** Runs a long-lived child that gets our signals itself, and ends with its status. */
function become(file, ...rest) {
  const child = spawn(process.execPath, [join(root, file), ...rest], { cwd: process.cwd(), stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

const commands = {
  start() {
    ensureRouter();
    become('dist/node/cli.js', 'start', ...args);
  },
  check() {
    ensureAll();
    run('npx', ['biome', 'check', '.']);
    run(process.execPath, ['--test', 'build/test/architecture.test.js', 'build/test/docs.test.js']);
  },
  test() {
    ensureAll();
    const files = args.length ? args : testFiles('build/test').filter(file => !file.includes('/interop/'));
    run(process.execPath, ['--test', '--test-reporter=dot', '--test-reporter-destination=stderr', '--test-reporter=spec', '--test-reporter-destination=build/test-report.txt', ...files]);
  },
  interop() {
    ensureAll();
    run(process.execPath, ['--test', ...testFiles('build/test/interop')]);
  },
  bench() {
    ensureRouter();
    become('bench/run.mjs', ...args);
  },
  demo() {
    ensureAll();
    become('build/examples/demo/demo.js', ...args);
  },
  install: ensureInstalled,
  build: ensureRouter,
};

if (!Object.hasOwn(commands, command)) fail(`Unknown command ${command}; known: ${Object.keys(commands).join(', ')}`);
commands[command]();
