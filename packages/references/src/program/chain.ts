import type { SyntaxNode } from '@lezer/common';
import { readQuoted } from '../literal.js';
import type { LayerReference } from '../reference.js';
import { USUAL_MODULES } from '../vocabulary/calls.js';
import { METHODS, PARAMETER_NAMES, PLAIN_ATTRIBUTES } from '../vocabulary/members.js';
import type { Dialect } from './dialect.js';
import { parts, slice } from './python.js';
import type { Scope } from './scope.js';

interface Part {
  readonly name: string;
  readonly to: number;
  /** `[0]`, `["conv1"]`. */
  readonly isSubscript: boolean;
}

export interface Chain {
  readonly root: string;
  readonly from: number;
  readonly parts: readonly Part[];
  /** All of the expression was understood: no computed subscript cut it short. */
  readonly isWhole: boolean;
}

const MOST_PARTS = 64;

/** Reads `model.layer1[0].conv1` from the outside in. null: the root is no plain variable. */
export function readChain(node: SyntaxNode, text: string, dialect: Dialect): Chain | null {
  const reversed: (Part | null)[] = [];
  let at: SyntaxNode = node;
  while (at.name === 'MemberExpression') {
    if (reversed.length > MOST_PARTS) return null;
    const children = parts(at, 6);
    const object = children[0];
    if (object === undefined) return null;
    reversed.push(partOf(children, text, dialect));
    at = object;
  }
  if (at.name !== 'VariableName' && at.name !== 'this') return null;
  const list: Part[] = [];
  for (const part of reversed.reverse()) {
    if (part === null) return { root: slice(text, at), from: at.from, parts: list, isWhole: false };
    list.push(part);
  }
  return { root: slice(text, at), from: at.from, parts: list, isWhole: true };
}

function partOf(children: readonly SyntaxNode[], text: string, dialect: Dialect): Part | null {
  const last = children[children.length - 1]!;
  if (last.name === 'PropertyName') return { name: slice(text, last), to: last.to, isSubscript: false };
  const [, open, index, close] = children;
  if (open?.name !== '[' || index === undefined || close?.name !== ']') return null;
  if (index.name === 'Number') {
    const digits = slice(text, index);
    return isIndex(digits) ? { name: digits, to: close.to, isSubscript: true } : null;
  }
  if (index.name !== 'String') return null;
  const literal = readQuoted(text, index.from, index.to, dialect.language);
  return literal?.closed ? { name: literal.text, to: close.to, isSubscript: true } : null;
}

function isIndex(digits: string): boolean {
  for (const digit of digits) if (digit < '0' || digit > '9') return false;
  return digits.length > 0 && digits.length < 6;
}

/** The layer that a chain may name, or null. Whether there is such a layer is for the checkpoint to say. */
export function layerOfChain(
  chain: Chain,
  isCalled: boolean,
  scope: Scope,
  text: string,
  dialect: Dialect,
): LayerReference | null {
  if (scope.file.imports.has(chain.root)) return null;
  if (USUAL_MODULES.has(chain.root) && scope.lookup(chain.root) === null) return null;
  const kept = layerParts(chain, isCalled);
  const last = kept[kept.length - 1];
  if (last === undefined) return null;
  const start = aliasOf(chain.root, scope, text, dialect);
  if (start === null) return null;
  // `state["layer1.0.conv1.weight"]` is told by its string, `rows[0]` is an element of anything.
  if (kept.length === 1 && last.isSubscript && (!isIndex(last.name) || start.names.length === 0)) return null;
  const name = [...start.names, ...kept.map((part) => part.name)].join('.');
  return { kind: 'layer', begin: chain.from, end: last.to, name, form: 'chain', root: start.root };
}

/** The parts up to the first method, plain attribute or tensor. */
function layerParts(chain: Chain, isCalled: boolean): Part[] {
  const kept: Part[] = [];
  for (const [index, part] of chain.parts.entries()) {
    const isLast = index === chain.parts.length - 1 && chain.isWhole;
    if (!part.isSubscript && PLAIN_ATTRIBUTES.has(part.name)) break;
    if (!part.isSubscript && isLast && isCalled && METHODS.has(part.name)) break;
    if (part.name === '' || part.name.includes(' ')) break;
    kept.push(part);
    if (PARAMETER_NAMES.has(part.name.slice(part.name.lastIndexOf('.') + 1))) break;
  }
  return kept;
}

const MOST_ALIASES = 4;

/** What a variable stands for: `block` of `block = model.layer3[1]` is `layer3.1` of `model`. null: one of many, in a loop. */
function aliasOf(root: string, scope: Scope, text: string, dialect: Dialect): { root: string; names: string[] } | null {
  let at = root;
  let names: string[] = [];
  let from = scope;
  for (let step = 0; step < MOST_ALIASES; step++) {
    const bindings = from.lookup(at);
    if (bindings?.some((binding) => binding.isElement)) return null;
    const only = bindings?.length === 1 ? bindings[0]! : null;
    if (only?.value?.name !== 'MemberExpression' || only.isDefault) break;
    const chain = readChain(only.value, text, dialect);
    if (chain === null || !chain.isWhole || chain.root === at || from.file.imports.has(chain.root)) break;
    names = [...layerParts(chain, false).map((part) => part.name), ...names];
    at = chain.root;
    from = only.scope;
  }
  return { root: at, names };
}
