import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseConfig } from '../../../src/node/config/load.js';
import { load, outcome, plainNode, verdict, withAt } from './helpers.js';

const HTTP = ['wampscope', 'http'];

function withHttp(http: object): unknown {
  return withAt(plainNode(), HTTP, { port: 9000, ...http });
}

function problemsOf(http: object, environment = {}) {
  return verdict(withHttp(http), environment).problems.map(({ path, message, hint }) => ({ path, message, hint }));
}

const EXPOSED = { interface: '0.0.0.0' };

test('a management listener that strangers can reach needs authentication', () => {
  for (const host of ['0.0.0.0', '::', '', '192.168.1.7', 'router.example.com']) {
    const [problem, ...others] = problemsOf({ interface: host });
    assert.equal(problem!.path, 'wampscope.http.interface', host);
    assert.match(problem!.message, /everybody who reaches this address could read who uses the router/);
    assert.match(problem!.hint!, /"auth" with "bearer" or "basic".*127\.0\.0\.1.*"open_to_network": true/);
    assert.deepEqual(others, []);
  }
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost'])
    assert.deepEqual(problemsOf({ interface: host }), []);
});

test('a token, a password or an explicit word make it reachable from outside', () => {
  for (const http of [
    { auth: { bearer: { token: 'abc' } } },
    { auth: { bearer: { token_file: 'token' } } },
    { auth: { basic: { username: 'prometheus', password: 'abc' } } },
    { open_to_network: true },
  ]) {
    assert.deepEqual(verdict(withHttp({ ...EXPOSED, ...http })), { problems: [], warnings: [] });
  }
});

test('an open listener that need not be open is worth a warning', () => {
  const warned = (http: object): unknown => verdict(withHttp({ open_to_network: true, ...http })).warnings;
  const path = 'wampscope.http.open_to_network';
  const warning = (message: string): object[] => [{ path, message, hint: 'remove it' }];
  assert.deepEqual(warned({}), warning('has no effect while it listens on 127.0.0.1'));
  assert.deepEqual(warned({ ...EXPOSED, auth: { bearer: { token: 'a' } } }), warning('has no effect beside "auth"'));
});

test('authentication without a method, or a method without a secret, is refused', () => {
  assert.match(problemsOf({ auth: {} })[0]!.message, /no method of authentication: give "bearer", "basic" or both/);
  assert.match(problemsOf({ auth: { bearer: {} } })[0]!.message, /neither "token" nor "token_file"/);
  const basic = { username: 'prometheus' };
  assert.match(problemsOf({ auth: { basic } })[0]!.message, /neither "password" nor "password_file"/);
  const missing = problemsOf({ auth: { basic: { password: 'abc' } } })[0]!;
  assert.equal(missing.path, 'wampscope.http.auth.basic.username');
  assert.match(missing.message, /missing; expected the user name/);
});

test('secrets come from the environment', () => {
  const auth = {
    bearer: { token: `\${TOKEN}` },
    basic: { username: 'prometheus', password: `\${PASSWORD}` },
  };
  const environment = { TOKEN: 'abc', PASSWORD: 'def' };
  const { http } = load(withHttp({ ...EXPOSED, auth }), environment).config.wampscope;
  assert.equal(http!.auth!.bearer!.token, 'abc');
  assert.equal(http!.auth!.basic!.password, 'def');
  const problems = problemsOf({ ...EXPOSED, auth }, { PASSWORD: 'def' });
  assert.deepEqual(
    problems.map(({ path, message }) => [path, message]),
    [['wampscope.http.auth.bearer.token', 'the environment variable TOKEN is not set']],
  );
});

test('a secret that a header cannot carry is refused, and never shown', () => {
  const secret = 'hunter2 hunter3';
  for (const auth of [
    { bearer: { token: secret } },
    { bearer: { token: `\${TOKEN}` } },
    { bearer: { tokn: secret } },
    { bearer: secret },
    { basic: { username: 'prometheus', password: secret } },
  ]) {
    const said = verdict(withHttp({ ...EXPOSED, auth }), { TOKEN: secret });
    assert.ok(said.problems.length > 0);
    assert.ok(!JSON.stringify(said).includes('hunter'), JSON.stringify(said));
  }
  assert.match(problemsOf({ auth: { bearer: { token: secret } } })[0]!.message, /printable characters without spaces/);
});

test('files with secrets are looked for beside the configuration', () => {
  const auth = {
    bearer: { token_file: 'token' },
    basic: { username: 'prometheus', password_file: `\${SECRETS}/password` },
  };
  const text = JSON.stringify(withHttp({ ...EXPOSED, auth }));
  const environment = { SECRETS: '/run/secrets' };
  const { http } = parseConfig(text, 'json', 'f', { environment, directory: '/etc/wampscope' }).config.wampscope;
  assert.equal(http!.auth!.bearer!.token_file, '/etc/wampscope/token');
  assert.equal(http!.auth!.basic!.password_file, '/run/secrets/password');
});

test('the listener that README.md shows is accepted without a warning', () => {
  const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');
  const [, listener] = /^```yaml\n(wampscope:\n[\s\S]*?)^```/m.exec(readme)!;
  const realm = '{ name: realm1, roles: [{ name: anonymous, allow-by-default: yes }] }';
  const transport = '{ type: websocket, endpoint: { type: tcp, interface: 127.0.0.1, port: 8080 } }';
  const node = `version: 2\nworkers: [{ type: router, realms: [${realm}], transports: [${transport}] }]\n${listener}`;
  const environment = { METRICS_TOKEN: 'abc' };
  const said = outcome(() => parseConfig(node, 'yaml', 'README.md', { environment }));
  assert.deepEqual([said.problems, said.warnings], [[], []]);
});
