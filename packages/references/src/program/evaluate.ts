import type { SyntaxNode } from '@lezer/common';
import { readQuoted } from '../literal.js';
import { decodePercent } from '../pathText.js';
import { readArguments } from './arguments.js';
import { calleeOf } from './callee.js';
import type { Dialect } from './dialect.js';
import { isDottedName, parts, slice } from './python.js';
import type { Binding, Scope } from './scope.js';

/** A text that a program certainly or possibly has at some place, without running it. */
export interface StaticText {
  readonly text: string;
  /** Inner range of the literal that names the file: the last one of a join. −1: no literal is involved. */
  readonly begin: number;
  readonly end: number;
  /** The only value there can be. */
  readonly certain: boolean;
  /** `__file__` itself: its folder is asked for next. */
  readonly isThisFile?: true;
  /** A literal that a name stands for. A text that is glued together from it counts as computed; a folder of that name does not. */
  readonly isNamed?: true;
  /** Opened with a mode that writes. */
  readonly writes?: true;
}

/** Depth of expressions that are followed. Deeper ones are computed as far as this tool is concerned. */
const MOST_DEPTH = 12;
const MOST_VALUES = 4;
const MOST_CHARACTERS = 2048;

const NOTHING: readonly StaticText[] = [];

/** Evaluates expressions of one file. Values of names are remembered, so that the work stays proportional to the text. */
export class Evaluator {
  private readonly known = new Map<Binding, readonly StaticText[]>();

  constructor(
    private readonly text: string,
    private readonly dialect: Dialect,
  ) {}

  /** All values the expression may have; none where it is computed, has holes or is unknown. */
  evaluate(node: SyntaxNode, scope: Scope, depth = 0): readonly StaticText[] {
    if (depth > MOST_DEPTH) return NOTHING;
    switch (node.name) {
      case 'String':
      case 'TemplateString':
      case 'FormatString':
        return this.literal(node, scope, depth);
      case 'ContinuedString':
        return this.joinAll(
          parts(node).map((part) => this.evaluate(part, scope, depth + 1)),
          (values) => ({ ...concatenate(values), ...lastOrigin(values) }),
        );
      case 'ParenthesizedExpression':
      case 'AwaitExpression':
      case 'PostfixExpression': {
        const inner = parts(node, 4).find(
          (child) => child.name !== '(' && child.name !== 'await' && child.name !== 'Comment',
        );
        return inner === undefined ? NOTHING : this.evaluate(inner, scope, depth + 1);
      }
      case 'VariableName':
        return this.name(slice(this.text, node), scope, depth);
      case 'ConditionalExpression':
        return this.conditional(node, scope, depth);
      case 'BinaryExpression':
        return this.binary(node, scope, depth);
      case 'CallExpression':
      case 'NewExpression':
        return this.call(node, scope, depth);
      case 'MemberExpression':
        return this.member(node, scope, depth);
      default:
        return NOTHING;
    }
  }

  private literal(node: SyntaxNode, scope: Scope, depth: number): readonly StaticText[] {
    const literal = readQuoted(this.text, node.from, node.to, this.dialect.language);
    if (literal === null) return NOTHING;
    const holes = parts(node).filter((child) => child.name === 'FormatReplacement' || child.name === 'Interpolation');
    if (node.name === 'FormatString' || holes.length > 0)
      return this.filled(literal.begin, literal.end, holes, scope, depth);
    return [{ text: literal.text, begin: literal.begin, end: literal.end, certain: literal.closed }];
  }

  /** An f-string or template whose holes are constants. Never certain. */
  private filled(
    begin: number,
    end: number,
    holes: readonly SyntaxNode[],
    scope: Scope,
    depth: number,
  ): readonly StaticText[] {
    let text = '';
    let at = begin;
    for (const hole of holes) {
      const inner = parts(hole).filter(
        (child) => !['{', '}', 'InterpolationStart', 'InterpolationEnd'].includes(child.name),
      );
      const value = inner.length === 1 ? this.evaluate(inner[0]!, scope, depth + 1) : NOTHING;
      if (value.length !== 1 || value[0]!.isThisFile) return NOTHING;
      text += this.text.slice(at, hole.from) + value[0]!.text;
      at = hole.to;
    }
    text += this.text.slice(at, end);
    // Doubled braces and escapes of a template are rare in paths; without them the raw text is the value.
    if (text.includes('\\') || text.includes('{{') || text.length > MOST_CHARACTERS) return NOTHING;
    return [{ text, begin, end, certain: false }];
  }

