/** Owns reading a configuration as YAML 1.1, which is what Crossbar.io reads: `yes` is true and `<<` merges. */

import {
  type Alias,
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import type { Path, Position } from './problem.js';
import { DEEPEST, Lines, type Located, type Source } from './source.js';

const NO_ANCHOR = 'this alias has no anchor before it; a string that begins with * needs quotes';

// The parser's own messages quote the text, which may hold a ticket.
const SENTENCES: { readonly [code in ErrorCode]?: string } = {
  BAD_ALIAS: NO_ANCHOR,
  BAD_DQ_ESCAPE: 'YAML does not know this escape in a double-quoted string',
  BAD_INDENT: 'this is indented differently from what it belongs to, or a closing ] or } is missing before it',
  BAD_SCALAR_START: 'a plain string cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'two keys share this line; a string with a colon in it needs quotes',
  DUPLICATE_KEY: 'this key is here twice',
  MISSING_CHAR: 'a closing quote, bracket, comma or colon is missing here',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, and a colon must follow it',
  MULTIPLE_DOCS: 'the file holds more than one document',
  TAB_AS_INDENT: 'indented with a tab; YAML indents with spaces',
  TAG_RESOLVE_FAILED: 'this tag has no meaning in a configuration',
  UNEXPECTED_TOKEN: 'this does not fit here',
};
const HINTS: { readonly [code in ErrorCode]?: string } = {
  DUPLICATE_KEY: 'keep one of them',
  MULTIPLE_DOCS: 'keep one, and remove the --- between them',
};

export function readYaml(text: string): Source {
  const lines = new Lines(text);
  try {
    return read(text, lines);
  } catch (error) {
    // The parser recurses, and counts what aliases would unfold to.
    if (!(error instanceof RangeError || error instanceof ReferenceError)) throw error;
    const message = 'nested too deep, or unfolding to too much by its aliases';
    return unreadable([{ finding: { path: [], message }, position: undefined }]);
  }
}

function read(text: string, lines: Lines): Source {
  const document = parseDocument(text, { version: '1.1', prettyErrors: false, logLevel: 'error' });
  const found = [...document.errors, ...document.warnings];
  const repeated = found.filter(({ code }) => code === 'DUPLICATE_KEY');
  const errors = (
    found.length > repeated.length ? found.filter(error => !repeated.includes(error)).slice(0, 1) : repeated
  ).map(({ code, pos }): Located => {
    const message = SENTENCES[code] ?? `this is no YAML (${code.toLowerCase().replaceAll('_', ' ')})`;
    return { finding: { path: [], message, hint: HINTS[code] }, position: lines.at(pos[0]) };
  });
  if (errors.length > 0) return unreadable(errors);
  const deep = depthOf(document.contents, 0) > DEEPEST;
  if (deep) {
    return unreadable([
      { finding: { path: [], message: `nested deeper than ${DEEPEST} levels` }, position: undefined },
    ]);
  }
  const dangling = danglingAlias(document);
  if (dangling) {
    const position = lines.at(dangling.range?.[0] ?? 0);
    return unreadable([{ finding: { path: [], message: NO_ANCHOR }, position }]);
  }
  return {
    value: (document.toJS() as unknown) ?? null,
    errors: [],
    warnings: [],
    locate: path => locate(document, path, lines),
  };
}

function unreadable(errors: readonly Located[]): Source {
  return { value: undefined, errors, warnings: [], locate: () => undefined };
}

function danglingAlias(document: Document): Alias | undefined {
  const anchors = new Set<string>();
  let dangling: Alias | undefined;
  visit(document, {
    Value: (_, { anchor }) => {
      if (anchor !== undefined) anchors.add(anchor);
    },
    Alias: (_, alias) => {
      if (anchors.has(alias.source)) return undefined;
      dangling = alias;
      return visit.BREAK;
    },
  });
  return dangling;
}

function depthOf(node: unknown, depth: number): number {
  if (depth > DEEPEST || !(isMap(node) || isSeq(node))) return depth;
  let deepest = depth + 1;
  for (const item of node.items) {
    const inner = isMap(node) ? (item as { value: unknown }).value : item;
    deepest = Math.max(deepest, depthOf(inner, depth + 1));
  }
  return deepest;
}

function locate(document: Document, path: Path, lines: Lines): Position {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else {
      break;
    }
  }
  return lines.at(offset);
}
