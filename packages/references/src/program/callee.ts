import type { SyntaxNode } from '@lezer/common';
import { type CallRule, COMMON_NAMES, USUAL_ALIASES } from '../vocabulary/calls.js';
import type { Dialect } from './dialect.js';
import { slice } from './python.js';
import type { Scope } from './scope.js';

/** What a call calls, as far as names tell. */
export interface Callee {
  /** Dotted name after imports were followed, in segments. An unknown receiver (`model().save`) is the segment ''. */
  readonly segments: readonly string[];
  /** The root is neither imported nor defined in this file: it may stand for anything of this name. */
  readonly isOpen: boolean;
  /** The variable a method is called on. */
  readonly receiver: string | null;
}

/** Deeper member chains belong to generated code. */
const MOST_SEGMENTS = 12;

export function calleeOf(node: SyntaxNode, text: string, scope: Scope): Callee | null {
  const segments: string[] = [];
  let at: SyntaxNode | null = node;
  while (at !== null && segments.length < MOST_SEGMENTS) {
    if (at.name === 'InstantiationExpression') at = at.firstChild;
    else if (at.name === 'MemberExpression') {
      const last: SyntaxNode | null = at.lastChild;
      if (last === null || last.name !== 'PropertyName') return null;
      segments.unshift(slice(text, last));
      at = at.firstChild;
    } else break;
  }
  if (at === null) return null;
  if (at.name !== 'VariableName' && at.name !== 'this') {
    return segments.length === 0 ? null : { segments: ['', ...segments], isOpen: false, receiver: null };
  }
  const root = slice(text, at);
  const receiver = segments.length === 0 ? null : root;
  const imported = scope.file.imports.get(root);
  if (imported !== undefined) return { segments: [...imported, ...segments], isOpen: false, receiver: null };
  if (scope.lookup(root) !== null || root === 'self' || root === 'this') {
    return { segments: segments.length === 0 ? ['', '', root] : ['', ...segments], isOpen: false, receiver };
  }
  const usual = Object.hasOwn(USUAL_ALIASES, root) ? USUAL_ALIASES[root]! : [root];
  return { segments: [...usual, ...segments], isOpen: true, receiver };
}

/** Rules of a language by the last segment of what they call. */
const indices = new WeakMap<readonly CallRule[], Map<string, { rule: CallRule; pattern: readonly string[] }[]>>();

function indexOf(dialect: Dialect): Map<string, { rule: CallRule; pattern: readonly string[] }[]> {
  const known = indices.get(dialect.calls);
  if (known !== undefined) return known;
  const index = new Map<string, { rule: CallRule; pattern: readonly string[] }[]>();
  for (const rule of dialect.calls) {
    for (const callee of rule.callee) {
      const pattern = callee.startsWith('@') ? scoped(callee) : callee.split('.');
      const last = pattern[pattern.length - 1]!;
      const list = index.get(last);
      if (list === undefined) index.set(last, [{ rule, pattern }]);
      else list.push({ rule, pattern });
    }
  }
  indices.set(dialect.calls, index);
  return index;
}

/** `@scope/package.name`: the package is one segment. */
function scoped(callee: string): string[] {
  const dot = callee.lastIndexOf('.');
  return [callee.slice(0, dot), callee.slice(dot + 1)];
}

/** Rules that fit, the most specific first. */
export function rulesFor(callee: Callee, dialect: Dialect, scope: Scope): readonly CallRule[] {
  const last = callee.segments[callee.segments.length - 1]!;
  const candidates = indexOf(dialect).get(last);
  if (candidates === undefined) return [];
  const exact: CallRule[] = [];
  const loose: CallRule[] = [];
  for (const { rule, pattern } of candidates) {
    if (rule.needs !== undefined && !scope.file.importsPart(rule.needs)) continue;
    if (pattern[0] !== '*' && fits(pattern, callee.segments)) exact.push(rule);
    else if (
      pattern[0] === '*'
        ? fitsEnd(pattern.slice(1), callee.segments)
        : callee.isOpen && fitsOpen(pattern, callee.segments)
    ) {
      loose.push(rule);
    }
  }
  return exact.length > 0 ? exact : loose;
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return pattern.length === segments.length && pattern.every((part, index) => part === '*' || part === segments[index]);
}

function fitsEnd(pattern: readonly string[], segments: readonly string[]): boolean {
  // A function that the file defines itself is marked by two empty segments: it is nobody's method.
  if (segments[0] === '' && segments[1] === '') return false;
  return pattern.length <= segments.length && fits(pattern, segments.slice(segments.length - pattern.length));
}

/** A name that nobody explains: `load_file(…)` in a cell whose imports are elsewhere. */
function fitsOpen(pattern: readonly string[], segments: readonly string[]): boolean {
  if (segments.length > pattern.length) return false;
  if (segments.length === 1 && COMMON_NAMES.has(segments[0]!)) return false;
  return fits(pattern.slice(pattern.length - segments.length), segments);
}

/** `torch.load`, `from_pretrained`, `safetensors.load_file`: what a person calls the rule. */
export function describeCall(rule: CallRule, callee: Callee): string {
  const segments = callee.segments.join('.');
  const last = callee.segments[callee.segments.length - 1]!;
  const byName = rule.callee.filter((name) => name.slice(name.lastIndexOf('.') + 1) === last);
  const full = byName.find((name) => name === segments) ?? byName.find((name) => name.endsWith(segments)) ?? byName[0]!;
  return full
    .split('.')
    .filter((part) => part !== '*')
    .join('.');
}
