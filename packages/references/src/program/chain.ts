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
export function layerOfChain(chain: Chain, isCalled: boolean, scope: Scope): LayerReference | null {
  const { root } = chain;
  if (scope.file.imports.has(root)) return null;
  if (USUAL_MODULES.has(root) && scope.lookup(root) === null) return null;
  const kept: Part[] = [];
  for (const [index, part] of chain.parts.entries()) {
    const isLast = index === chain.parts.length - 1 && chain.isWhole;
    if (!part.isSubscript && PLAIN_ATTRIBUTES.has(part.name)) break;
    if (!part.isSubscript && isLast && isCalled && METHODS.has(part.name)) break;
    if (part.name === '' || part.name.includes(' ')) break;
    kept.push(part);
    if (PARAMETER_NAMES.has(part.name.slice(part.name.lastIndexOf('.') + 1))) break;
  }
  const last = kept[kept.length - 1];
  if (last === undefined) return null;
  // `state["layer1.0.conv1.weight"]` is told by its string.
  if (kept.length === 1 && last.isSubscript) return null;
  const name = kept.map((part) => part.name).join('.');
  return { kind: 'layer', begin: chain.from, end: last.to, name, form: 'chain', root };
}
