// Owns what is in the router's image: builds the router in a checkout and lays what it needs into a folder.
import { cpSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureRouter, fail, root, run } from '../ensure.mjs';

const [given] = process.argv.slice(2);
if (given === undefined) fail('Expected the folder to fill: node scripts/container/build.mjs FOLDER');
const folder = resolve(given);

ensureRouter();
mkdirSync(folder, { recursive: true });
for (const part of ['dist', 'package.json', 'package-lock.json', 'LICENSE']) {
  cpSync(join(root, part), join(folder, part), { recursive: true });
}
cpSync(join(root, 'examples/config/container.yaml'), join(folder, 'container.yaml'));
cpSync(join(root, 'scripts/container/healthy.mjs'), join(folder, 'healthy.mjs'));
// As in ensure.mjs not `npm ci`.
run('npm', ['install', '--no-save', '--omit=dev', '--loglevel=error'], { cwd: folder });
