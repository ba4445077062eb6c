import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainNode, steps, verdict, withAt } from './helpers.js';

/** [path, value put there (undefined: removed), what the problem says, its path when it is another]. */
type Row = readonly [path: string, value: unknown, says: readonly string[], at?: string];

const REALM = 'workers[0].realms[0]';
const STATS = `${REALM}.stats`;
const PERMISSION = `${REALM}.roles[0].permissions[0]`;
const WEBSOCKET = 'workers[0].transports[0]';
const RAWSOCKET = 'workers[0].transports[1]';
const WEB = 'workers[0].transports[2]';
const UNIVERSAL = 'workers[0].transports[3]';
const SAMPLING = 'wampscope.telemetry.sampling';
const AUTH = `${WEBSOCKET}.auth`;

const ROWS: readonly Row[] = [
  // The file as a whole.
  ['version', undefined, ['missing; expected 2', 'crossbar upgrade']],
  ['version', 1, ['expected 2', 'got 1', 'crossbar upgrade']],
  ['version', '2', ['expected 2', 'got "2"']],
  ['realms', [], ['unknown key "realms" in node configuration', 'belongs in: router worker', 'a list of 0']],
  ['worker', [], ['unknown key "worker"', 'did you mean "workers"?']],
  ['workers', {}, ['expected a list: the workers of the node', 'got an object']],
  ['workers', [], ['no worker of type "router"']],
  ['controller.id', 'Node 1', ['the id of the node', 'got "Node 1"']],
  ['controller', null, ['an object: controller', 'got null', 'write a value, or leave out the key']],

  // Workers.
  ['workers[0].type', undefined, ['missing; expected the type of the worker: "router"']],
  [
    'workers[0].type',
    'ruoter',
    ['expected the type of the worker: "router"', 'got "ruoter"', 'did you mean "router"?'],
  ],
  ['workers[0].type', 'contianer', ['did you mean Crossbar.io\'s "container"?', 'runs no application code']],
  ['workers[0].type', 'proxy', ['Crossbar.io has worker type "proxy", wampscope does not yet'], 'workers[0]'],
  ['workers[0]', 'router', ['an object: worker', 'got "router"']],
  ['workers[0].options.disabled', 'maybe', [`true, false, or "\${NAME}"`, 'got "maybe"']],
  ['workers[0].realms', undefined, ['transports without realms', 'give the worker "realms"'], 'workers[0].transports'],

  // Realms.
  [`${REALM}.name`, undefined, ['missing; expected the name of the realm']],
  [`${REALM}.name`, 'my realm', ['a URI, such as realm1', 'got "my realm"']],
  [`${REALM}.name`, 7, ['a URI, such as realm1', 'got 7']],
  [`${REALM}.roles`, undefined, ['missing; expected a list: the roles of the realm']],
  [`${REALM}.rlinks`, [{ realm: 'realm1' }], ['Crossbar.io has "rlinks"', 'wampscope does not yet']],
  [`${REALM}.options.uri_check`, 'lose', ['one of "loose" or "strict"', 'got "lose"', 'did you mean "loose"?']],
  [`${REALM}.options.on_leave`, true, ['one of "id" or "full"', 'got true']],
  [`${REALM}.options.enable_meta_api`, 'true', ['true or false', 'got "true"', 'write true without quotes']],
  [
    `${REALM}.options.request_id`,
    'lenient',
    ['unknown key "request_id" in realm options', 'did you mean "request_ids"?'],
  ],

  // Statistics.
  [`${STATS}.rated_message_size`, 300, ['a power of two, such as 256 or 512', 'got 300']],
  [`${STATS}.rated_message_size`, 0, ['a power of two', 'got 0']],
  [`${STATS}.rated_message_size`, -512, ['a power of two', 'got -512']],
  [`${STATS}.rated_message_size`, 2.5, ['a power of two, such as 2 or 4', 'got 2.5']],
  [`${STATS}.rated_message_size`, '512', ['a power of two', 'got "512"', 'write 512 without quotes']],
  [`${STATS}.trigger_after_rated_messages`, -1, ['rated messages, 0 for never', '0 or more', 'got -1']],
  [`${STATS}.trigger_after_duration`, 0.5, ['seconds', 'got 0.5']],
  [`${STATS}.trigger_on_join`, 1, ['true or false', 'got 1']],
  [
    `${STATS}.ratedMessageSize`,
    256,
    ['unknown key "ratedMessageSize" in realm stats', 'did you mean "rated_message_size"?'],
  ],
  [`${STATS}.trigger_on_error`, true, ['unknown key "trigger_on_error"', 'its value: true']],
  [`${STATS}.colour`, 'blue', ['unknown key "colour"', 'known here: rated_message_size, trigger_after_rated_messages']],
  [STATS, [], ['an object: realm stats', 'got a list of 0']],

  // Roles and permissions.
  [`${REALM}.roles[0].name`, 'trusted', ['another name: "trusted" is built in', 'got "trusted"']],
  [
    `${REALM}.roles[0].authorizer`,
    'com.example.authorize',
    ['Crossbar.io has "authorizer" (role)', 'list them in "permissions"'],
  ],
  [
    `${REALM}.roles[0].authoriser`,
    'com.example.authorize',
    ['unknown key "authoriser"', 'did you mean Crossbar.io\'s "authorizer"?'],
  ],
  [
    `${REALM}.roles[1]`,
    { name: 'anonymous' },
    ['the role name "anonymous" is taken by workers[0].realms[0].roles[0].name'],
    `${REALM}.roles[1].name`,
  ],
  [`${PERMISSION}.uri`, undefined, ['missing; expected a URI']],
  [`${PERMISSION}.uri`, 'com example', ['a URI: parts without spaces and #', 'got "com example"']],
  [`${PERMISSION}.uri`, 'com..example', ['Crossbar.io has and wampscope does not yet', 'got "com..example"']],
  [
    `${REALM}.roles[0].permissions[1]`,
    { uri: 'com.*.a*' },
    ['one star at its end', 'got "com.*.a*"'],
    `${REALM}.roles[0].permissions[1].uri`,
  ],
  [
    `${PERMISSION}.match`,
    'wildcard',
    ['Crossbar.io has match "wildcard", wampscope does not yet', 'use "prefix" or "exact"'],
  ],
  [`${PERMISSION}.match`, 'prefx', ['one of "exact" or "prefix"', 'did you mean "prefix"?']],
  [`${PERMISSION}.call`, true, ['unknown key "call" in permission', '"call" belongs in: permission allow']],
  [`${PERMISSION}.allow.subscirbe`, true, ['unknown key "subscirbe" in permission allow', 'did you mean "subscribe"?']],
  [`${PERMISSION}.allow.call`, 'yes', ['true or false', 'got "yes"']],
  [`${PERMISSION}.allow`, true, ['an object: permission allow', 'got true']],
  [
    `${PERMISSION}.validate`,
    { call: 'com.example.Type' },
    ['Crossbar.io has "validate" (permission)', 'invalid ones would pass'],
  ],

  // Transports and endpoints.
  [`${WEBSOCKET}.type`, 'websockets', ['expected the type of the transport', 'did you mean "websocket"?']],
  [`${WEBSOCKET}.type`, 'http', ['one of "websocket", "rawsocket", "web" or "universal"', 'got "http"']],
  [`${WEBSOCKET}.endpoint`, undefined, ['missing; expected an object: endpoint']],
  [`${WEBSOCKET}.endpoint.port`, undefined, ['missing; expected a TCP port']],
  [`${WEBSOCKET}.endpoint.port`, 65536, ['from 0 to 65535', 'got 65536']],
  [`${WEBSOCKET}.endpoint.port`, 'http', ['a TCP port', 'got "http"']],
  [`${WEBSOCKET}.endpoint.port`, '$WAMP_PORT', ['the environment variable WAMP_PORT is not set']],
  [
    `${WEBSOCKET}.endpoint.port`,
    8081,
    ['the port 8081 of 127.0.0.1 is taken by workers[0].transports[0].endpoint.port'],
    `${WEB}.endpoint.port`,
  ],
  [`${WEBSOCKET}.endpoint.interface`, 'any interface', ['an address or host name', 'got "any interface"']],
  [`${WEBSOCKET}.endpoint.version`, 5, ['the version of IP: 4 or 6', 'got 5']],
  [`${WEBSOCKET}.endpoint.tls`, { key: 'k.pem' }, ['Crossbar.io has "tls" (TCP endpoint)', 'in the clear']],
  [`${WEBSOCKET}.endpoint.portrange`, [1, 2], ['Crossbar.io has "portrange"', 'give one "port"']],
  [`${WEBSOCKET}.endpoint.type`, 'onion', ['Crossbar.io has endpoint type "onion"'], `${WEBSOCKET}.endpoint`],
  [
    `${WEBSOCKET}.serializers`,
    ['jsn'],
    ['one of "json", "msgpack" or "cbor"', 'got "jsn"', 'did you mean "json"?'],
    `${WEBSOCKET}.serializers[0]`,
  ],
  [`${WEBSOCKET}.serializers`, ['ubjson'], ['at least one of "json", "msgpack" or "cbor"', 'got a list of 0']],
  [`${WEBSOCKET}.options.auto_ping_interval`, 10, ['milliseconds', 'got 10']],
  [`${WEBSOCKET}.options.max_message_size`, -1, ['octets', 'got -1']],
  [`${WEBSOCKET}.options.allowed_origins`, '*', ['a list: origins', 'got "*"']],
  [
    `${WEBSOCKET}.options.allowed_origin`,
    ['*'],
    ['unknown key "allowed_origin" in WebSocket options', 'did you mean "allowed_origins"?'],
  ],
  [`${WEBSOCKET}.url`, 'localhost', ['the URL for clients', 'got "localhost"']],
  [`${RAWSOCKET}.options.max_message_size`, 100, ['from 512 to 16777216', 'got 100']],
  [`${RAWSOCKET}.endpoint.path`, undefined, ['missing; expected the path of a Unix socket']],
  [`${RAWSOCKET}.endpoint.port`, 1, ['unknown key "port" in Unix endpoint']],
  [`${WEB}.paths`, undefined, ['missing; expected an object: a service for each path']],
  [`${WEB}.paths./ws`, { type: 'websocket' }, ['a path of one part', 'got "/ws"'], `${WEB}.paths["/ws"]`],
  [
    `${WEB}.paths.ws.type`,
    'statics',
    ['expected the type of the web path', 'did you mean Crossbar.io\'s "static"?', '404'],
  ],
  [`${UNIVERSAL}.rawsocket.endpoint`, {}, ['unknown key "endpoint" in RawSocket of a universal transport']],
  [
    `${UNIVERSAL}.web.paths.ws`,
    { type: 'websocket' },
    ['the path "ws" is taken by workers[0].transports[3].web.paths.ws'],
    `${UNIVERSAL}.websocket.ws`,
  ],

  // Authentication.
  [
    `${AUTH}.anonymous.role`,
    'anonymus',
    ['no realm of this worker has the role "anonymus"', 'did you mean "anonymous"?'],
  ],
  [`${AUTH}.anonymous.role`, 'trusted', ['Crossbar.io has the role "trusted" built in']],
  [`${AUTH}.anonymous.type`, 'dynamic', ['Crossbar.io has authentication type "dynamic"'], `${AUTH}.anonymous`],
  [`${AUTH}.anonymous.realm`, 'realm1', ['Crossbar.io has "realm" (anonymous authentication)']],
  [`${AUTH}.wampcra`, { type: 'static', users: {} }, ['Crossbar.io has "wampcra" (auth), wampscope does not yet']],
  [`${AUTH}.tickets`, {}, ['unknown key "tickets" in auth', 'did you mean "ticket"?']],
  [AUTH, {}, ['no method of authentication: nobody could join']],
  [
    `${AUTH}.ticket.principals.joe.role`,
    undefined,
    ['missing; expected the name of a role, here or as "default-role"'],
  ],
  [
    `${AUTH}.ticket.principals.joe.role`,
    'backend',
    ['no realm of this worker has the role "backend"', 'there are anonymous'],
  ],
  [`${AUTH}.ticket.principals.joe.ticket`, '', ['the ticket: a string that is not empty', 'a string (not shown)']],
  [`${AUTH}.ticket.principals.joe.ticket`, `\${JOES_TICKET}`, ['the environment variable JOES_TICKET is not set']],

  // What only wampscope has.
  [
    'wampscope.graphs',
    {},
    ['unknown key "graphs" in wampscope', 'known here: management, http, telemetry, metrics, store, limits'],
  ],
  ['wampscope.management.realm', 'realm1', ['the realm name "realm1" is taken by workers[0].realms[0].name']],
  ['wampscope.http.port', 8080, ['the port 8080 of 127.0.0.1 is taken by workers[0].transports[0].endpoint.port']],
  ['wampscope.telemetry.pipeline', 'row', ['one of "rows" or "sdk"', 'did you mean "rows"?']],
  ['wampscope.telemetry.endpoint', 'localhost:4318', ['the URL of an OTLP/HTTP collector', 'got "localhost:4318"']],
  [
    'wampscope.telemetry.endpoint',
    'ftp://ada:pass@host',
    ['the URL of an OTLP/HTTP collector', 'a string (not shown)'],
  ],
  [`${SAMPLING}.ratio`, 1.5, ['a number from 0 (none) to 1 (all)', 'got 1.5']],
  [`${SAMPLING}.spans_per_second`, -1, ['spans a second, 0 for no limit', 'got -1']],
  [`${SAMPLING}.rules`, [{ ratio: 1 }], ['"uri", "realm", "authid" or "authrole"'], `${SAMPLING}.rules[0]`],
  [`${SAMPLING}.rules`, [{ uri: 'a' }], ['"ratio" or "slow_threshold"'], `${SAMPLING}.rules[0]`],
  [
    `${SAMPLING}.rules`,
    [{ realm: 'realm1', match: 'exact', ratio: 1 }],
    ['it together with "uri"'],
    `${SAMPLING}.rules[0].match`,
  ],
  [
    `${SAMPLING}.rules`,
    [{ realm: 'realm9', ratio: 1 }],
    ['no worker has a realm of this name', 'did you mean "realm1"?'],
    `${SAMPLING}.rules[0].realm`,
  ],
  ['wampscope.telemetry.trust', [{ mode: 'trust' }], ['"follow"', 'got "trust"'], 'wampscope.telemetry.trust[0].mode'],
  [
    'wampscope.telemetry.trust',
    [{ authrole: 'root', mode: 'link' }],
    ['no realm has this role', 'there are "'],
    'wampscope.telemetry.trust[0].authrole',
  ],
  ['wampscope.telemetry.propagation.realms.realm1', 'yes', ['one of "announced", "always" or "never"', 'got "yes"']],
  ['wampscope.limits.open_actions', 0, ['actions: a whole number from 1', 'got 0']],
  ['wampscope.limits.handshake_timeout', '10s', ['milliseconds', 'got "10s"']],
];

