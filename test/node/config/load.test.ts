import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig, parseConfig } from '../../../src/node/config/load.js';
import { ConfigError } from '../../../src/node/config/problem.js';
import { example, load, outcome, plainNode, steps, verdict, withAt } from './helpers.js';

/** Verbatim from Crossbar.io's documentation of session statistics, with the comma after the only role. */
const SEED = `"realms": [
    {
        "name": "realm1",
        "roles": [
            {
                "name": "anonymous",
                "permissions": [
                    {
                        "uri": "",
                        "match": "prefix",
                        "allow": {
                            "call": true,
                            "register": true,
                            "publish": true,
                            "subscribe": true
                        },
                        "disclose": {
                            "caller": false,
                            "publisher": false
                        },
                        "cache": true
                    }
                ]
            },
        ],
        "stats": {
            "rated_message_size": 256,
            "trigger_after_rated_messages": 10,
            "trigger_after_duration": 0,
            "trigger_on_join": true,
            "trigger_on_leave": true
        }
    }
]`;

const NODE = `{
"version": 2,
"workers": [{"type": "router",
${SEED},
"transports": [{
    "type": "web",
    "endpoint": {"type": "tcp", "interface": "127.0.0.1", "port": 8080},
    "paths": {"ws": {"type": "websocket"}}
}]}]}`;

const directory = mkdtempSync(join(tmpdir(), 'config-'));
after(() => rmSync(directory, { recursive: true }));

function fileOf(name: string, content: string | Uint8Array): string {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
}

function problemsOf(text: string, format: 'json' | 'yaml' = 'json') {
  return outcome(() => parseConfig(text, format, 'test')).problems;
}

test('the documented section loads unchanged, and its comma is worth a warning', () => {
  const { config, warnings } = parseConfig(NODE, 'json', 'node.json');
  const [realm] = config.workers[0]!.realms;
  assert.deepEqual(realm, {
    name: 'realm1',
    id: 'realm001',
    roles: [
      {
        name: 'anonymous',
        id: undefined,
        permissions: [
          {
            uri: '',
            match: 'prefix',
            allow: { call: true, register: true, publish: true, subscribe: true },
            disclose: { caller: false, publisher: false },
            cache: true,
          },
        ],
      },
    ],
    options: { uri_check: 'loose', enable_meta_api: true, request_ids: 'strict', on_leave: 'id' },
    stats: {
      rated_message_size: 256,
      trigger_after_rated_messages: 10,
      trigger_after_duration: 0,
      trigger_on_join: true,
      trigger_on_leave: true,
    },
  });
  assert.deepEqual(warnings, [
    {
      path: 'workers[0].realms[0].roles',
      line: 27,
      column: 14,
      message: 'trailing comma: JSON and Crossbar.io refuse it, wampscope accepts it',
      hint: 'remove it, so that every tool can read this file',
    },
  ]);
  assert.deepEqual(config, loadConfig(example('session-statistics.json')).config);
});

test('statistics have the documented defaults, and no statistics are no statistics', () => {
  const [realm] = load(plainNode()).config.workers[0]!.realms;
  assert.deepEqual(realm!.stats, {
    rated_message_size: 512,
    trigger_after_rated_messages: 0,
    trigger_after_duration: 0,
    trigger_on_join: true,
    trigger_on_leave: true,
  });
  const without = load(withAt(plainNode(), steps('workers[0].realms[0].stats'), undefined));
  assert.equal(without.config.workers[0]!.realms[0]!.stats, undefined);
});

test('the node that `crossbar init` makes loads', () => {
  const { config } = loadConfig(example('crossbar-init.json'));
  const [worker] = config.workers;
  assert.equal(worker!.id, 'worker001');
  const [rawSocket, web] = worker!.transports;
  assert.equal(rawSocket!.id, 'transport001');
  assert.deepEqual(rawSocket!.endpoint, { type: 'tcp', port: 8081, backlog: 1024, version: 4, interface: '127.0.0.1' });
  assert.ok(web?.type === 'web');
  assert.deepEqual(Object.keys(web.paths), ['ws']);
  assert.deepEqual(web.paths.ws!.serializers, ['cbor', 'msgpack', 'json']);
  assert.equal(web.paths.ws!.options.max_message_size, 1048576);
  assert.equal(config.wampscope.management, undefined);
  assert.equal(config.wampscope.http, undefined);
});

