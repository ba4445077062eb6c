import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CROSSBAR_KEYS, CROSSBAR_VALUES, type CrossbarTable } from '../../../src/node/config/crossbar-only.js';
import { nodeSchema } from '../../../src/node/config/schema.js';
import { about } from '../../../src/node/config/section.js';
import { sectionsOf } from '../../../src/node/config/sift.js';
import { load, plainNode, steps, verdict, withAt } from './helpers.js';

const WORKER = 'workers[0]';
const REALM = `${WORKER}.realms[0]`;
const WEBSOCKET = `${WORKER}.transports[0]`;
const RAWSOCKET = `${WORKER}.transports[1]`;
const WEB = `${WORKER}.transports[2]`;
const UNIVERSAL = `${WORKER}.transports[3]`;

/** Where each table of keys applies in the plain node. */
const SECTIONS: { readonly [table in keyof typeof CROSSBAR_KEYS]: string } = {
  controller: 'controller',
  worker: WORKER,
  workerOptions: `${WORKER}.options`,
  realm: REALM,
  realmOptions: `${REALM}.options`,
  role: `${REALM}.roles[0]`,
  permission: `${REALM}.roles[0].permissions[0]`,
  transport: RAWSOCKET,
  webSocket: WEBSOCKET,
  webSocketOptions: `${WEB}.paths.ws.options`,
  web: WEB,
  universal: UNIVERSAL,
  tcpEndpoint: `${WEBSOCKET}.endpoint`,
  auth: `${WEBSOCKET}.auth`,
  anonymous: `${WEBSOCKET}.auth.anonymous`,
};

const SOMETHING = 'something';

for (const [table, keys] of Object.entries(CROSSBAR_KEYS)) {
  const section = SECTIONS[table as keyof typeof CROSSBAR_KEYS];
  for (const [key, { level, why, unless }] of Object.entries(keys as CrossbarTable)) {
    test(`${section}.${key} is ${level}`, () => {
      const path = [...steps(section), key];
      const { problems, warnings } = verdict(withAt(plainNode(), path, SOMETHING));
      const [found, other] = level === 'ignored' ? [warnings, problems] : [problems, warnings];
      assert.deepEqual(
        found.map(problem => problem.path),
        [`${section}.${key}`],
      );
      assert.deepEqual(other, []);
      const { message } = found[0]!;
      assert.ok(message.endsWith(why), message);
      assert.match(
        message,
        level === 'ignored' ? /^Crossbar\.io's .* is ignored: / : /^Crossbar\.io has .*, wampscope does not yet: /,
      );
      assert.ok(!message.includes('unknown'));
      for (const same of unless) {
        const silent = verdict(withAt(plainNode(), path, same));
        assert.deepEqual([...silent.problems, ...silent.warnings], [], `${JSON.stringify(same)} asks for nothing`);
      }
    });
  }
}

/** Where each table of values applies, and where the finding is. */
const CHOICES: { readonly [table in keyof typeof CROSSBAR_VALUES]: readonly [set: string, at: string] } = {
  worker: [`${WORKER}.type`, WORKER],
  transport: [`${RAWSOCKET}.type`, RAWSOCKET],
  endpoint: [`${RAWSOCKET}.endpoint.type`, `${RAWSOCKET}.endpoint`],
  webPath: [`${WEB}.paths.ws.type`, `${WEB}.paths.ws`],
  serializer: [`${RAWSOCKET}.serializers[1]`, `${RAWSOCKET}.serializers[1]`],
  match: [`${REALM}.roles[0].permissions[0].match`, `${REALM}.roles[0].permissions[0].match`],
  authType: [`${WEBSOCKET}.auth.ticket.type`, `${WEBSOCKET}.auth.ticket`],
};

for (const [table, values] of Object.entries(CROSSBAR_VALUES)) {
  const [set, at] = CHOICES[table as keyof typeof CROSSBAR_VALUES];
  for (const [value, { level, why }] of Object.entries(values as CrossbarTable)) {
    test(`${set} = "${value}" is ${level}`, () => {
      let node: unknown = withAt(plainNode(), steps(`${RAWSOCKET}.serializers`), ['json', 'cbor', 'msgpack']);
      // With a second worker there is something left to run.
      if (table === 'worker') {
        node = withAt(node, ['workers', 1], { type: 'router', realms: [{ name: 'realm2', roles: [] }] });
      }
      const { problems, warnings } = verdict(withAt(node, steps(set), value));
      const found = (level === 'ignored' ? warnings : problems).filter(problem => problem.path === at);
      assert.deepEqual(level === 'ignored' ? problems : problems.slice(1), []);
      assert.equal(found.length, 1);
      assert.ok(found[0]!.message.includes(`"${value}"`), found[0]!.message);
      assert.ok(found[0]!.message.endsWith(why), found[0]!.message);
    });
  }
}

