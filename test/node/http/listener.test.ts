import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Routes } from '../../../src/node/http/listener.js';
import { BadRequest, Query } from '../../../src/node/http/query.js';
import { ask, listening } from './listening.js';

const LONG = 'x'.repeat(5000);

async function* inPieces(...pieces: string[]): AsyncGenerator<string> {
  yield* pieces;
}

const ROUTES: Routes = {
  '/small': { page: () => ({ contentType: 'text/plain', body: 'small\n' }) },
  '/long': { page: () => ({ contentType: 'text/plain', body: LONG }) },
  '/pieces': { page: () => ({ contentType: 'text/plain', body: inPieces('one\n', LONG, '\ntwo\n') }) },
  '/echo': {
    parameters: ['limit'],
    page: query => ({ contentType: 'text/plain', body: String(query.whole('limit', 7, 1, 9)) }),
  },
  '/broken': {
    page: () => {
      throw new Error('the disk is on fire');
    },
  },
  '/breaks': { page: () => ({ contentType: 'text/plain', body: breaking() }) },
  '/never': { page: () => ({ contentType: 'text/plain', body: failing() }) },
};

async function* breaking(): AsyncGenerator<string> {
  yield 'half a page';
  throw new Error('the other half is lost');
}

// biome-ignore lint/correctness/useYield: it fails before it has anything.
async function* failing(): AsyncGenerator<string> {
  throw new Error('nothing to show');
}

test('a page is served with its type and length, and is never cached', async t => {
  const url = await listening(t, ROUTES);
  const { status, headers, text } = await ask(`${url}/small`);
  assert.deepEqual([status, text], [200, 'small\n']);
  assert.equal(headers['content-type'], 'text/plain');
  assert.equal(headers['content-length'], '6');
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-content-type-options'], 'nosniff');
});

test('HEAD tells what GET would, without the body', async t => {
  const url = await listening(t, ROUTES);
  const head = await ask(`${url}/small`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '6', '']);
  const pieces = await ask(`${url}/pieces`, { method: 'HEAD' });
  assert.deepEqual([pieces.status, pieces.headers['content-type'], pieces.text], [200, 'text/plain', '']);
  assert.equal((await ask(`${url}/nothing`, { method: 'HEAD' })).status, 404);
});

test('an unknown path is told which paths there are', async t => {
  const url = await listening(t, ROUTES);
  for (const path of ['/metric', '/', '/small/', '//small', '/constructor']) {
    const { status, text } = await ask(url + path);
    assert.equal(status, 404);
    assert.ok(text.startsWith(`nothing at "${path}"; there are /small, /long, /pieces`), text);
  }
});

test('other methods are refused, and those that are served are named', async t => {
  const url = await listening(t, ROUTES);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const { status, headers, text } = await ask(`${url}/small`, { method });
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD']);
    assert.equal(text, `/small does not take ${method}; use GET or HEAD\n`);
  }
});

test('parameters that are unknown, repeated or out of range are named with value and fix', async t => {
  const url = await listening(t, ROUTES);
  const refusals: [string, string][] = [
    ['/echo?limt=3', '/echo has no parameter "limt"; it takes limit'],
    ['/small?x=1', '/small has no parameter "x"; it takes none'],
    ['/echo?limit=1&limit=2', 'parameter limit is given twice; give it once'],
    ['/echo?limit=10', 'parameter limit is "10"; give it a whole number from 1 to 9'],
    ['/echo?limit=-1', 'parameter limit is "-1"; give it a whole number from 1 to 9'],
    ['/echo?limit=1e0', 'parameter limit is "1e0"; give it a whole number from 1 to 9'],
    ['/echo?limit=', 'parameter limit is ""; give it a whole number from 1 to 9'],
    [`/echo?limit=${'9'.repeat(90)}`, `parameter limit is "${'9'.repeat(60)}…"; give it a whole number from 1 to 9`],
  ];
  for (const [path, message] of refusals) {
    const { status, text } = await ask(url + path);
    assert.deepEqual([status, text], [400, `${message}\n`]);
  }
  assert.equal((await ask(`${url}/echo?limit=3`)).text, '3');
  assert.equal((await ask(`${url}/echo?`)).text, '7');
});

