import type { SyntaxNode, SyntaxNodeRef } from '@lezer/common';
import { parseNested } from '../parse.js';
import type { Dialect } from './dialect.js';
import { FileNames, Scope } from './scope.js';

/** Where a string stands: what its surroundings say about its purpose. */
export type Place =
  /** Argument of a call; `name` is the keyword. */
  | { readonly kind: 'argument'; readonly callee: string; readonly name?: string }
  /** Value of a variable, attribute, property, dictionary key or parameter. */
  | { readonly kind: 'named'; readonly name: string; readonly isParameter: boolean }
  /** `object["…"]`. */
  | { readonly kind: 'subscript'; readonly object: string }
  /** Key of a dictionary. */
  | { readonly kind: 'key' }
  | { readonly kind: 'module' }
  /** Returned, yielded, or an element of a list that nobody names. */
  | { readonly kind: 'value' }
  /** Part of an expression that makes another string of it, a comparison, a docstring, a receiver. */
  | { readonly kind: 'part' };

export interface FoundCall {
  readonly node: SyntaxNode;
  readonly scope: Scope;
  /** Inside a `try`: a failure is expected. */
  readonly isGuarded: boolean;
  /** What the result is bound to: `state` in `state = torch.load(…)`. */
  readonly target: string | null;
}

export interface FoundString {
  readonly from: number;
  readonly to: number;
  readonly place: Place;
}

/** What one walk over the tree finds. Everything else looks only at this. */
export interface Survey {
  readonly file: FileNames;
  readonly calls: readonly FoundCall[];
  readonly strings: readonly FoundString[];
  readonly chains: readonly { readonly node: SyntaxNode; readonly isCalled: boolean; readonly scope: Scope }[];
}

/** A child as its parent remembers it. Reused: the walk makes no garbage. */
class Child {
  name = '';
  from = 0;
  to = 0;
}

/** An open node of the walk and its latest children: enough to tell what a child is to its parent. */
class Frame {
  name = '';
  children = 0;
  first = new Child();
  last = new Child();
  before = new Child();
  beforeThat = new Child();
  /** The latest child that is a name. */
  named = new Child();
  opensScope = false;
  guards = false;
  hasTryBody = false;

  open(name: string): void {
    this.name = name;
    this.children = 0;
    this.before.name = '';
    this.last.name = '';
    this.named.name = '';
    this.opensScope = false;
    this.guards = false;
    this.hasTryBody = false;
  }

  add(name: string, from: number, to: number): void {
    const reused = this.beforeThat;
    this.beforeThat = this.before;
    this.before = this.last;
    this.last = reused;
    set(reused, name, from, to);
    if (this.children++ === 0) set(this.first, name, from, to);
    if (NAMES.has(name)) set(this.named, name, from, to);
  }
}

function set(child: Child, name: string, from: number, to: number): void {
  child.name = name;
  child.from = from;
  child.to = to;
}

/** The open nodes, outermost first. */
class Frames {
  private readonly frames: Frame[] = [];
  depth = 0;

  get top(): Frame | null {
    return this.depth === 0 ? null : this.frames[this.depth - 1]!;
  }

  at(level: number): Frame {
    return this.frames[level]!;
  }

  push(name: string): Frame {
    if (this.depth === this.frames.length) this.frames.push(new Frame());
    const frame = this.frames[this.depth++]!;
    frame.open(name);
    return frame;
  }

  pop(): Frame {
    return this.frames[--this.depth]!;
  }
}

