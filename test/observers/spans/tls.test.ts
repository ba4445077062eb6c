/** Owns export over TLS: the authorities that a collector is checked against, and our own certificate for it. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { createSpans, type SpanPipeline } from '../../../src/observers/spans/index.js';
import { countProtobuf } from './otlp-decode.js';
import { calls, Log, outcomes, until } from './pipelines.js';

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('export over TLS', { skip: hasOpenssl() ? false : 'certificates are made with openssl' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'wampscope-tls-'));
  const file = (name: string): string => join(folder, name);
  let server: Server;
  let spans = 0;
  const clients: string[] = [];

  before(async () => {
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
    const request = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    openssl(...request, '-x509', '-days', '2', '-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.pem');
    writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1');
    for (const name of ['server', 'router']) {
      openssl(...request, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
      openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${name}.pem`);
    }
    const [key, cert, ca] = ['server.key', 'server.pem', 'ca.pem'].map(name => readFileSync(file(name)));
    server = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true }, (incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', chunk => chunks.push(chunk));
      incoming.on('end', () => {
        spans += countProtobuf(Buffer.concat(chunks));
        clients.push(String((incoming.socket as TLSSocket).getPeerCertificate().subject.CN));
        response.writeHead(200).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    rmSync(folder, { recursive: true });
  });

  const create = (pipeline: 'rows' | 'sdk', log: Log, env: Record<string, string>): SpanPipeline => {
    const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return createSpans({ pipeline, endpoint, env: { OTEL_BSP_SCHEDULE_DELAY: '20', ...env }, log });
  };
  const authority = { OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem') };
  const own = {
    OTEL_EXPORTER_OTLP_CLIENT_KEY: file('router.key'),
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('router.pem'),
  };

  for (const pipeline of ['rows', 'sdk'] as const) {
    test(`${pipeline}: the collector is checked against the authority, and the router shows its certificate`, async () => {
      const log = new Log();
      const [sent, shown] = [spans, clients.length];
      const exporting = create(pipeline, log, { ...authority, ...own });
      calls(exporting, 100);
      await exporting.close();
      assert.deepEqual(outcomes(exporting), { spans: 200, exported: 200, dropped: 0, failed: 0, waiting: 0 });
      assert.equal(spans - sent, 200);
      assert.deepEqual(new Set(clients.slice(shown)), new Set(['router']));
      assert.deepEqual(log.lines, []);
    });

    test(`${pipeline}: nothing is sent to a collector of an unknown authority, or without a certificate that it asks for`, async () => {
      for (const env of [own, authority]) {
        const sent = spans;
        const exporting = create(pipeline, new Log(), env);
        calls(exporting, 100);
        await until(() => exporting.stats().requests > 0 || exporting.stats().inFlight > 0);
        await exporting.close();
        const { exported, failed } = outcomes(exporting);
        assert.deepEqual([exported, failed], [0, 200]);
        assert.equal(spans, sent);
      }
    });
  }
});
