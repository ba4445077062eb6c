import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpListener } from '../../../src/node/http/listener.js';
import { type DetailedQuery, type PageSource, pagesOf } from '../../../src/node/http/pages.js';
import { startNode } from '../../helpers/test-node.js';
import { ask, listening, OPEN } from './listening.js';

test('a node that listens is ready, and until it has stopped it says that it stops', async t => {
  const { node, url, join } = await startNode(t);
  const ready = await ask(`${url}/readyz`);
  assert.deepEqual([ready.status, ready.text], [200, 'ready\n']);
  // A client that does not answer GOODBYE keeps the node from stopping at once.
  const client = await join();
  const stopped = node.stop();
  await client.receives([6, { message: 'the router is shutting down' }, 'wamp.close.system_shutdown']);
  const stopping = await ask(`${url}/readyz`);
  assert.deepEqual([stopping.status, stopping.text], [503, 'not ready: the node is stopping\n']);
  assert.equal((await ask(`${url}/healthz`)).status, 200);
  await stopped;
  await assert.rejects(ask(`${url}/readyz`), /ECONNREFUSED/);
});

test('until the listeners are up the node is not ready', async t => {
  const reason: PageSource['unready'] = () => 'the listeners are not up yet';
  const url = await listening(t, pagesOf({ ...source, unready: reason }));
  const { status, text } = await ask(`${url}/readyz`);
  assert.deepEqual([status, text], [503, 'not ready: the listeners are not up yet\n']);
});

test('with a token configured, all pages but the probes need it', async t => {
  const { url, lines } = await startNode(t, { http: { auth: { bearer: { token: 's3cret' } } } });
  const headers = { authorization: 'Bearer s3cret' };
  for (const path of ['/metrics', '/sessionz']) {
    assert.equal((await ask(url + path)).status, 401, path);
    assert.equal((await ask(url + path, { headers })).status, 200, path);
  }
  for (const path of ['/healthz', '/readyz']) assert.equal((await ask(url + path)).status, 200, path);
  assert.ok(!lines.join().includes('s3cret'));
});

test('a port that is taken stops the start', async t => {
  const url = new URL(await listening(t, {}));
  await assert.rejects(startNode(t, { http: { port: Number(url.port) } }), { code: 'EADDRINUSE' });
});

test('the header Accept of the scraper reaches the metrics', async t => {
  const page = (accept: string) => ({ contentType: 'text/plain', body: accept });
  const url = await listening(t, pagesOf({ ...source, metrics: page }));
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.6';
  assert.equal((await ask(`${url}/metrics`, { headers: { accept } })).text, accept);
});

test('detailed metrics get their parameters checked, and are one page among the others', async t => {
  async function* body(query: DetailedQuery): AsyncGenerator<string> {
    yield JSON.stringify(query);
  }
  const page = (query: DetailedQuery) => ({ contentType: 'text/plain', body: body(query) });
  const realms = () => [{ worker: 'worker1', name: 'realm1', sessions: new Map() }];
  const detailed = { families: ['session', 'procedure'], page };
  const url = await listening(t, pagesOf({ ...source, realms, detailed }));
  const all = await ask(`${url}/metrics/detailed?family=session&limit=5&realm=realm1&match=al`);
  assert.deepEqual(JSON.parse(all.text), { family: 'session', limit: 5, realm: 'realm1', match: 'al' });
  assert.deepEqual(JSON.parse((await ask(`${url}/metrics/detailed`)).text), { family: 'session', limit: 100 });
  const wrong = await ask(`${url}/metrics/detailed?family=topic`);
  assert.deepEqual(
    [wrong.status, wrong.text],
    [400, 'parameter family is "topic"; give it one of session, procedure\n'],
  );
  assert.equal((await ask(`${url}/metrics/detailed?limit=10001`)).status, 400);
  const nowhere = await ask(`${url}/metrics/detailed?realm=nope`);
  assert.deepEqual([nowhere.status, nowhere.text], [400, 'parameter realm is "nope"; the realms here are realm1\n']);
});

test('closing ends also the connections that are open', async () => {
  const listener = new HttpListener(pagesOf(source), OPEN);
  const url = await listener.listen('127.0.0.1', 0);
  await fetch(`${url}/healthz`).then(response => response.text());
  await listener.close();
  await assert.rejects(ask(`${url}/healthz`), /ECONNREFUSED/);
});

const source: PageSource = {
  node: 'node1',
  now: () => 0,
  realms: () => [],
  metrics: () => ({ contentType: 'text/plain', body: '' }),
  unready: () => undefined,
};