const NAMES = new Set(['VariableName', 'VariableDefinition', 'PropertyDefinition', 'PropertyName', 'JSXIdentifier']);
const STRINGS = new Set(['String', 'TemplateString', 'JSXAttributeValue']);
/** Nodes that pass the purpose of their surroundings on to a string inside. */
const TRANSPARENT = new Set([
  ...[
    'ArrayExpression',
    'TupleExpression',
    'SetExpression',
    'ParenthesizedExpression',
    'ConditionalExpression',
    'AwaitExpression',
  ],
  ...['JSXEscape', 'PostfixExpression', 'UnaryExpression'],
]);
const VALUES = new Set([
  'ReturnStatement',
  'YieldExpression',
  'ArrowFunction',
  'ExportDeclaration',
  'LambdaExpression',
]);
const MODULES = new Set(['ImportDeclaration', 'DynamicImport']);
/** How far up the surroundings are asked. */
const MOST_LEVELS = 12;
const LONGEST_NAME = 120;

export function survey(text: string, dialect: Dialect): Survey {
  const file = new FileNames();
  let scope = new Scope(null, false, file);
  const frames = new Frames();
  let guards = 0;
  const calls: FoundCall[] = [];
  const strings: FoundString[] = [];
  const chains: { node: SyntaxNode; isCalled: boolean; scope: Scope }[] = [];
  /** Members inside the chain that was recorded last. */
  let chainFrom = -1;
  let chainInner = 0;

  const enter = (ref: SyntaxNodeRef): void => {
    const { name, from, to } = ref;
    const parent = frames.top;
    parent?.add(name, from, to);
    const frame = frames.push(name);
    if (dialect.scopes.has(name)) {
      scope = new Scope(scope, name.startsWith('Class'), file);
      frame.opensScope = true;
    }
    if (name === dialect.tryBody && parent?.name === 'TryStatement' && !parent.hasTryBody) {
      parent.hasTryBody = true;
      frame.guards = true;
      guards++;
    }
    if (dialect.binding.has(name)) dialect.bind(ref.node, text, scope);
    if (name === 'CallExpression' || name === 'NewExpression') {
      const node = ref.node;
      calls.push({ node, scope, isGuarded: guards > 0, target: targetOf(frames, node, text) });
    } else if (name === 'MemberExpression') {
      if (from !== chainFrom || to < chainInner) {
        const node = ref.node;
        chainFrom = from;
        chainInner = innermostEnd(node);
        const isCalled = parent?.name === 'CallExpression' && parent.children === 1;
        if (parent?.name !== 'TypeDef' && parent?.name !== 'Decorator') chains.push({ node, isCalled, scope });
      }
    } else if (STRINGS.has(name)) {
      strings.push({ from, to, place: placeOf(frames, text) });
    }
  };
  const leave = (): void => {
    const frame = frames.pop();
    if (frame.opensScope) scope = scope.parent ?? scope;
    if (frame.guards) guards--;
  };
  parseNested(dialect.parser, text).iterate({ enter, leave });
  return { file, calls, strings, chains };
}

/** Where the first member of a chain ends: everything from there up to the whole chain is part of it. */
function innermostEnd(node: SyntaxNode): number {
  let at = node;
  for (;;) {
    const object = at.firstChild;
    if (object === null || object.name !== 'MemberExpression') return at.to;
    at = object;
  }
}

function nameAt(text: string, child: Child): string {
  return child.name === '' || child.to - child.from > LONGEST_NAME ? '' : text.slice(child.from, child.to);
}

/** The last part of `self.checkpoint`, `config["checkpoint"]`, `args.checkpoint`. */
function lastPart(name: string): string {
  const end = name.endsWith(']') ? name.slice(0, -1) : name;
  const start = Math.max(end.lastIndexOf('.'), end.lastIndexOf('['));
  const part = end.slice(start + 1);
  return part.startsWith('"') || part.startsWith("'") ? part.slice(1, -1) : part;
}

