import type { SyntaxNode } from '@lezer/common';
import { canNameLayer, looksLikeLayerName } from '../layerName.js';
import { type Literal, readQuoted } from '../literal.js';
import { fetchedNames, isFetchedByName, readPath } from '../pathText.js';
import type { CheckpointReference, LayerReference, References } from '../reference.js';
import type { CallRule } from '../vocabulary/calls.js';
import { baseName, endingOf } from '../vocabulary/extensions.js';
import { LAYER_CALLS } from '../vocabulary/members.js';
import { purposeOf, surelyLoads } from '../vocabulary/words.js';
import { type Arguments, argumentOf, readArguments } from './arguments.js';
import { type Callee, calleeOf, describeCall, rulesFor } from './callee.js';
import { layerOfChain, readChain } from './chain.js';
import type { Dialect } from './dialect.js';
import { Evaluator, joinsPaths, type StaticText, writes } from './evaluate.js';
import { parts } from './python.js';
import { type FoundCall, type FoundString, type Place, type Survey, survey } from './survey.js';

type Draft = { -readonly [Key in keyof CheckpointReference]: CheckpointReference[Key] };

/** References in Python, JavaScript and TypeScript. */
export function findInProgram(text: string, dialect: Dialect): References {
  return new ProgramFinder(text, dialect, survey(text, dialect)).find();
}

class ProgramFinder {
  private readonly evaluator: Evaluator;
  /** By the position of the literal. */
  private readonly drafts = new Map<number, Draft>();
  private readonly layers: LayerReference[] = [];
  /** Nodes that are pieces of a path with unknown parts. */
  private readonly pieces = new Set<number>();
  /** Paths the program looks for first (`os.path.exists`), or writes itself. */
  private readonly tested = new Set<string>();
  private readonly written = new Set<string>();
  /** Paths handed to functions that nobody knows here: these may make the file. */
  private readonly handedOver = new Set<string>();
  private changesFolder = false;
  /** `exec` may give every name another value. */
  private runsText = false;
  /** Files that the text fetches. */
  private readonly fetched: ReadonlySet<string>;

  constructor(
    private readonly text: string,
    private readonly dialect: Dialect,
    private readonly found: Survey,
  ) {
    this.evaluator = new Evaluator(text, dialect);
    this.fetched = fetchedNames(text);
  }

  find(): References {
    for (const call of this.found.calls) this.call(call);
    for (const string of this.found.strings) this.string(string);
    for (const { node, isCalled, scope } of this.found.chains) {
      const chain = readChain(node, this.text, this.dialect);
      const layer = chain === null ? null : layerOfChain(chain, isCalled, scope, this.text, this.dialect);
      if (layer !== null) this.layers.push(layer);
    }
    return { checkpoints: [...this.drafts.values()].map((draft) => this.settle(draft)), layers: this.layers };
  }

  /** A file that the program tests for, writes, or fetches need not be there. */
  private settle(draft: Draft): CheckpointReference {
    const isExpected =
      this.tested.has(draft.path) ||
      this.written.has(draft.path) ||
      isFetchedByName(draft.path) ||
      this.runsText ||
      this.handedOver.has(draft.path) ||
      this.fetched.has(baseName(draft.path)) ||
      (this.changesFolder && !draft.path.startsWith('/'));
    return draft.certain && isExpected ? { ...draft, certain: false } : draft;
  }

  private call(call: FoundCall): void {
    const list = parts(call.node, 5);
    const calleeNode = call.node.name === 'NewExpression' ? list[1] : list[0];
    const argumentList = list.find((child) => child.name === 'ArgList');
    if (calleeNode === undefined || argumentList === undefined) return;
    const callee = calleeOf(calleeNode, this.text, call.scope);
    if (callee === null) return;
    const name = callee.segments[callee.segments.length - 1]!;
    const given = readArguments(argumentList, this.text);
    this.tests(name, calleeNode, given, call);
    if (callee.segments.join('.') === 'os.chdir' || callee.segments.join('.') === 'process.chdir')
      this.changesFolder = true;
    if (
      joinsPaths(callee.segments, given.positional.length) &&
      this.evaluator.evaluate(call.node, call.scope).length === 0
    ) {
      for (const piece of given.positional) this.pieces.add(piece.from);
    }
    if (name === 'exec' && callee.segments.length === 1) this.runsText = true;
    if (name === 'add_argument' || name === 'option') this.commandLineOption(given, call);
    if (name === 'URL' && callee.segments.length === 1) this.moduleUrl(call);
    const isKnown = rulesFor(callee, this.dialect, call.scope).some((rule) =>
      this.applyRule(rule, callee, given, call),
    );
    if (!isKnown && !HARMLESS.has(name)) this.handOver(given, call);
    this.keywords(name, given, call);
  }