test('YAML says the same as JSON', () => {
  const json = loadConfig(example('crossbar-init.json'));
  const yaml = loadConfig(example('crossbar-init.yaml'));
  assert.deepEqual(yaml.config, json.config);
  const texts = (warnings: typeof json.warnings) => warnings.map(({ path, message }) => ({ path, message }));
  assert.deepEqual(texts(yaml.warnings), texts(json.warnings));
});

test('problems know their line and column', () => {
  const json =
    '{\n  "version": 2,\n  "controler": {},\n  "workers": [ { "type": "router",\n      "realms": [{}] } ]\n}';
  assert.deepEqual(
    problemsOf(json).map(({ path, line, column }) => [path, line, column]),
    [
      ['controler', 3, 3],
      ['workers[0].realms[0].name', 5, 18],
      ['workers[0].realms[0].roles', 5, 18],
    ],
  );
  const yaml =
    'version: 2\ncontroler: {}\nworkers:\n  - type: router\n    realms:\n      - name: a b\n        roles: []\n';
  assert.deepEqual(
    problemsOf(yaml, 'yaml').map(({ path, line, column }) => [path, line, column]),
    [
      ['controler', 2, 1],
      ['workers[0].realms[0].name', 6, 9],
    ],
  );
});

test('an error names the file, the place, and every problem', () => {
  const error = new ConfigError('node.json', problemsOf('{"version": 3, "worker": []}'));
  assert.equal(
    error.message,
    [
      'node.json:1:2: version: expected 2, the version of the format ("crossbar upgrade" converts older files); got 3',
      'node.json:1:16: worker: unknown key "worker" in node configuration (its value: a list of 0); did you mean "workers"?',
    ].join('\n'),
  );
});

test('broken JSON is refused where it breaks', () => {
  const rows: [text: string, message: RegExp, line: number, column: number][] = [
    ['', /a value is missing/, 1, 1],
    ['{"version": 2', /closing brace/, 1, 14],
    ['{"version" 2}', /colon is missing/, 1, 12],
    ["{\n  'version': 2}", /no JSON value; a string needs double quotes/, 2, 3],
    ['{"version": 2} {}', /something follows/, 1, 16],
    ['{"version": 2 "workers": []}', /comma is missing/, 1, 15],
    ['{\n // as in JavaScript\n "version": 2}', /JSON has no comments, and Crossbar.io refuses them too/, 2, 2],
    ['{"version": "2}', /string does not end/, 1, 13],
    [`${'['.repeat(100)}`, /nested deeper than 64/, 1, 65],
    ['[,]', /a value is missing/, 1, 2],
  ];
  for (const [text, message, line, column] of rows) {
    const [problem] = problemsOf(text);
    assert.match(problem!.message, message, text);
    assert.deepEqual([problem!.line, problem!.column], [line, column], text);
  }
});

test('a key twice is refused, in JSON and in YAML', () => {
  const [json] = problemsOf('{"version": 2,\n "version": 2, "workers": []}');
  assert.equal(json!.message, 'the key "version" is here twice; line 1 has it already');
  assert.deepEqual([json!.path, json!.line, json!.column], ['version', 2, 2]);
  const [yaml] = problemsOf('version: 2\nversion: 2\n', 'yaml');
  assert.equal(yaml!.message, 'this key is here twice');
  assert.deepEqual([yaml!.line, yaml!.column], [2, 1]);
});

test('broken YAML is refused where it breaks', () => {
  const rows: [text: string, message: RegExp, line: number][] = [
    ['', /an object: node configuration/, 1],
    ['version: 2\n\tworkers: []', /./, 2],
    ['a: [1, 2', /a closing \] or } is missing/, 1],
    ['a: "x', /a closing quote/, 1],
    ['version: 2\n---\nversion: 2', /more than one document/, 2],
    ['version: !!python/object 2', /tag has no meaning/, 1],
    ['version: *two', /alias has no anchor/, 1],
    ['- version', /an object: node configuration/, 1],
  ];
  for (const [text, message, line] of rows) {
    const [problem] = problemsOf(text, 'yaml');
    assert.match(problem!.message, message, text);
    assert.equal(problem!.line, line, text);
  }
});

