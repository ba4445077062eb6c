/** Owns reading a configuration as JSON: trailing commas pass with a warning, comments and repeated keys do not. */

import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { Path, Position } from './problem.js';
import { DEEPEST, Lines, type Located, type Source } from './source.js';

const SENTENCES: { readonly [code: string]: string | undefined } = {
  InvalidSymbol: 'this is no JSON value; a string needs double quotes',
  InvalidNumberFormat: 'this is no JSON number',
  PropertyNameExpected: 'a key in double quotes is missing here',
  ValueExpected: 'a value is missing here',
  ColonExpected: 'a colon is missing here',
  CommaExpected: 'a comma is missing here',
  CloseBraceExpected: 'a closing brace } is missing',
  CloseBracketExpected: 'a closing bracket ] is missing',
  EndOfFileExpected: 'something follows after the end of the configuration',
  InvalidCommentToken: 'JSON has no comments, and Crossbar.io refuses them too',
  UnexpectedEndOfComment: 'this comment does not end',
  UnexpectedEndOfString: 'this string does not end on its line',
  UnexpectedEndOfNumber: 'this number does not end',
  InvalidUnicode: 'this \\u escape needs four hexadecimal digits',
  InvalidEscapeCharacter: 'JSON does not know this escape in a string',
  InvalidCharacter: 'this character must be escaped in a string',
};

const COMMENT = 'InvalidCommentToken';

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
    warnings: scanned.trailingCommas.map(offset => ({
      position: lines.at(offset),
      finding: {
        path: pathAround(root, offset),
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

/** What the parser does not tell: trailing commas, and depth before it recurses. */
function scan(text: string, lines: Lines): { trailingCommas: number[]; tooDeep: Located | undefined } {
  const trailingCommas: number[] = [];
  let depth = 0;
  let comma = -1;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quoted) {
      if (char === '\\') at += 1;
      else if (char === '"' || char === '\n') quoted = false;
      continue;
    }
    if (' \t\r\n'.includes(char)) continue;
    if (char === '{' || char === '[') depth += 1;
    if (depth > DEEPEST) {
      const finding = { path: [], message: `nested deeper than ${DEEPEST} levels` };
      return { trailingCommas: [], tooDeep: { finding, position: lines.at(at) } };
    }
    if (char === '}' || char === ']') {
      depth -= 1;
      if (comma >= 0) trailingCommas.push(comma);
    }
    quoted = char === '"';
    comma = char === ',' ? at : -1;
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

/** One missing quote makes a dozen errors, so the first counts; and the first comment, which hides nothing. */
function syntaxErrors(parseErrors: readonly ParseError[], lines: Lines): Located[] {
  const isComment = ({ error }: ParseError): boolean => printParseErrorCode(error) === COMMENT;
  const firsts = [parseErrors.find(isComment), parseErrors.find(error => !isComment(error))];
  return firsts
    .filter(error => error !== undefined)
    .map(error => {
      const message = SENTENCES[printParseErrorCode(error.error)] ?? 'this is no JSON';
      const hint = isComment(error) ? 'delete the comments, or write the configuration as YAML' : undefined;
      return { finding: { path: [], message, hint }, position: lines.at(error.offset) };
    });
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
      if (name === '__proto__')
        errors.push({ finding: { path: here, message: 'no configuration has this key' }, position });
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
