// Owns the container's health check: exits with 0 when the URL answers with a 2xx status, says why when not.
const [url] = process.argv.slice(2);
if (url === undefined) {
  console.error('Expected the URL to ask: node healthy.mjs http://127.0.0.1:8081/healthz');
  process.exit(2);
}
try {
  const { status, ok } = await fetch(url, { signal: AbortSignal.timeout(2000) });
  if (!ok) throw new Error(`status ${status}`);
} catch (error) {
  console.error(`${url} is not healthy: ${error instanceof Error ? (error.cause ?? error) : error}`);
  process.exitCode = 1;
}