test('texts that unfold without end are refused', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 9; i++)
    bomb.push(
      `b${i}: &b${i} [${Array(9)
        .fill(i === 1 ? '*a' : `*b${i - 1}`)
        .join(', ')}]`,
    );
  assert.match(problemsOf(bomb.join('\n'), 'yaml')[0]!.message, /nested too deep, or unfolding/);
  assert.match(problemsOf('['.repeat(200_000), 'yaml')[0]!.message, /./);
  assert.match(problemsOf('['.repeat(200_000))[0]!.message, /nested deeper/);
});

test('keys of JavaScript itself are no keys of ours', () => {
  assert.match(problemsOf('{"version": 2, "__proto__": {"workers": []}}')[0]!.message, /no configuration has this key/);
  for (const key of ['constructor', 'toString', 'hasOwnProperty']) {
    const { problems } = verdict(withAt(plainNode(), [key], {}));
    assert.deepEqual(
      problems.map(problem => problem.path),
      [key],
    );
  }
  const [yaml] = problemsOf('__proto__: {workers: []}\nversion: 2', 'yaml');
  assert.match(yaml!.message, /unknown key "__proto__"/);
});

test('files that are no configuration are refused with a reason', () => {
  const rows: [file: string, message: RegExp][] = [
    [join(directory, 'nowhere.json'), /no such file/],
    [fileOf('node.toml', ''), /its name does not tell its format/],
    [fileOf('latin1.json', Uint8Array.of(0x22, 0xe9, 0x22)), /not UTF-8/],
    [fileOf('large.json', `{${' '.repeat(4 * 1024 * 1024)}}`), /4194306 octets; a configuration has at most 4194304/],
  ];
  mkdirSync(join(directory, 'folder.json'));
  rows.push([join(directory, 'folder.json'), /is a directory/]);
  for (const [file, message] of rows) {
    const { problems } = outcome(() => loadConfig(file));
    assert.match(problems[0]!.message, message);
    assert.equal(problems[0]!.path, '');
  }
});

test('a byte order mark and the name .yml do not matter', () => {
  const json = fileOf('marked.json', `\ufeff${JSON.stringify(plainNode())}`);
  const yaml = fileOf('node.yml', JSON.stringify(plainNode()));
  assert.deepEqual(loadConfig(json).config, loadConfig(yaml).config);
});

test('the directory of the trace store is relative to the file, and has a default', () => {
  const stored = (store: object) => {
    const file = join(directory, 'store.json');
    writeFileSync(file, JSON.stringify({ ...plainNode(), wampscope: { store } }));
    return loadConfig(file, { environment: { DATA: '/srv/data' } }).config.wampscope.store;
  };
  assert.deepEqual(stored({}), { directory: join(directory, 'traces'), max_bytes: 2 ** 30, max_age: 604_800 });
  assert.equal(stored({ directory: '../there' })!.directory, join(directory, '../there'));
  assert.equal(stored({ directory: '/elsewhere' })!.directory, '/elsewhere');
  assert.equal(stored({ directory: '$DATA/traces' })!.directory, '/srv/data/traces');
  assert.equal(parseConfig(JSON.stringify(plainNode()), 'json', 'n.json').config.wampscope.store, undefined);
});

test('relative paths of Unix sockets are relative to the file', () => {
  const { config } = loadConfig(fileOf('socket.json', JSON.stringify(plainNode())));
  assert.deepEqual(config.workers[0]!.transports[1]!.endpoint, { type: 'unix', path: join(directory, 'wamp.sock') });
});

test('ids count through the node, past those that are given', () => {
  const worker = (plainNode().workers as { id?: string; realms: object[]; transports: object[] }[])[0]!;
  const [websocket] = worker.transports;
  const second = {
    ...worker,
    id: 'second',
    realms: [
      { ...worker.realms[0], name: 'realm2', id: 'two' },
      { ...worker.realms[0], name: 'realm3' },
    ],
    transports: [{ ...websocket, endpoint: { type: 'tcp', interface: '127.0.0.1', port: 9000 } }],
  };
  const { config } = load(withAt(plainNode(), ['workers', 1], second));
  assert.deepEqual(
    config.workers.map(({ id }) => id),
    ['worker001', 'second'],
  );
  assert.deepEqual(
    config.workers.flatMap(({ realms }) => realms.map(({ id }) => id)),
    ['realm001', 'two', 'realm002'],
  );
  assert.equal(config.workers[1]!.transports[0]!.id, 'transport005');
});