test('no key is both ours and only Crossbar.io has it', () => {
  for (const section of sectionsOf(nodeSchema)) {
    const { what, crossbarOnly = {} } = about.get(section)!;
    for (const key of Object.keys(crossbarOnly)) assert.ok(!(key in section.shape), `${key} of ${what}`);
  }
});

test('what is ignored is gone, and the rest keeps its place', () => {
  let node = withAt(plainNode(), steps(`${RAWSOCKET}.serializers`), ['ubjson', 'cbor']);
  node = withAt(node, steps(`${WEBSOCKET}.type`), 'mqtt');
  node = withAt(node, steps(`${WEB}.paths.info`), { type: 'nodeinfo' });
  const { config, warnings } = load(node);
  assert.deepEqual(
    config.workers[0]!.transports.map(({ type }) => type),
    ['rawsocket', 'web', 'universal'],
  );
  const [rawSocket, web] = config.workers[0]!.transports;
  assert.ok(rawSocket?.type === 'rawsocket' && web?.type === 'web');
  assert.deepEqual(rawSocket.serializers, ['cbor']);
  assert.deepEqual(Object.keys(web.paths), ['ws']);
  assert.deepEqual(
    warnings.map(({ path }) => path).sort(),
    [WEBSOCKET, `${RAWSOCKET}.serializers[0]`, `${WEB}.paths.info`].sort(),
  );
  // The indexes are those of the file, also of what comes after something ignored.
  const broken = verdict(withAt(node, steps(`${UNIVERSAL}.endpoint.port`), -1));
  assert.deepEqual(
    broken.problems.map(({ path }) => path),
    [`${UNIVERSAL}.endpoint.port`],
  );
});

/** What is legal, and yet not what its author may believe: [path, value, what the warning says, its path]. */
const WARNINGS: readonly (readonly [string, unknown, RegExp, string?])[] = [
  [
    `${WEBSOCKET}.endpoint.interface`,
    undefined,
    /listens on 127\.0\.0\.1, Crossbar\.io on every interface/,
    `${WEBSOCKET}.endpoint`,
  ],
  [`${WEBSOCKET}.endpoint`, { type: 'tcp', version: 6, port: 1 }, /listens on ::1/],
  [`${REALM}.roles[0].permissions[0].uri`, '*', /the star of "\*" is a star, not a pattern/],
  [
    `${REALM}.roles[0].permissions[1]`,
    { uri: '' },
    /"" matches no URI exactly/,
    `${REALM}.roles[0].permissions[1].uri`,
  ],
  [
    `${REALM}.roles[0].permissions[1]`,
    { uri: 'com.a.', match: 'exact' },
    /matches no URI exactly/,
    `${REALM}.roles[0].permissions[1].uri`,
  ],
  [
    `${REALM}.roles[0].permissions[1]`,
    { uri: '*' },
    /given again at .*permissions\[1\], which replaces this one/,
    `${REALM}.roles[0].permissions[0].uri`,
  ],
  [`${REALM}.roles[0].allow-by-default`, true, /has no effect beside "permissions"/],
  [`${REALM}.roles`, [], /a realm without roles/],
  [`${WORKER}.transports`, [], /realms without transports/, `${WORKER}.realms`],
  ['wampscope.management', { roles: [{ name: 'operator' }] }, /nobody can join the management realm/],
];

for (const [path, value, says, at = path] of WARNINGS) {
  test(`${path} = ${JSON.stringify(value) ?? 'nothing'} is worth a warning`, () => {
    let node: unknown = plainNode();
    // Without roles, the roles that "auth" names would be errors.
    if (path === `${REALM}.roles`) node = withAt(node, steps(`${WORKER}.transports`), [plainTransport()]);
    const { problems, warnings } = verdict(withAt(node, steps(path), value));
    assert.deepEqual(problems, []);
    const found = warnings.filter(warning => warning.path === at && says.test(warning.message));
    assert.equal(found.length, 1, JSON.stringify(warnings, null, 2));
  });
}

function plainTransport(): object {
  return { type: 'websocket', endpoint: { type: 'tcp', interface: '127.0.0.1', port: 8080 } };
}

test('without "auth" a realm needs the role anonymous', () => {
  const node = withAt(plainNode(), steps(`${REALM}.roles[0].name`), 'guest');
  const { problems, warnings } = verdict(withAt(node, steps(`${WORKER}.transports`), [plainTransport()]));
  assert.deepEqual(problems, []);
  assert.deepEqual(
    warnings.map(({ path }) => path),
    [WEBSOCKET],
  );
  assert.match(warnings[0]!.message, /everybody joins as "anonymous", but no realm of this worker has that role/);
});