/** Climbs from a string, whose frame is on top, through lists and parentheses to what gives it a purpose. */
function placeOf(frames: Frames, text: string): Place {
  const lowest = Math.max(0, frames.depth - 1 - MOST_LEVELS);
  for (let level = frames.depth - 2; level >= lowest; level--) {
    const frame = frames.at(level);
    const { name, before } = frame;
    if (TRANSPARENT.has(name)) continue;
    switch (name) {
      case 'ArgList': {
        const call = level > 0 ? frames.at(level - 1) : null;
        const callee = call === null ? '' : lastPart(nameAt(text, call.before));
        return before.name === 'AssignOp'
          ? { kind: 'argument', callee, name: nameAt(text, frame.beforeThat) }
          : { kind: 'argument', callee };
      }
      case 'AssignStatement':
      case 'NamedExpression':
      case 'AssignmentExpression':
        return before.name === 'AssignOp' || before.name === 'Equals' || before.name === ','
          ? { kind: 'named', name: lastPart(nameAt(text, frame.first)), isParameter: false }
          : { kind: 'part' };
      case 'VariableDeclaration':
      case 'PropertyDeclaration':
        return before.name === 'Equals'
          ? { kind: 'named', name: nameAt(text, frame.named), isParameter: false }
          : { kind: 'part' };
      case 'ParamList':
        return { kind: 'named', name: nameAt(text, frame.named), isParameter: true };
      case 'JSXAttribute':
        return { kind: 'named', name: nameAt(text, frame.first), isParameter: false };
      case 'DictionaryExpression':
        if (before.name !== ':') return { kind: 'key' };
        return { kind: 'named', name: unquote(nameAt(text, frame.beforeThat)), isParameter: false };
      case 'Property':
        if (frame.children === 1) return { kind: 'key' };
        return before.name === ':'
          ? { kind: 'named', name: unquote(nameAt(text, frame.first)), isParameter: false }
          : { kind: 'part' };
      case 'ObjectExpression':
        return { kind: 'part' };
      case 'MemberExpression': {
        if (before.name !== '[' && before.name !== ',') return { kind: 'part' };
        const object = nameAt(text, frame.first);
        return object === 'Literal' || object.endsWith('.Literal') ? { kind: 'value' } : { kind: 'subscript', object };
      }
      default:
        if (MODULES.has(name)) return { kind: 'module' };
        if (name === 'ExportDeclaration' && before.name === 'from') return { kind: 'module' };
        return VALUES.has(name) ? { kind: 'value' } : { kind: 'part' };
    }
  }
  return { kind: 'part' };
}

const unquote = (name: string): string =>
  name.length >= 2 && (name.startsWith('"') || name.startsWith("'")) ? name.slice(1, -1) : name;

/** Name that the call on top of the frames is assigned to, directly or through `load_state_dict`. */
function targetOf(frames: Frames, node: SyntaxNode, text: string): string | null {
  const lowest = Math.max(0, frames.depth - 1 - MOST_LEVELS);
  for (let level = frames.depth - 2; level >= lowest; level--) {
    const frame = frames.at(level);
    switch (frame.name) {
      case 'AssignStatement':
      case 'NamedExpression':
      case 'AssignmentExpression':
      case 'VariableDeclaration':
      case 'PropertyDeclaration': {
        const isValue = frame.before.name === 'AssignOp' || frame.before.name === 'Equals';
        const target = frame.name === 'VariableDeclaration' ? frame.named : frame.first;
        const name = nameAt(text, target);
        return isValue && name !== '' ? name : null;
      }
      case 'WithStatement': {
        const name = level === frames.depth - 2 ? node.nextSibling?.nextSibling : null;
        return name?.name === 'VariableName' ? text.slice(name.from, name.to) : null;
      }
      case 'ArgList': {
        const callee = level > 0 ? nameAt(text, frames.at(level - 1).before) : '';
        const dot = callee.lastIndexOf('.');
        if (dot > 0 && callee.slice(dot + 1).startsWith('load_state_dict')) return callee.slice(0, dot);
        break;
      }
      case 'CallExpression':
      case 'NewExpression':
      case 'MemberExpression':
      case 'AwaitExpression':
      case 'ParenthesizedExpression':
        break;
      default:
        return null;
    }
  }
  return null;
}
