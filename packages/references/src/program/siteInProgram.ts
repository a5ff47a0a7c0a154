import { type Literal, readQuoted } from '../literal.js';
import type { CompletionSite } from '../reference.js';
import { USUAL_MODULES } from '../vocabulary/calls.js';
import { LAYER_CALLS } from '../vocabulary/members.js';
import { namesLayers, purposeOf } from '../vocabulary/words.js';
import { argumentOf, readArguments } from './arguments.js';
import { calleeOf, rulesFor } from './callee.js';
import { readChain } from './chain.js';
import type { Dialect } from './dialect.js';
import { parts } from './python.js';
import { type Place, type Survey, survey } from './survey.js';

/** Where completion stands in Python, JavaScript and TypeScript. */
export function siteInProgram(text: string, dialect: Dialect, offset: number): CompletionSite | null {
  const found = survey(text, dialect);
  for (const string of found.strings) {
    if (string.from >= offset || string.to < offset) continue;
    const literal = readQuoted(text, string.from, string.to, dialect.language);
    if (literal === null || offset < literal.begin || offset > literal.end) continue;
    return siteInString(text, dialect, found, literal, string.place, offset);
  }
  return siteInChain(text, dialect, found, offset);
}

/** The site of a string; an unclosed one ends at the cursor, what follows is the rest of the line. */
export function stringSite(
  kind: CompletionSite['kind'],
  literal: Literal,
  offset: number,
  text: string,
): CompletionSite {
  const end = literal.closed ? literal.end : offset;
  return { kind, begin: literal.begin, end, prefix: text.slice(literal.begin, offset) };
}

/** What a string is about, judged by its beginning alone. */
export function kindByPrefix(prefix: string): CompletionSite['kind'] | null {
  if (prefix.includes('://')) return null;
  if (prefix.includes('/') || prefix.startsWith('.')) return 'path';
  return prefix.includes('.') && !prefix.includes(' ') ? 'layer' : null;
}

function siteInString(
  text: string,
  dialect: Dialect,
  found: Survey,
  literal: Literal,
  place: Place,
  offset: number,
): CompletionSite | null {
  if (place.kind === 'subscript') {
    return {
      ...stringSite('layer', literal, offset, text),
      ...(place.object === '' ? {} : { variable: place.object }),
    };
  }
  const prefix = text.slice(literal.begin, offset);
  if (place.kind === 'module') return prefix.startsWith('.') ? stringSite('path', literal, offset, text) : null;
  if (place.kind === 'argument' && LAYER_CALLS.has(place.callee)) return stringSite('layer', literal, offset, text);
  if (isPathArgument(text, dialect, found, offset)) return stringSite('path', literal, offset, text);
  const name = place.kind === 'named' ? place.name : place.kind === 'argument' ? (place.name ?? '') : '';
  if (name !== '' && namesLayers(name) && !prefix.includes('/')) return stringSite('layer', literal, offset, text);
  const purpose = purposeOf(name);
  if (purpose === 'load' || purpose === 'output') return stringSite('path', literal, offset, text);
  if (place.kind === 'part') return null;
  const kind = kindByPrefix(prefix);
  return kind === null ? null : stringSite(kind, literal, offset, text);
}

/** Is the cursor inside the argument of a call that names a checkpoint? */
function isPathArgument(text: string, dialect: Dialect, found: Survey, offset: number): boolean {
  return found.calls.some(({ node, scope }) => {
    if (node.from >= offset || node.to < offset) return false;
    const list = parts(node, 5);
    const calleeNode = node.name === 'NewExpression' ? list[1] : list[0];
    const argumentList = list.find((child) => child.name === 'ArgList');
    if (calleeNode === undefined || argumentList === undefined) return false;
    const callee = calleeOf(calleeNode, text, scope);
    if (callee === null) return false;
    const given = readArguments(argumentList, text);
    if (callee.segments.length === 1 && callee.segments[0] === 'URL') return true;
    return rulesFor(callee, dialect, scope).some((rule) => {
      const argument = argumentOf(given, rule.at, rule.keywords ?? []);
      // Calls that take any file (`open`) are asked only where the rest says more.
      return rule.ends !== 'certain' && argument !== undefined && argument.from < offset && offset <= argument.to;
    });
  });
}

/** `model.layer1.|`, `model.layer1[0].co|`. */
function siteInChain(text: string, dialect: Dialect, found: Survey, offset: number): CompletionSite | null {
  let begin = offset;
  while (begin > 0 && isNamePart(text.charCodeAt(begin - 1))) begin--;
  if (text[begin - 1] !== '.') return null;
  let end = offset;
  while (end < text.length && isNamePart(text.charCodeAt(end))) end++;
  const dot = begin - 1;
  for (const { node, scope } of found.chains) {
    if (node.from > dot || node.to < dot) continue;
    const chain = readChain(node, text, dialect);
    if (chain === null) continue;
    const written = chain.parts.filter((part) => part.to <= dot);
    const last = written[written.length - 1];
    if ((last?.to ?? chain.from + chain.root.length) !== dot) continue;
    if (scope.file.imports.has(chain.root)) return null;
    if (USUAL_MODULES.has(chain.root) && scope.lookup(chain.root) === null) return null;
    const root = written.map((part) => part.name).join('.');
    return { kind: 'layer', begin, end, prefix: text.slice(begin, offset), root, variable: chain.root };
  }
  return null;
}

const isNamePart = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