  private name(name: string, scope: Scope, depth: number): readonly StaticText[] {
    if (name === '__file__' || name === '__filename')
      return [{ text: '.', begin: -1, end: -1, certain: true, isThisFile: true }];
    if (name === '__dirname') return [{ text: '.', begin: -1, end: -1, certain: true }];
    if (depth > MOST_DEPTH / 2) return NOTHING;
    const bindings = scope.lookup(name);
    if (bindings === null || bindings.length > MOST_VALUES) return NOTHING;
    const isOnly = bindings.length === 1 && !name.includes('.');
    const values: StaticText[] = [];
    for (const binding of bindings) {
      for (const value of this.binding(binding, depth)) {
        const named: StaticText = value.begin < 0 ? value : { ...value, isNamed: true };
        values.push(isOnly && !binding.isDefault ? named : { ...named, certain: false });
      }
    }
    return values.slice(0, MOST_VALUES);
  }

  private binding(binding: Binding, depth: number): readonly StaticText[] {
    if (binding.value === null) return NOTHING;
    const known = this.known.get(binding);
    if (known !== undefined) return known;
    // A name that is defined by itself has no value.
    this.known.set(binding, NOTHING);
    const values = this.evaluate(binding.value, binding.scope, depth + 1);
    this.known.set(binding, values);
    return values;
  }

  private conditional(node: SyntaxNode, scope: Scope, depth: number): readonly StaticText[] {
    const list = parts(node, 8).filter((child) => child.name !== 'Comment');
    const choices = this.dialect.language === 'python' ? [list[0], list[4]] : [list[2], list[4]];
    return this.alternatives(choices, scope, depth);
  }

  private alternatives(
    choices: readonly (SyntaxNode | undefined)[],
    scope: Scope,
    depth: number,
  ): readonly StaticText[] {
    return choices
      .flatMap((choice) => (choice === undefined ? NOTHING : this.evaluate(choice, scope, depth + 1)))
      .slice(0, MOST_VALUES)
      .map((value) => ({ ...value, certain: false }));
  }

  private binary(node: SyntaxNode, scope: Scope, depth: number): readonly StaticText[] {
    const [left, operator, right] = parts(node, 4).filter((child) => child.name !== 'Comment');
    if (left === undefined || operator === undefined || right === undefined) return NOTHING;
    const sign = slice(this.text, operator);
    if (sign === 'or' || sign === '??' || sign === '||') return this.alternatives([left, right], scope, depth);
    if (sign === 'as' || sign === 'satisfies') return this.evaluate(left, scope, depth + 1);
    if (sign !== '+' && sign !== '/') return NOTHING;
    const sides = [this.evaluate(left, scope, depth + 1), this.evaluate(right, scope, depth + 1)];
    return this.joinAll(sides, sign === '/' ? joinPaths : concatenate);
  }

