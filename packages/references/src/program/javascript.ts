import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/javascript';
import { readQuoted } from '../literal.js';
import { JAVASCRIPT_CALLS } from '../vocabulary/calls.js';
import type { Dialect } from './dialect.js';
import { isDottedName, parts, slice } from './python.js';
import type { Scope } from './scope.js';

const javascript: Omit<Dialect, 'parser'> = {
  language: 'javascript',
  calls: JAVASCRIPT_CALLS,
  scopes: new Set([
    'FunctionDeclaration',
    'FunctionExpression',
    'ArrowFunction',
    'MethodDeclaration',
    'ClassDeclaration',
    'ClassExpression',
  ]),
  tryBody: 'Block',
  binding: new Set([
    'ImportDeclaration',
    'VariableDeclaration',
    'AssignmentExpression',
    'ParamList',
    'FunctionDeclaration',
    'ClassDeclaration',
    'ForOfSpec',
    'ForInSpec',
    'CatchClause',
    'PropertyDeclaration',
  ]),
  bind(node, text, scope) {
    switch (node.name) {
      case 'ImportDeclaration':
        return bindImport(node, text, scope);
      case 'VariableDeclaration':
      case 'ParamList':
        return bindDeclaration(node, text, scope, node.name === 'ParamList');
      case 'AssignmentExpression': {
        const [target, operator, value] = parts(node, 3);
        if (target === undefined) return;
        const isPlain = operator?.name === 'Equals' && value !== undefined;
        const name = slice(text, target);
        if (
          (target.name === 'VariableName' || target.name === 'MemberExpression') &&
          name.length < 100 &&
          isDottedName(name)
        ) {
          bindOuter(scope, name, isPlain ? value : null);
        }
        return;
      }
      case 'PropertyDeclaration': {
        const name = parts(node).find((child) => child.name === 'PropertyDefinition');
        if (name !== undefined) scope.bind(`this.${slice(text, name)}`, valueAfterEquals(node));
        return;
      }
      case 'FunctionDeclaration':
      case 'ClassDeclaration': {
        const name = parts(node, 4).find((child) => child.name === 'VariableDefinition');
        if (name !== undefined) (scope.parent ?? scope).bind(slice(text, name), null);
        return;
      }
      default: {
        const kind = node.name === 'CatchClause' ? 'only' : 'element';
        for (const child of parts(node))
          if (child.name === 'VariableDefinition') scope.bind(slice(text, child), null, kind);
      }
    }
  },
};

export const javascriptWithJsx: Dialect = { ...javascript, parser: parser.configure({ dialect: 'jsx' }) };
export const typescript: Dialect = { ...javascript, parser: parser.configure({ dialect: 'ts' }) };
export const typescriptWithJsx: Dialect = { ...javascript, parser: parser.configure({ dialect: 'ts jsx' }) };

/** An assignment changes the variable of the scope that declared it. */
function bindOuter(scope: Scope, name: string, value: SyntaxNode | null): void {
  for (let owner: Scope | null = scope; owner !== null; owner = owner.parent) {
    if (!owner.names.has(name)) continue;
    owner.bind(name, value);
    return;
  }
  scope.bind(name, value);
}

function valueAfterEquals(node: SyntaxNode): SyntaxNode | null {
  const list = parts(node);
  const equals = list.findIndex((child) => child.name === 'Equals');
  return equals < 0 ? null : (list[equals + 1] ?? null);
}

/** `const a = "x", { b } = require("c")` and parameter lists with defaults. */
function bindDeclaration(node: SyntaxNode, text: string, scope: Scope, isParameter: boolean): void {
  let target: SyntaxNode | null = null;
  let isValue = false;
  const finish = (value: SyntaxNode | null): void => {
    if (target !== null) bindPattern(target, text, scope, value, isParameter);
    target = null;
    isValue = false;
  };
  for (const child of parts(node)) {
    if (child.name === ',' || child.name === ';') finish(null);
    else if (child.name === 'Equals') isValue = true;
    else if (isValue) finish(child);
    else if (child.name === 'VariableDefinition' || child.name === 'ObjectPattern' || child.name === 'ArrayPattern')
      target = child;
  }
  finish(null);
}

function bindPattern(
  target: SyntaxNode,
  text: string,
  scope: Scope,
  value: SyntaxNode | null,
  isParameter: boolean,
): void {
  const module = value === null ? null : requiredModule(value, text);
  if (module !== null) scope.file.modules.add(module);
  if (target.name === 'VariableDefinition') {
    const name = slice(text, target);
    if (module !== null) scope.file.import(name, [module]);
    else scope.bind(name, value, isParameter ? 'default' : 'only');
    return;
  }
  for (const property of parts(target)) {
    const definition = property.name === 'VariableDefinition' ? property : lastDefinition(property);
    if (definition === null) continue;
    const local = slice(text, definition);
    const first = property.firstChild;
    if (module !== null && first !== null) scope.file.import(local, [module, slice(text, first)]);
    else scope.bind(local, null);
  }
}

function lastDefinition(node: SyntaxNode): SyntaxNode | null {
  return parts(node).findLast((child) => child.name === 'VariableDefinition') ?? null;
}

/** `require("x")` and `await import("x")`. */
function requiredModule(value: SyntaxNode, text: string): string | null {
  if (value.name === 'AwaitExpression') return value.lastChild === null ? null : requiredModule(value.lastChild, text);
  const isRequire =
    value.name === 'CallExpression' && value.firstChild !== null && slice(text, value.firstChild) === 'require';
  if (!isRequire && value.name !== 'DynamicImport') return null;
  const holder = isRequire ? value.lastChild : value;
  if (holder === null) return null;
  const string = parts(holder, 4).find((child) => child.name === 'String');
  const literal = string === undefined ? null : readQuoted(text, string.from, string.to, 'javascript');
  return literal === null ? null : moduleName(literal.text);
}

const moduleName = (name: string): string => (name.startsWith('node:') ? name.slice(5) : name);

function bindImport(node: SyntaxNode, text: string, scope: Scope): void {
  const { file } = scope;
  const list = parts(node);
  const string = list.find((child) => child.name === 'String');
  const literal = string === undefined ? null : readQuoted(text, string.from, string.to, 'javascript');
  if (literal === null) return;
  const module = moduleName(literal.text);
  file.modules.add(module);
  for (const child of list) {
    if (child.name === 'VariableDefinition') file.import(slice(text, child), [module]);
    if (child.name === 'ImportGroup') {
      let imported: string | null = null;
      for (const part of parts(child)) {
        if (part.name === ',') imported = null;
        else if (part.name === 'VariableName') imported = slice(text, part);
        else if (part.name === 'VariableDefinition') {
          const local = slice(text, part);
          file.import(local, [module, imported ?? local]);
          imported = null;
        }
      }
    }
  }
}