test('the plain node has no fault', () => {
  const { problems, warnings } = verdict(plainNode());
  assert.deepEqual([...problems, ...warnings], []);
});

for (const [path, value, says, at = path] of ROWS) {
  test(`${path} = ${JSON.stringify(value) ?? 'nothing'}`, () => {
    const { problems } = verdict(withAt(plainNode(), steps(path), value));
    assert.deepEqual(
      problems.map(problem => problem.path),
      [at],
      JSON.stringify(problems, null, 2),
    );
    const [problem] = problems;
    const text = `${problem!.message}; ${problem!.hint}`;
    for (const fragment of says) assert.ok(text.includes(fragment), `${JSON.stringify(fragment)} is not in: ${text}`);
  });
}

test('all problems come at once, in the order of their places', () => {
  let node = withAt(plainNode(), steps(`${STATS}.rated_message_size`), 300);
  node = withAt(node, steps(`${STATS}.triger_on_join`), 'no');
  node = withAt(node, steps(`${WEBSOCKET}.endpoint.port`), 70000);
  node = withAt(node, steps(`${WEBSOCKET}.type`), 'websokcet');
  assert.deepEqual(
    verdict(node)
      .problems.map(problem => problem.path)
      .sort(),
    [
      `${STATS}.rated_message_size`,
      `${STATS}.triger_on_join`,
      `${STATS}.triger_on_join`,
      `${WEBSOCKET}.endpoint.port`,
      `${WEBSOCKET}.type`,
    ],
  );
});

test('a management realm without roles is for this machine only', () => {
  const open = withAt(plainNode(), ['wampscope', 'management'], {});
  assert.deepEqual(verdict(open).problems, []);
  const path = `${UNIVERSAL}.endpoint.interface`;
  for (const outside of ['0.0.0.0', '::', '192.0.2.1', 'router.example.com', '']) {
    const { problems } = verdict(withAt(open, steps(path), outside));
    assert.deepEqual(
      problems.map(problem => problem.path),
      [path],
    );
    assert.match(problems[0]!.message, /open to anonymous/);
    assert.match(problems[0]!.hint ?? '', /its own "roles"/);
  }
  for (const inside of ['127.0.0.1', '127.1.2.3', 'localhost', '::1']) {
    assert.deepEqual(verdict(withAt(open, steps(path), inside)).problems, []);
  }
  const guarded = withAt(open, ['wampscope', 'management', 'roles'], [{ name: 'operator', 'allow-by-default': true }]);
  assert.deepEqual(verdict(withAt(guarded, steps(path), '0.0.0.0')).problems, []);
});
