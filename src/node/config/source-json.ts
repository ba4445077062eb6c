/** Owns reading a configuration as JSON: trailing commas pass with a warning, comments and repeated keys do not pass. */

import { createScanner, findNodeAtLocation, getNodeValue, type Node, type ParseError, ParseErrorCode, parseTree, SyntaxKind } from 'jsonc-parser';
import type { Path, Position } from './problem.js';
import { DEEPEST, Lines, type Located, type Source } from './source.js';

const SENTENCES: { readonly [code in ParseErrorCode]?: string } = {
  [ParseErrorCode.InvalidSymbol]: 'this is no JSON value; a string needs double quotes',
  [ParseErrorCode.InvalidNumberFormat]: 'this is no JSON number',
  [ParseErrorCode.PropertyNameExpected]: 'a key in double quotes is missing here',
  [ParseErrorCode.ValueExpected]: 'a value is missing here',
  [ParseErrorCode.ColonExpected]: 'a colon is missing here',
  [ParseErrorCode.CommaExpected]: 'a comma is missing here',
  [ParseErrorCode.CloseBraceExpected]: 'a closing brace } is missing',
  [ParseErrorCode.CloseBracketExpected]: 'a closing bracket ] is missing',
  [ParseErrorCode.EndOfFileExpected]: 'something follows after the end of the configuration',
  [ParseErrorCode.InvalidCommentToken]: 'JSON has no comments, and Crossbar.io refuses them too',
  [ParseErrorCode.UnexpectedEndOfComment]: 'this comment does not end',
  [ParseErrorCode.UnexpectedEndOfString]: 'this string does not end on its line',
  [ParseErrorCode.UnexpectedEndOfNumber]: 'this number does not end',
  [ParseErrorCode.InvalidUnicode]: 'this \\u escape needs four hexadecimal digits',
  [ParseErrorCode.InvalidEscapeCharacter]: 'JSON does not know this escape in a string',
  [ParseErrorCode.InvalidCharacter]: 'this character must be escaped in a string',
};

export function readJson(text: string): Source {
  const lines = new Lines(text);
  const scanned = scan(text, lines);
  if (scanned.tooDeep) return unreadable([scanned.tooDeep]);
  const parseErrors: ParseError[] = [];
  const root = parseTree(text, parseErrors, { allowTrailingComma: true, disallowComments: true });
  if (parseErrors.length > 0) return unreadable(syntaxErrors(parseErrors, lines));
  // An empty text is an error above; this is for the type.
  if (!root) return unreadable([]);
  const errors = repeatedKeys(root, lines);
  return {
    value: errors.some(({ finding }) => finding.path.at(-1) === '__proto__') ? undefined : getNodeValue(root),
    errors,
    warnings: scanned.trailingCommas.map(({ offset, path }) => ({
      position: lines.at(offset),
      finding: {
        path: path(root),
        message: 'trailing comma: JSON and Crossbar.io refuse it, wampscope accepts it',
        hint: 'remove it, so that every tool can read this file',
      },
    })),
    locate: path => locate(root, path, lines),
  };
}

function unreadable(errors: readonly Located[]): Source {
  return { value: undefined, errors, warnings: [], locate: () => undefined };
}

interface TrailingComma {
  readonly offset: number;
  readonly path: (root: Node) => Path;
}

/** What the parser does not tell: trailing commas, and depth before it recurses. */
function scan(text: string, lines: Lines): { trailingCommas: TrailingComma[]; tooDeep: Located | undefined } {
  const scanner = createScanner(text, true);
  const trailingCommas: TrailingComma[] = [];
  let depth = 0;
  let comma = -1;
  for (let token = scanner.scan(); token !== SyntaxKind.EOF; token = scanner.scan()) {
    const opens = token === SyntaxKind.OpenBraceToken || token === SyntaxKind.OpenBracketToken;
    const closes = token === SyntaxKind.CloseBraceToken || token === SyntaxKind.CloseBracketToken;
    if (opens) depth += 1;
    if (closes) depth -= 1;
    if (depth > DEEPEST) {
      const finding = { path: [], message: `nested deeper than ${DEEPEST} levels` };
      return { trailingCommas: [], tooDeep: { finding, position: lines.at(scanner.getTokenOffset()) } };
    }
    if (closes && comma >= 0) {
      const offset = comma;
      trailingCommas.push({ offset, path: root => pathAround(root, offset) });
    }
    comma = token === SyntaxKind.CommaToken ? scanner.getTokenOffset() : -1;
  }
  return { trailingCommas, tooDeep: undefined };
}

/** The innermost list or object that the offset lies in. */
function pathAround(root: Node, offset: number): Path {
  const path: (string | number)[] = [];
  let node = root;
  for (;;) {
    const children: Node[] = node.children ?? [];
    const index = children.findIndex(child => child.offset < offset && offset < child.offset + child.length);
    if (index < 0) return path;
    const child = children[index]!;
    if (child.type === 'property') {
      const [key, value] = child.children ?? [];
      if (!key || !value || offset < value.offset || offset > value.offset + value.length) return path;
      path.push(String(key.value));
      node = value;
    } else {
      path.push(index);
      node = child;
    }
  }
}

/** The first of each kind: one missing quote makes a dozen others. */
function syntaxErrors(parseErrors: readonly ParseError[], lines: Lines): Located[] {
  const seen = new Set<number>();
  const errors: Located[] = [];
  for (const { error, offset } of parseErrors) {
    const comment = error === ParseErrorCode.InvalidCommentToken;
    if (seen.has(error) || (errors.length > 0 && !comment)) continue;
    seen.add(error);
    const message = SENTENCES[error] ?? 'this is no JSON';
    const hint = comment ? 'delete the comments, or write the configuration as YAML' : undefined;
    errors.push({ finding: { path: [], message, hint }, position: lines.at(offset) });
  }
  return errors;
}

function repeatedKeys(root: Node, lines: Lines): Located[] {
  const errors: Located[] = [];
  const visit = (node: Node, path: Path): void => {
    if (node.type === 'array') {
      for (const [index, item] of (node.children ?? []).entries()) visit(item, [...path, index]);
      return;
    }
    if (node.type !== 'object') return;
    const first = new Map<string, Position>();
    for (const property of node.children ?? []) {
      const [key, value] = property.children ?? [];
      if (!key || !value) continue;
      const name = String(key.value);
      const position = lines.at(key.offset);
      const here = [...path, name];
      const earlier = first.get(name);
      if (name === '__proto__') errors.push({ finding: { path: here, message: 'no configuration has this key' }, position });
      if (earlier) {
        const message = `the key ${JSON.stringify(name)} is here twice; line ${earlier.line} has it already`;
        errors.push({ finding: { path: here, message, hint: 'keep one of them' }, position });
      }
      first.set(name, position);
      visit(value, here);
    }
  };
  visit(root, []);
  return errors;
}

function locate(root: Node, path: Path, lines: Lines): Position {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length));
    if (node) return lines.at(node.parent?.type === 'property' ? node.parent.offset : node.offset);
  }
  return lines.at(root.offset);
}
