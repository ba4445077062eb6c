/** Owns the version of this package, as its package.json has it. */

import { readFileSync } from 'node:fs';

function findVersion(): string {
  // Compiled to dist/node and to build/src/node: the package is two or three levels up.
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        name: string;
        version: string;
      };
      if (name === 'wampscope') return version;
    } catch {
      // Not there: look further up.
    }
  }
  return '0.0.0';
}

export const VERSION = findVersion();