test('choices and texts of a query say what they take', () => {
  const query = Query.parse('/x', 'sort=size&realm=&order=asc', ['sort', 'realm', 'order']);
  const says = (message: string) => (error: Error) => error instanceof BadRequest && error.message === message;
  assert.throws(
    () => query.choice('sort', ['bytes', 'age'], 'bytes'),
    says('parameter sort is "size"; give it one of bytes, age'),
  );
  assert.throws(() => query.text('realm'), says('parameter realm is empty; give it a value or leave it out'));
  assert.equal(query.choice('order', ['desc', 'asc'], 'desc'), 'asc');
});

test('a body is refused, and not read', async t => {
  const url = await listening(t, ROUTES);
  const { status, headers, text } = await ask(
    `${url}/small`,
    { method: 'GET', headers: { 'content-length': 5 } },
    'hello',
  );
  assert.deepEqual([status, text], [400, '/small takes no body; send the request without one\n']);
  assert.equal(headers.connection, 'close');
});

test('long pages are compressed for those who can read that', async t => {
  const url = await listening(t, ROUTES);
  const zipped = async (path: string, encoding: string) => {
    const { headers, body } = await ask(url + path, { headers: { 'accept-encoding': encoding } });
    return headers['content-encoding'] === 'gzip' ? gunzipSync(body).toString() : undefined;
  };
  assert.equal(await zipped('/long', 'gzip'), LONG);
  assert.equal(await zipped('/pieces', 'br, gzip;q=0.5'), `one\n${LONG}\ntwo\n`);
  assert.equal(await zipped('/small', 'gzip'), undefined);
  for (const none of ['identity', 'gzip;q=0', 'br', '*;q=0, gzip; q=0.0'])
    assert.equal(await zipped('/long', none), undefined, none);
});

test('a page that fails is answered with the reason; one that fails halfway is cut off', async t => {
  const url = await listening(t, ROUTES);
  const { status, text } = await ask(`${url}/broken`);
  assert.deepEqual([status, text], [500, '/broken failed: the disk is on fire\n']);
  assert.deepEqual([(await ask(`${url}/never`)).status], [500]);
  await assert.rejects(ask(`${url}/breaks`), /aborted|ECONNRESET|hang up/);
});

test('a page in pieces is made no faster than its reader reads, and is given up when the reader goes', async t => {
  let made = 0;
  let ended = false;
  async function* endless(): AsyncGenerator<string> {
    try {
      for (;;) {
        made++;
        yield 'y'.repeat(100_000);
      }
    } finally {
      ended = true;
    }
  }
  const url = await listening(t, { '/endless': { page: () => ({ contentType: 'text/plain', body: endless() }) } });
  const request = httpRequest(`${url}/endless`, { agent: false });
  request.on('error', () => {});
  request.end();
  const [response] = await once(request, 'response');
  response.pause();
  // What the kernel takes for a reader that does not read: some megabytes, and then nothing more.
  let before = -1;
  while (made !== before) {
    before = made;
    for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setImmediate(resolve));
  }
  assert.ok(made < 500, `${made} pieces for a reader that takes none`);
  request.destroy();
  while (!ended) await new Promise(resolve => setImmediate(resolve));
});

test('what is no HTTP is answered with 400 and closed', async t => {
  const url = new URL(await listening(t, ROUTES));
  const socket = connect(Number(url.port), url.hostname);
  socket.write('\x7f\x01\x00\x00\r\n\r\n');
  let said = '';
  for await (const piece of socket) said += piece;
  assert.match(said, /^HTTP\/1\.1 400 /);
});

test('headers beyond 16 KiB are refused', async t => {
  const url = await listening(t, ROUTES);
  assert.equal((await ask(`${url}/small`, { headers: { 'x-long': 'x'.repeat(17_000) } })).status, 431);
});