  /** `os.path.exists(p)`, `Path(p).is_file()`, `existsSync(p)`. */
  private tests(name: string, calleeNode: SyntaxNode, given: Arguments, call: FoundCall): void {
    if (!EXISTENCE.has(name)) return;
    const object = calleeNode.name === 'MemberExpression' ? calleeNode.firstChild : null;
    const subjects = given.positional.length > 0 ? [given.positional[0]!] : object === null ? [] : [object];
    for (const subject of subjects) {
      for (const value of this.evaluator.evaluate(subject, call.scope))
        this.tested.add(readPath(value.text)?.path ?? value.text);
    }
  }

  /** A function that is not known gets a path: what it does with it is not known either. */
  private handOver(given: Arguments, call: FoundCall): void {
    const named = [...given.named].filter(([name]) => purposeOf(name) !== 'load').map(([, node]) => node);
    for (const node of [...given.positional, ...named]) {
      if (!PLAIN_ARGUMENTS.has(node.name)) continue;
      for (const { text } of this.evaluator.evaluate(node, call.scope)) {
        // A command line names several files.
        for (const word of text.split(' '))
          if (endingOf(word) === 'certain') this.handedOver.add(readPath(word)?.path ?? word);
      }
    }
  }

  private applyRule(rule: CallRule, callee: Callee, given: Arguments, call: FoundCall): boolean {
    const node = argumentOf(given, rule.at, rule.keywords ?? []);
    if (node === undefined) return false;
    const values = this.evaluator.evaluate(node, call.scope);
    const repository = rule.repository && this.repository(rule.repository, callee, given, call);
    let isApplied = false;
    for (const value of values) {
      const isOutput = rule.output === true || value.writes === true || this.opensForWriting(rule, given, call);
      if (this.fromCall(rule, callee, value, isOutput, call, repository)) isApplied = true;
    }
    return isApplied;
  }

  private opensForWriting(rule: CallRule, given: Arguments, call: FoundCall): boolean {
    if (rule.mode === undefined) return false;
    const mode = argumentOf(given, rule.mode.at, [rule.mode.keyword]);
    if (mode === undefined) return false;
    const value = this.evaluator.evaluate(mode, call.scope)[0];
    // A computed mode may write.
    return value === undefined || writes(value.text);
  }

  /** The hub repository a file is taken from is a reference of its own. */
  private repository(
    rule: NonNullable<CallRule['repository']>,
    callee: Callee,
    given: Arguments,
    call: FoundCall,
  ): string | undefined {
    const node = argumentOf(given, rule.at, [rule.keyword]);
    const value = node === undefined ? undefined : this.evaluator.evaluate(node, call.scope)[0];
    if (value === undefined || value.end <= value.begin || readPath(value.text) === null) return undefined;
    this.add(
      value,
      { path: value.text, form: 'folder', direction: 'input', certain: false, via: lastOf(callee.segments) },
      call.target,
    );
    return value.text;
  }

  private fromCall(
    rule: CallRule,
    callee: Callee,
    value: StaticText,
    isOutput: boolean,
    call: FoundCall,
    repository: string | undefined,
  ): boolean {
    const path = readPath(value.text);
    if (path === null || value.end <= value.begin || value.isThisFile) return false;
    const ending = endingOf(path.path);
    if (rule.ends === 'certain' && ending !== 'certain') return false;
    if (rule.ends === 'checkpoint' && ending !== 'certain' && ending !== 'shared') return false;
    if (isOutput) this.written.add(path.path);
    const isFolder = rule.form !== undefined && ending !== 'certain' && ending !== 'shared';
    const isHubName = rule.form === 'hub' && !isLocal(path.path);
    const isOnWeb =
      rule.web === true && !this.isForNode() && !value.text.startsWith('file:') && !this.isModuleUrl(value);
    const certain =
      !isOutput &&
      value.certain &&
      path.real &&
      path.form === 'file' &&
      !isHubName &&
      !rule.lenient &&
      !isOnWeb &&
      !call.isGuarded;
    this.add(
      value,
      {
        path: path.path,
        form: path.form === 'glob' ? 'glob' : isFolder ? 'folder' : 'file',
        direction: isOutput ? 'output' : 'input',
        certain,
        via: describeCall(rule, callee),
        ...(repository === undefined ? {} : { repository }),
      },
      call.target,
    );
    return true;
  }

  /** In Node paths are paths; in a page they are addresses that a server resolves. */
  private isForNode(): boolean {
    return this.found.file.importsPart('onnxruntime-node');
  }

