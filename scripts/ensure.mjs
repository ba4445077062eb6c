// Owns set-up: installs what package-lock.json asks for, builds what is older than its sources, and does neither twice.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const LEAST = [20, 19];

/** Runs a command in the project and ends the process with its status when it fails. */
export function run(command, args, options = {}) {
  const { status, error, signal } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) fail(`cannot run ${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? (signal ? 1 : 0));
}

export function fail(text) {
  console.error(text);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return;
  fail(`wampscope needs Node.js ${LEAST.join('.')} or newer; this is ${process.versions.node}`);
}

/** Installs the versions of package-lock.json when that has changed since the last time. */
export function ensureInstalled() {
  checkNode();
  const lock = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules', '.wampscope-install');
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('Installing packages (once) ...');
  // Not `npm ci`: it refuses a lock file without the optional packages of platforms that this one never asks for.
  // NODE_ENV=production would leave the compiler out.
  run('npm', ['install', '--no-save', '--include=dev', '--loglevel=error'], { stdio: ['ignore', 2, 2] });
  writeFileSync(stamp, wanted);
}

function newest(folder, wanted) {
  let time = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !wanted.test(entry.name)) continue;
    time = Math.max(time, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs);
  }
  return time;
}

/** Compiles `sources` by `project` unless the result is newer than all of them. */
export function ensureBuilt(project, out, sources) {
  const stamp = join(root, out, '.built');
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const changed = Math.max(
    statSync(join(root, project)).mtimeMs,
    statSync(join(root, 'tsconfig.json')).mtimeMs,
    ...sources.map(folder => newest(join(root, folder), /\.ts$/)),
  );
  if (built > changed) return;
  // What was compiled from a file that is gone must not run any more.
  rmSync(join(root, out), { recursive: true, force: true });
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project]);
  mkdirSync(join(root, out), { recursive: true });
  writeFileSync(stamp, '');
}

/** The router: src to dist. */
export function ensureRouter() {
  ensureInstalled();
  ensureBuilt('tsconfig.build.json', 'dist', ['src']);
  // npm makes it so when it installs a package; in a checkout `npx wampscope` needs it too.
  chmodSync(join(root, 'dist/node/cli.js'), 0o755);
}

/** Router, tests, examples and the source of the dashboards: to build. */
export function ensureAll() {
  ensureRouter();
  ensureBuilt('tsconfig.json', 'build', ['src', 'test', 'examples', 'grafana/src']);
}
