import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Access } from '../../../src/node/http/access.js';
import type { Routes } from '../../../src/node/http/listener.js';
import { ask, listening } from './listening.js';

const ROUTES: Routes = {
  '/healthz': { open: true, page: () => ({ contentType: 'text/plain', body: 'ok' }) },
  '/metrics': { page: () => ({ contentType: 'text/plain', body: 'metrics' }) },
};

function basic(pair: string): string {
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

test('with a token and a password configured, each opens the door and nothing else does', async t => {
  const url = await listening(t, ROUTES, new Access(['s3cret', 'old-s3cret'], ['prometheus:pass:word'], false));
  const status = async (authorization?: string): Promise<number> =>
    (await ask(`${url}/metrics`, { headers: authorization === undefined ? {} : { authorization } })).status;
  for (const right of ['Bearer s3cret', 'bearer  old-s3cret', basic('prometheus:pass:word')]) {
    assert.equal(await status(right), 200, right);
  }
  for (const wrong of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer s3cre',
    'Bearer s3cret2',
    'Bearer S3CRET',
    's3cret',
    'Basic s3cret',
    `Bearer ${Buffer.from('prometheus:pass:word').toString('base64')}`,
    basic('prometheus:pass'),
    basic('prometheus'),
    basic(':pass:word'),
    basic('s3cret'),
    'Digest s3cret',
  ]) {
    assert.equal(await status(wrong), 401, wrong);
  }
});

test('who is refused is told what to send, and not what it should have been', async t => {
  const url = await listening(t, ROUTES, new Access(['s3cret'], ['prometheus:password'], true));
  const without = await ask(`${url}/metrics`);
  assert.equal(
    without.headers['www-authenticate'],
    'Bearer realm="wampscope", Basic realm="wampscope", charset="UTF-8"',
  );
  assert.match(without.text, /^credentials are needed: send the header Authorization/);
  const wrong = await ask(`${url}/metrics`, { headers: { authorization: 'Bearer guess' } });
  assert.match(wrong.text, /^these credentials are wrong: send those of wampscope\.http\.auth/);
  for (const { text, headers } of [without, wrong])
    assert.doesNotMatch(text + JSON.stringify(headers), /s3cret|password"/);
  // Also on loopback, and for paths with other methods.
  assert.equal((await ask(`${url}/healthz`)).status, 200);
});

test('probes need no credentials, and no name', async t => {
  const url = await listening(t, ROUTES, new Access(['s3cret'], [], false));
  assert.equal((await ask(`${url}/healthz`, { headers: { host: 'pod-7.example.com' } })).text, 'ok');
});

test('on loopback without credentials, a page that gave its own name our address reads nothing', async t => {
  const url = await listening(t, ROUTES);
  const status = async (host: string): Promise<number> => (await ask(`${url}/metrics`, { headers: { host } })).status;
  for (const own of ['127.0.0.1:8081', 'localhost', 'LOCALHOST:8081', '[::1]:8081'])
    assert.equal(await status(own), 200, own);
  for (const other of ['evil.example.com', 'evil.example.com:8081', '127.0.0.1.example.com', '0.0.0.0']) {
    assert.equal(await status(other), 421, other);
  }
});

test('an open listener answers to any name', async t => {
  const url = await listening(t, ROUTES, new Access([], [], false));
  assert.equal((await ask(`${url}/metrics`, { headers: { host: 'router:8081' } })).status, 200);
});

test('secrets in files are good beside those in the configuration', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'wampscope-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const token_file = join(folder, 'token');
  const password_file = join(folder, 'password');
  writeFileSync(token_file, 'from-a-file\n');
  writeFileSync(password_file, 'also-from-a-file\r\n');
  const auth = {
    bearer: { token: 'written', token_file },
    basic: { username: 'prometheus', password: undefined, password_file },
  };
  const access = Access.of({ interface: '0.0.0.0', port: 0, open_to_network: false, auth });
  const refused = (authorization: string): boolean => access.refusal({ authorization }) !== undefined;
  for (const right of ['Bearer written', 'Bearer from-a-file', basic('prometheus:also-from-a-file')]) {
    assert.equal(refused(right), false, right);
  }
  assert.equal(refused(basic('prometheus:undefined')), true);
});

test('a file without a secret stops the start, and says which, why and what to do', t => {
  const folder = mkdtempSync(join(tmpdir(), 'wampscope-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  const start = (): Access => {
    const auth = { bearer: { token: undefined, token_file: file }, basic: undefined };
    return Access.of({ interface: '127.0.0.1', port: 0, open_to_network: false, auth });
  };
  const key = 'wampscope.http.auth.bearer.token_file';
  assert.throws(start, {
    message: `${key}: cannot read ${file} (ENOENT); it must be a file that this process may read`,
  });
  writeFileSync(file, '\n');
  assert.throws(start, { message: `${key}: ${file} has no secret: it is empty; write the secret alone, on one line` });
  writeFileSync(file, 'hunter2\nhunter3\n');
  assert.throws(
    start,
    (error: Error) => /spaces, line breaks/.test(error.message) && !error.message.includes('hunter'),
  );
});