  /** The literal stands inside `new URL(…, import.meta.url)`. */
  private isModuleUrl(value: StaticText): boolean {
    return this.text.slice(value.end, value.end + 40).includes('import.meta.url');
  }

  private moduleUrl(call: FoundCall): void {
    for (const value of this.evaluator.evaluate(call.node, call.scope)) {
      const path = readPath(value.text);
      if (path === null || value.end <= value.begin || endingOf(path.path) !== 'certain') continue;
      const certain = value.certain && path.form === 'file' && isLocal(path.path) && !call.isGuarded;
      this.add(value, { path: path.path, form: path.form, direction: 'input', certain, via: 'new URL' }, call.target);
    }
  }

  /** `parser.add_argument("--checkpoint", default="x.pt")`: a default that a caller may replace. */
  private commandLineOption(given: Arguments, call: FoundCall): void {
    const node = given.named.get('default');
    const option = given.positional.map((flag) => this.evaluator.evaluate(flag, call.scope)[0]?.text ?? '').join(' ');
    if (node === undefined) return;
    for (const value of this.evaluator.evaluate(node, call.scope)) {
      this.fromName(value, option.trim(), `option ${option.trim().split(' ').pop() ?? ''}`, call, false);
    }
  }

  /** `Trainer(resume_from_checkpoint="x.ckpt")`. */
  private keywords(callee: string, given: Arguments, call: FoundCall): void {
    const isWriting = purposeOf(callee) === 'output';
    for (const [name, node] of given.named) {
      if (purposeOf(name) === 'neutral' || purposeOf(name) === 'listing') continue;
      for (const value of this.evaluator.evaluate(node, call.scope)) {
        this.fromName(value, name, `key "${name}"`, call, !call.isGuarded && !isWriting, isWriting);
      }
    }
  }

  /** A path under a name that says what it is for. */
  private fromName(
    value: StaticText,
    name: string,
    via: string,
    call: FoundCall,
    mayBeCertain: boolean,
    isWriting = false,
  ): void {
    if (value.end <= value.begin || this.drafts.has(value.begin)) return;
    const path = readPath(value.text);
    if (path === null || path.path.includes(' ')) return;
    const purpose = isWriting ? 'output' : purposeOf(name);
    const ending = endingOf(path.path);
    if (ending !== 'certain' && !(ending === 'shared' && purpose === 'load')) return;
    if (purpose === 'output') this.written.add(path.path);
    const isSure = mayBeCertain && surelyLoads(name) && value.certain && path.real && path.form === 'file';
    const certain = isSure && this.dialect.language === 'python';
    this.add(
      value,
      { path: path.path, form: path.form, direction: purpose === 'output' ? 'output' : 'input', certain, via },
      call.target,
    );
  }

  private add(value: StaticText, rest: Omit<Draft, 'kind' | 'begin' | 'end' | 'boundTo'>, target: string | null): void {
    const draft: Draft = { kind: 'checkpoint', begin: value.begin, end: value.end, ...rest };
    if (target !== null && rest.direction === 'input') draft.boundTo = target;
    const known = this.drafts.get(value.begin);
    if (known === undefined) this.drafts.set(value.begin, draft);
    else merge(known, draft);
  }

  private string(string: FoundString): void {
    const literal = readQuoted(this.text, string.from, string.to, this.dialect.language);
    if (literal === null || literal.text === '' || literal.text.length > 1024) return;
    if (this.drafts.has(literal.begin)) return;
    if (!this.plainPath(literal, string.place, string.from)) this.layerString(literal, string.place);
  }

  /** A string that ends like a checkpoint although no call is known: a reference, never a certain one. */
  private plainPath(literal: Literal, place: Place, from: number): boolean {
    if (place.kind === 'part' || place.kind === 'subscript' || this.pieces.has(from)) return false;
    const text = place.kind === 'module' ? withoutQuery(literal.text) : literal.text;
    const path = readPath(text);
    if (path === null) return false;
    const ending = endingOf(path.path);
    if (place.kind === 'key' || path.path.includes(' ')) return ending === 'certain';
    const name = place.kind === 'named' ? place.name : place.kind === 'argument' ? (place.name ?? '') : '';
    const purpose = purposeOf(name);
    if (ending !== 'certain' && !(ending === 'shared' && purpose === 'load' && place.kind !== 'module')) return false;
    if (place.kind === 'argument' && STRING_METHODS.has(place.callee)) return true;
    if (place.kind === 'argument' && purpose !== 'load' && !HARMLESS.has(place.callee)) this.handedOver.add(path.path);
    const isOutput = purpose === 'output' || (place.kind === 'argument' && purposeOf(place.callee) === 'output');
    const isModule = place.kind === 'module' && literal.text.startsWith('.');
    this.drafts.set(literal.begin, {
      kind: 'checkpoint',
      begin: literal.begin,
      end: literal.end,
      path: path.path,
      form: path.form,
      direction: isOutput ? 'output' : 'input',
      certain: isModule && literal.closed && path.form === 'file',
      via: viaOf(place, name),
    });
    return true;
  }

