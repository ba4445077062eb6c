/** Owns the decision which web pages may connect: any page in a browser can reach a loopback port (RFC 6455, 10.2). */

export interface OriginPolicy {
  /** Origins as in Crossbar: `https://app.example.com`, with `*` for any run of characters; `*` alone allows every page. */
  readonly allowed: readonly string[];
  /** Pages without an origin of their own: files, sandboxed frames. */
  readonly allowNull: boolean;
}

const LOOPBACK = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/;

export function isOriginAllowed(origin: string | undefined, policy: OriginPolicy): boolean {
  // Only browsers send the header; what sends none can forge it as well.
  if (origin === undefined) return true;
  if (origin === 'null') return policy.allowNull;
  const text = origin.toLowerCase();
  return LOOPBACK.test(text) || policy.allowed.some(pattern => matches(pattern.toLowerCase(), text));
}

function matches(pattern: string, origin: string): boolean {
  if (!pattern.includes('*')) return pattern === origin;
  const source = pattern
    .split('*')
    .map(part => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`).test(origin);
}