  private call(node: SyntaxNode, scope: Scope, depth: number): readonly StaticText[] {
    const list = parts(node, 5);
    const calleeNode = node.name === 'NewExpression' ? list[1] : list[0];
    const argumentList = list.find((child) => child.name === 'ArgList');
    if (calleeNode === undefined || argumentList === undefined) return NOTHING;
    const given = readArguments(argumentList, this.text);
    const callee = calleeOf(calleeNode, this.text, scope);
    if (callee === null) return NOTHING;
    // A method of an unknown receiver (`", ".join`) is no function of a module.
    const name = callee.segments[0] === '' ? '' : callee.segments.join('.');
    const all = (): (readonly StaticText[])[] =>
      given.positional.map((value) => this.evaluate(value, scope, depth + 1));
    const first = (): readonly StaticText[] =>
      given.positional[0] === undefined ? NOTHING : this.evaluate(given.positional[0], scope, depth + 1);
    if (given.positional.length > 16) return NOTHING;
    if (given.isSpread && given.positional.length === 0) return NOTHING;
    if (JOINS.has(name)) return given.isSpread ? NOTHING : this.joinAll(all(), joinPaths);
    if (PATHS.has(name)) return given.isSpread ? NOTHING : this.joinAll(all(), joinPaths);
    if (SAME.has(name)) return first();
    if (CURRENT_FOLDER.has(name)) return [{ text: '', begin: -1, end: -1, certain: true }];
    if (DIRNAMES.has(name)) return first().map(parentOf);
    if (OPENERS.has(name))
      return withMode(first(), this.mode(given.positional[1] ?? given.named.get('mode'), scope, depth));
    if (name === 'URL') return this.moduleUrl(given.positional, scope, depth);
    const method = callee.segments[callee.segments.length - 1]!;
    if (calleeNode.name !== 'MemberExpression' || calleeNode.firstChild === null || callee.isOpen) return NOTHING;
    const receiver = (): readonly StaticText[] => this.evaluate(calleeNode.firstChild!, scope, depth + 1);
    if (SAME_METHODS.has(method)) return receiver();
    if (method === 'joinpath') return this.joinAll([receiver(), ...all()], joinPaths);
    if (method === 'open')
      return withMode(receiver(), this.mode(given.positional[0] ?? given.named.get('mode'), scope, depth));
    return NOTHING;
  }

  private mode(node: SyntaxNode | undefined, scope: Scope, depth: number): string {
    return node === undefined ? 'r' : (this.evaluate(node, scope, depth + 1)[0]?.text ?? 'r');
  }

  /** `new URL("./m.onnx", import.meta.url)`. */
  private moduleUrl(given: readonly SyntaxNode[], scope: Scope, depth: number): readonly StaticText[] {
    const [path, base] = given;
    if (path === undefined || base === undefined) return NOTHING;
    if (slice(this.text, base) !== 'import.meta.url') return NOTHING;
    return this.evaluate(path, scope, depth + 1).map((value) => ({ ...value, text: decodePercent(value.text) }));
  }

  private member(node: SyntaxNode, scope: Scope, depth: number): readonly StaticText[] {
    const object = node.firstChild;
    const last = node.lastChild;
    if (object === null || last === null) return NOTHING;
    const whole = slice(this.text, node);
    if (whole === 'import.meta.dirname') return [{ text: '.', begin: -1, end: -1, certain: true }];
    if (whole === 'import.meta.filename') return [{ text: '.', begin: -1, end: -1, certain: true, isThisFile: true }];
    if (last.name === ']') return this.parents(node, scope, depth);
    if (last.name !== 'PropertyName') return NOTHING;
    const name = slice(this.text, last);
    if (name === 'parent') return this.evaluate(object, scope, depth + 1).map(parentOf);
    if (name === 'href' || name === 'pathname') return this.evaluate(object, scope, depth + 1);
    return whole.length < 100 && isDottedName(whole) ? this.name(whole, scope, depth) : NOTHING;
  }

  /** `Path(__file__).parents[1]`. */
  private parents(node: SyntaxNode, scope: Scope, depth: number): readonly StaticText[] {
    const [object, , index] = parts(node, 4);
    if (object?.name !== 'MemberExpression' || index?.name !== 'Number' || object.lastChild === null) return NOTHING;
    if (slice(this.text, object.lastChild) !== 'parents' || object.firstChild === null) return NOTHING;
    const steps = Number(slice(this.text, index)) + 1;
    if (!(steps >= 1 && steps <= 8)) return NOTHING;
    return this.evaluate(object.firstChild, scope, depth + 1).map((value) => {
      let at = value;
      for (let step = 0; step < steps; step++) at = parentOf(at);
      return at;
    });
  }

  /** Every combination of the parts, as long as all are known and there are few. */
  private joinAll(
    sides: readonly (readonly StaticText[])[],
    join: (values: readonly StaticText[]) => StaticText,
  ): readonly StaticText[] {
    if (sides.length === 0 || sides.some((side) => side.length === 0)) return NOTHING;
    let rows: StaticText[][] = [[]];
    for (const side of sides) {
      rows = rows.flatMap((row) => side.map((value) => [...row, value])).slice(0, MOST_VALUES);
    }
    return rows.map(join).filter((value) => value.text.length <= MOST_CHARACTERS);
  }
}

