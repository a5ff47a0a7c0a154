import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/python';
import { PYTHON_CALLS } from '../vocabulary/calls.js';
import type { Dialect } from './dialect.js';
import type { Scope } from './scope.js';

/** Statements with more parts than this (generated tables) bind nothing. */
const MOST_PARTS = 200;

export const python: Dialect = {
  language: 'python',
  parser,
  calls: PYTHON_CALLS,
  scopes: new Set(['FunctionDefinition', 'LambdaExpression', 'ClassDefinition']),
  tryBody: 'Body',
  binding: new Set([
    'ImportStatement',
    'AssignStatement',
    'UpdateStatement',
    'NamedExpression',
    'ForStatement',
    'WithStatement',
    'ScopeStatement',
    'ParamList',
    'FunctionDefinition',
    'ClassDefinition',
    'ArrayComprehensionExpression',
    'SetComprehensionExpression',
    'DictionaryComprehensionExpression',
    'ComprehensionExpression',
    'TryStatement',
  ]),
  bind(node, text, scope) {
    switch (node.name) {
      case 'ImportStatement':
        return bindImport(node, text, scope);
      case 'AssignStatement':
      case 'NamedExpression':
        return bindAssignment(node, text, scope);
      case 'UpdateStatement': {
        const target = node.firstChild;
        if (target !== null) bindTarget(target, text, scope, null);
        return;
      }
      case 'WithStatement':
        return bindWith(node, text, scope);
      case 'ScopeStatement':
        for (const child of parts(node)) if (child.name === 'VariableName') scope.top.bind(slice(text, child), null);
        return;
      case 'ParamList':
        return bindParameters(node, text, scope);
      case 'FunctionDefinition':
      case 'ClassDefinition': {
        // The name belongs to the scope around the definition; the new scope is already open.
        const name = parts(node, 4).find((child) => child.name === 'VariableName');
        if (name !== undefined) (scope.parent ?? scope).bind(slice(text, name), null);
        return;
      }
      default:
        return bindLoops(node, text, scope);
    }
  },
};

function bindImport(node: SyntaxNode, text: string, scope: Scope): void {
  const { file } = scope;
  let module = '';
  let isFrom = false;
  let isAfterImport = false;
  let path: string[] = [];
  let alias: string | null = null;
  let isAlias = false;
  const finish = (): void => {
    if (path.length > 0 && path[0] !== '') {
      if (isFrom) file.import(alias ?? path[0]!, [...module.split('.'), ...path]);
      else {
        file.modules.add(path.join('.'));
        file.import(alias ?? path[0]!, alias === null ? [path[0]!] : path);
      }
    }
    path = [];
    alias = null;
    isAlias = false;
  };
  for (const child of parts(node)) {
    const word = slice(text, child);
    if (child.name === 'from') isFrom = true;
    else if (child.name === 'import') {
      isAfterImport = true;
      if (isFrom) file.modules.add(module);
    } else if (!isAfterImport) module += child.name === 'VariableName' ? word : child.name === '.' ? '.' : '';
    else if (child.name === 'as') isAlias = true;
    else if (child.name === ',') finish();
    else if (child.name === 'VariableName') {
      if (isAlias) alias = word;
      else path.push(word);
    }
  }
  finish();
}

/** `a = b = "c"`, `a: str = "c"`, `a, b = "c", "d"`, `(a := "c")`. */
function bindAssignment(node: SyntaxNode, text: string, scope: Scope): void {
  const groups: SyntaxNode[][] = [[]];
  for (const child of parts(node)) {
    if (child.name === 'AssignOp') groups.push([]);
    else if (child.name !== ',' && child.name !== 'TypeDef' && child.name !== 'Comment' && !child.type.isError) {
      groups[groups.length - 1]!.push(child);
    }
  }
  if (groups.length < 2) return;
  const values = groups[groups.length - 1]!;
  for (const targets of groups.slice(0, -1)) {
    const flat = targets.length === 1 ? unpack(targets[0]!) : targets;
    const flatValues = values.length === 1 && flat.length > 1 ? unpack(values[0]!) : values;
    for (const [index, target] of flat.entries()) {
      bindTarget(target, text, scope, flat.length === flatValues.length ? (flatValues[index] ?? null) : null);
    }
  }
}

/** The parts of a tuple or list; anything else is its own part. */
function unpack(node: SyntaxNode): SyntaxNode[] {
  if (node.name !== 'TupleExpression' && node.name !== 'ArrayExpression') return [node];
  return parts(node).filter((child) => !'()[],'.includes(child.name) && child.name !== 'Comment');
}

function bindTarget(target: SyntaxNode, text: string, scope: Scope, value: SyntaxNode | null): void {
  if (target.name === 'VariableName') scope.bind(slice(text, target), value);
  else if (target.name === 'MemberExpression' && target.to - target.from < 100) {
    const name = slice(text, target);
    if (isDottedName(name)) scope.bind(name, value);
  } else if (target.name === 'TupleExpression' || target.name === 'ArrayExpression') {
    for (const part of unpack(target)) if (part.name === 'VariableName') scope.bind(slice(text, part), null);
  }
}

function bindWith(node: SyntaxNode, text: string, scope: Scope): void {
  let value: SyntaxNode | null = null;
  let isTarget = false;
  for (const child of parts(node)) {
    if (child.name === 'Body') break;
    if (child.name === 'as') isTarget = true;
    else if (child.name === ',') isTarget = false;
    else if (isTarget) bindTarget(child, text, scope, value);
    else value = child;
  }
}

function bindParameters(node: SyntaxNode, text: string, scope: Scope): void {
  let name: string | null = null;
  let isValue = false;
  const finish = (value: SyntaxNode | null): void => {
    if (name !== null) scope.bind(name, value, 'default');
    name = null;
    isValue = false;
  };
  for (const child of parts(node)) {
    if (child.name === ',') finish(null);
    else if (child.name === 'AssignOp') isValue = true;
    else if (isValue) finish(child);
    else if (child.name === 'VariableName') name = slice(text, child);
  }
  finish(null);
}

/** Targets after `for` and after `as` get values that nobody knows. */
function bindLoops(node: SyntaxNode, text: string, scope: Scope): void {
  let after = '';
  for (const child of parts(node)) {
    if (child.name === 'for' || child.name === 'as') after = child.name;
    else if (child.name === 'in' || child.name === 'Body') after = '';
    else if (after === 'for') for (const part of unpack(child)) bindElement(part, text, scope);
    else if (after === 'as') bindTarget(child, text, scope, null);
  }
}

function bindElement(target: SyntaxNode, text: string, scope: Scope): void {
  if (target.name === 'VariableName') scope.bind(slice(text, target), null, 'element');
}

export function parts(node: SyntaxNode, most = MOST_PARTS): SyntaxNode[] {
  const list: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null && list.length < most; child = child.nextSibling) list.push(child);
  return list;
}

export const slice = (text: string, node: { readonly from: number; readonly to: number }): string =>
  text.slice(node.from, node.to);

/** `self.path`: names and dots alone. */
export function isDottedName(name: string): boolean {
  for (const character of name) {
    const isPlain =
      (character >= 'a' && character <= 'z') ||
      (character >= 'A' && character <= 'Z') ||
      (character >= '0' && character <= '9') ||
      character === '_' ||
      character === '.' ||
      character === '$' ||
      character === '#';
    if (!isPlain) return false;
  }
  return true;
}
