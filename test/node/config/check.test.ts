import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { check } from '../../../src/node/config/check.js';
import { example } from './helpers.js';

const directory = mkdtempSync(join(tmpdir(), 'check-'));
after(() => rmSync(directory, { recursive: true }));

const BROKEN = `{
  "version": 2,
  "workers": [
    {
      "type": "router",
      "realms": [
        {
          "name": "realm1",
          "roles": [{ "name": "anonymous", "allow-by-default": true },],
          "stats": { "rated_mesage_size": 256, "trigger_after_duration": "60" }
        }
      ],
      "transports": [
        {
          "type": "websocket",
          "endpoint": { "type": "tcp", "port": 8080, "tls": { "key": "k.pem", "certificate": "c.pem" } },
          "auth": { "anonymous": { "type": "static", "role": "frontend" } }
        }
      ]
    },
    { "type": "guest", "executable": "/usr/bin/env" }
  ]
}
`;

function checked(name: string, text: string, color = false) {
  const file = join(directory, name);
  writeFileSync(file, text);
  const { exitCode, output } = check(file, { color });
  return { exitCode, output: output.replaceAll(file, name) };
}

test('everything wrong, then everything odd, then one line', () => {
  const { exitCode, output } = checked('node.json', BROKEN);
  assert.equal(exitCode, 1);
  assert.equal(
    output,
    `error node.json:10:22
  workers[0].realms[0].stats.rated_mesage_size
  unknown key "rated_mesage_size" in realm stats (its value: 256)
  did you mean "rated_message_size"?

error node.json:10:48
  workers[0].realms[0].stats.trigger_after_duration
  expected seconds, 0 for never: a whole number from 0 to 2000000; got "60"
  write 60 without quotes

error node.json:16:54
  workers[0].transports[0].endpoint.tls
  Crossbar.io has "tls" (TCP endpoint), wampscope does not yet: clients would speak in the clear, so put a TLS proxy in front of a loopback endpoint

warning node.json:9:70
  workers[0].realms[0].roles
  trailing comma: JSON and Crossbar.io refuse it, wampscope accepts it
  remove it, so that every tool can read this file

warning node.json:21:5
  workers[1]
  Crossbar.io's worker type "guest" is ignored: wampscope runs no application code, so start it as a client of its own

node.json: refused; 3 errors, 2 warnings
`,
  );
});

test('once the values are right, what they mean is checked', () => {
  const right = BROKEN.replace('mesage', 'message')
    .replace('"60"', '60')
    .replace(/, "tls": \{.*?\}/, '');
  const { exitCode, output } = checked('node.json', right);
  assert.equal(exitCode, 1);
  assert.ok(
    output.startsWith(`error node.json:17:54
  workers[0].transports[0].auth.anonymous.role
  no realm of this worker has the role "frontend"
  use a role of the realms: there are anonymous
`),
    output,
  );
  assert.ok(output.endsWith('\n\nnode.json: refused; 1 error, 3 warnings\n'), output);
});

test('a good configuration says what it holds', () => {
  const file = example('session-statistics.json');
  assert.deepEqual(check(file), { exitCode: 0, output: `${file}: good: 1 realm (realm1), 1 transport\n` });
  const init = check(example('crossbar-init.json'));
  assert.equal(init.exitCode, 0);
  assert.match(init.output, /good: 1 realm \(realm1\), 2 transports; 8 warnings\n$/);
});

test('a file that is not there is an error like others', () => {
  assert.deepEqual(check('nowhere.json'), {
    exitCode: 1,
    output:
      'error nowhere.json\n  cannot read the configuration: there is no such file\n\nnowhere.json: refused; 1 error\n',
  });
});

test('colours come only when asked for', () => {
  const esc = '\u001b';
  assert.ok(!checked('node.json', BROKEN).output.includes(esc));
  const { output } = checked('node.json', BROKEN, true);
  assert.ok(output.includes(`${esc}[31merror${esc}[0m`));
  assert.ok(output.includes(`${esc}[33mwarning${esc}[0m`));
});