/** Does this call put a path together from its arguments? Then a piece alone is no path. */
export function joinsPaths(segments: readonly string[], argumentCount: number): boolean {
  const name = segments.join('.');
  return JOINS.has(name) || segments[segments.length - 1] === 'joinpath' || (PATHS.has(name) && argumentCount > 1);
}

const JOINS = new Set(['os.path.join', 'path.join', 'path.posix.join', 'path.resolve', 'posixpath.join', 'join']);
const PATHS = new Set([
  'pathlib.Path',
  'Path',
  'pathlib.PurePath',
  'PurePath',
  'pathlib.PosixPath',
  'pathlib.PurePosixPath',
]);
/** Calls that name the same file as their argument. */
const SAME = new Set([
  ...[
    'str',
    'os.fspath',
    'os.path.abspath',
    'os.path.realpath',
    'os.path.normpath',
    'String',
    'fileURLToPath',
    'url.fileURLToPath',
  ],
  ...['path.normalize', 'posixpath.normpath'],
]);
const SAME_METHODS = new Set(['resolve', 'absolute', 'as_posix', 'toString', 'expanduser']);
const CURRENT_FOLDER = new Set(['os.getcwd', 'process.cwd', 'pathlib.Path.cwd', 'Path.cwd']);
const DIRNAMES = new Set(['os.path.dirname', 'path.dirname']);
const OPENERS = new Set([
  'open',
  'io.open',
  'builtins.open',
  'fs.createReadStream',
  'fs.readFileSync',
  'fs.readFile',
  'fs/promises.readFile',
]);

function concatenate(values: readonly StaticText[]): StaticText {
  let longest = values[0]!;
  for (const value of values) if (value.end - value.begin > longest.end - longest.begin) longest = value;
  return {
    text: values.map((value) => value.text).join(''),
    begin: longest.begin,
    end: longest.end,
    certain: isWhole(values) && values.every((value) => value.certain && !value.isThisFile),
  };
}

/** One text alone, or literals: half a name that stands somewhere else is as good as computed. */
const isWhole = (values: readonly StaticText[]): boolean =>
  values.length === 1 || values.every(({ isNamed }) => isNamed !== true);

function joinPaths(values: readonly StaticText[]): StaticText {
  let text = '';
  for (const value of values) {
    if (isAbsolute(value.text) || text === '') text = value.text;
    else if (value.text !== '') text = text.endsWith('/') ? text + value.text : `${text}/${value.text}`;
  }
  const isThisFile = values.length === 1 && values[0]!.isThisFile === true;
  const joined = { text, ...lastOrigin(values), certain: values.every((value) => value.certain) };
  return isThisFile ? { ...joined, isThisFile: true } : joined;
}

const isAbsolute = (path: string): boolean => path.startsWith('/') || path.startsWith('\\') || path[1] === ':';

function lastOrigin(values: readonly StaticText[]): { begin: number; end: number } {
  const last = values.findLast((value) => value.end > value.begin);
  return last === undefined ? { begin: -1, end: -1 } : { begin: last.begin, end: last.end };
}

function parentOf(value: StaticText): StaticText {
  const { isThisFile, ...rest } = value;
  if (isThisFile) return { ...rest, text: '.' };
  if (value.text === '.' || value.text === '') return { ...rest, text: '..' };
  if (value.text === '..' || value.text.endsWith('/..')) return { ...rest, text: `${value.text}/..` };
  const slash = value.text.lastIndexOf('/');
  return { ...rest, text: slash < 0 ? '' : slash === 0 ? '/' : value.text.slice(0, slash) };
}

function withMode(values: readonly StaticText[], mode: string): readonly StaticText[] {
  return writes(mode) ? values.map((value) => ({ ...value, writes: true })) : values;
}

/** Modes of `open`, h5py and memmap that create or change a file. */
export function writes(mode: string): boolean {
  return mode.includes('w') || mode.includes('x') || mode.includes('a');
}