  private layerString(literal: Literal, place: Place): void {
    if (place.kind === 'module') return;
    const root = place.kind === 'subscript' ? place.object : null;
    // `model.blocks["a"].attn` is told by its chain.
    if (
      root !== null &&
      !literal.text.includes('.') &&
      CONTINUES.has(this.text.slice(literal.end + 2, literal.end + 3))
    )
      return;
    const isLayerPlace = root !== null || (place.kind === 'argument' && LAYER_CALLS.has(place.callee));
    if (!(isLayerPlace ? canNameLayer(literal.text) : looksLikeLayerName(literal.text))) return;
    const layer: LayerReference = {
      kind: 'layer',
      begin: literal.begin,
      end: literal.end,
      name: literal.text,
      form: 'string',
    };
    const variable = root === null ? '' : rootOf(root);
    this.layers.push(variable === '' ? layer : { ...layer, root: variable });
  }
}

const EXISTENCE = new Set([
  'exists',
  'isfile',
  'isdir',
  'lexists',
  'is_file',
  'is_dir',
  'existsSync',
  'access',
  'accessSync',
  'stat',
  'statSync',
  'getsize',
]);
const PLAIN_ARGUMENTS = new Set([
  'String',
  'ContinuedString',
  'FormatString',
  'TemplateString',
  'VariableName',
  'MemberExpression',
]);
/** Calls that make no file of their arguments. */
const HARMLESS = new Set([
  ...[
    'print',
    'log',
    'info',
    'debug',
    'warning',
    'warn',
    'error',
    'len',
    'str',
    'repr',
    'isinstance',
    'format',
    'Path',
    'PurePath',
    'join',
    'joinpath',
  ],
  ...[
    'abspath',
    'realpath',
    'dirname',
    'basename',
    'fspath',
    'expanduser',
    'resolve',
    'URL',
    'fileURLToPath',
    'open',
    'exists',
    'isfile',
    'isdir',
  ],
  ...[
    'is_file',
    'is_dir',
    'existsSync',
    'append',
    'extend',
    'get',
    'endswith',
    'startswith',
    'replace',
    'glob',
    'iglob',
    'rglob',
  ],
]);
/** Methods that compare or rewrite a string: their argument is a piece of a name. */
const STRING_METHODS = new Set([
  'endswith',
  'startswith',
  'replace',
  'removesuffix',
  'removeprefix',
  'endsWith',
  'startsWith',
  'split',
  'with_suffix',
  'with_name',
  'strip',
  'replaceAll',
  'includes',
  'print',
  'log',
  'remove',
  'unlink',
]);

const CONTINUES = new Set(['.', '[']);

const lastOf = (segments: readonly string[]): string => segments[segments.length - 1]!;

/** A path that no hub can mean: `./x`, `../x`, `/x`, `C:\x`. */
function isLocal(path: string): boolean {
  return path.startsWith('.') || path.startsWith('/') || path.startsWith('\\') || path[1] === ':';
}

/** `./m.onnx?url` of a bundler. */
function withoutQuery(text: string): string {
  const query = text.indexOf('?');
  return query < 0 ? text : text.slice(0, query);
}

function viaOf(place: Place, name: string): string {
  if (place.kind === 'module') return 'import';
  if (name !== '') return place.kind === 'named' && !place.isParameter ? `variable "${name}"` : `key "${name}"`;
  return place.kind === 'argument' && place.callee !== '' ? place.callee : 'string';
}

/** `state` of `state`, `self.model` of `self.model["x"]`, `model` of `model.state_dict()`. */
function rootOf(object: string): string {
  const call = object.indexOf('(');
  const plain = call < 0 ? object : object.slice(0, Math.max(0, object.lastIndexOf('.', call)));
  const bracket = plain.indexOf('[');
  return bracket < 0 ? plain : plain.slice(0, bracket);
}

/** The same literal is used twice: what is written needs no diagnostic; a certain use is certain. */
function merge(known: Draft, more: Draft): void {
  if (known.direction === 'output' || more.direction === 'output') {
    known.direction = 'output';
    known.certain = false;
  } else if (more.certain && known.path === more.path) known.certain = true;
  // What reads the file object says more than what opened it.
  if (known.via === 'open') known.via = more.via;
  if (known.boundTo === undefined && more.boundTo !== undefined) known.boundTo = more.boundTo;
}
