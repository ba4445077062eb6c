import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from '../../../src/node/config/check.js';
import { loadConfig, parseConfig } from '../../../src/node/config/load.js';
import { formatProblem } from '../../../src/node/config/problem.js';
import { example, load, outcome, plainNode, steps, verdict, withAt } from './helpers.js';

const PORT = steps('workers[0].transports[0].endpoint.port');
const PRINCIPAL = 'workers[0].transports[0].auth.ticket.principals.joe';
const TICKET = steps(`${PRINCIPAL}.ticket`);

function braced(name: string): string {
  return `\${${name}}`;
}

function portOf(written: unknown, environment = {}): number | undefined {
  const { endpoint } = load(withAt(plainNode(), PORT, written), environment).config.workers[0]!.transports[0]!;
  return endpoint.type === 'tcp' ? endpoint.port : undefined;
}

function ticketOf(written: unknown, environment = {}): string | undefined {
  const [transport] = load(withAt(plainNode(), TICKET, written), environment).config.workers[0]!.transports;
  return transport?.type === 'websocket' ? transport.auth.ticket?.principals.joe?.ticket : undefined;
}

test('a port is a number, its digits, or a variable', () => {
  assert.equal(portOf(9000), 9000);
  assert.equal(portOf('9000'), 9000);
  assert.equal(portOf('$WAMP_PORT', { WAMP_PORT: '9000' }), 9000);
  assert.equal(portOf(braced('WAMP_PORT'), { WAMP_PORT: '9000' }), 9000);
  assert.equal(portOf(0), 0);
  const { problems } = verdict(withAt(plainNode(), PORT, '$WAMP_PORT'), { WAMP_PORT: 'http' });
  assert.match(problems[0]!.message, /expected a TCP port.*; got "http"/);
});

test('a ticket is a string, or one variable and nothing else', () => {
  assert.equal(ticketOf(braced('TICKET'), { TICKET: 'from outside' }), 'from outside');
  assert.equal(ticketOf('$TICKET'), '$TICKET');
  assert.equal(ticketOf(`${braced('TICKET')}s`), `${braced('TICKET')}s`);
  const { problems } = verdict(withAt(plainNode(), TICKET, braced('TICKET')), { TICKET: '' });
  assert.match(problems[0]!.message, /a string that is not empty/);
});

test('a worker can be disabled by a variable', () => {
  const node = withAt(plainNode(), ['workers', 1], {
    type: 'router',
    options: { disabled: braced('NO_SECOND') },
    realms: [{ name: 'realm2', roles: [] }],
    transports: [{ type: 'websocket', endpoint: { type: 'tcp', interface: '127.0.0.1', port: 9000 } }],
  });
  assert.equal(load(node).config.workers.length, 2);
  assert.equal(load(node, { NO_SECOND: '' }).config.workers.length, 2);
  assert.equal(load(node, { NO_SECOND: '1' }).config.workers.length, 1);
  const none = withAt(plainNode(), steps('workers[0].options.disabled'), true);
  assert.match(verdict(none).problems[0]!.message, /nothing to run/);
});

test('the path of a Unix socket may contain variables', () => {
  const node = withAt(plainNode(), steps('workers[0].transports[1].endpoint.path'), `$RUN/${braced('NAME')}.sock`);
  const { config } = load(node, { RUN: '/run', NAME: 'wamp' });
  assert.deepEqual(config.workers[0]!.transports[1]!.endpoint, { type: 'unix', path: '/run/wamp.sock' });
  assert.match(verdict(node, { RUN: '/run' }).problems[0]!.message, /the environment variable NAME is not set/);
});

test('the example with tickets takes all of them from the environment', () => {
  const environment = { WAMP_PORT: '9443', ORDERS_TICKET: 'o', SHOP_TICKET: 's', OPERATOR_TICKET: 'a' };
  const { config } = loadConfig(example('tickets.yaml'), { environment });
  const [transport] = config.workers[0]!.transports;
  assert.ok(transport?.type === 'universal');
  assert.deepEqual(transport.rawsocket?.auth.ticket?.principals, {
    orders: { ticket: 'o', role: 'backend' },
    web: { ticket: 's', role: 'shop' },
    ada: { ticket: 'a', role: 'operator' },
  });
  const { output } = check(example('tickets.yaml'), { environment: {} });
  for (const name of Object.keys(environment)) assert.ok(output.includes(`${name} is not set`));
});

test('secrets are never shown, however they got where they are', () => {
  const secret = 'correct-horse-battery-staple';
  const auth = 'workers[0].transports[0].auth';
  const places: [path: string, value: unknown][] = [
    [`${PRINCIPAL}.ticket`, [secret]],
    [`${PRINCIPAL}.ticket`, { value: secret }],
    [`${PRINCIPAL}.tikcet`, secret],
    [`${PRINCIPAL}.role`, { ticket: secret }],
    [`${PRINCIPAL}.password`, secret],
    [PRINCIPAL, secret],
    [`${auth}.ticket.principals`, secret],
    [`${auth}.ticket.principals`, [secret]],
    [`${auth}.ticket.joe`, secret],
    [`${auth}.ticket`, secret],
    [`${auth}.tickets`, secret],
    [auth, secret],
    [`${auth}.wampcra`, { type: 'static', users: { joe: { secret, role: 'anonymous' } } }],
    ['workers[0].transports[0].ticket', secret],
    ['workers[0].transports[0].secrets', secret],
    ['workers[0].transports[0].atuh', { ticket: { type: 'static', principals: { joe: { ticket: [secret] } } } }],
    ['wampscope.telemetry.endpoint', `collector://ada:${secret}@host`],
    ['wampscope.http.token', secret],
  ];
  for (const [path, value] of places) {
    const { problems, warnings } = verdict(withAt(plainNode(), steps(path), value));
    assert.ok(problems.length > 0, path);
    const said =
      JSON.stringify([problems, warnings]) + [...problems, ...warnings].map(p => formatProblem('f', p)).join();
    assert.ok(!said.includes(secret), `${path}: ${said}`);
  }
  for (const ticket of [braced('SECRET'), [braced('SECRET')]]) {
    const said = verdict(withAt(plainNode(), TICKET, ticket), { SECRET: secret });
    assert.ok(!JSON.stringify(said).includes(secret));
  }
});

test('YAML that is broken is not quoted: it may be a ticket', () => {
  const broken = [
    'ticket: *hunter2',
    'ticket: "\\hunter2"',
    'ticket: @hunter2',
    'ticket: !hunter2 x',
    'ticket: a: hunter2',
    'ticket:hunter2',
    '{ ticket:hunter2, role: backend }',
    'workers: [{ type: router, ticket:hunter2 }]',
  ];
  for (const text of broken) {
    const { problems } = outcome(() => parseConfig(text, 'yaml', 'test'));
    assert.ok(problems.length > 0, text);
    assert.ok(!JSON.stringify(problems).includes('hunter2'), JSON.stringify(problems));
  }
});
