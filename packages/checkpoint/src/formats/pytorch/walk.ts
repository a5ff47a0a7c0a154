import type { Role } from '../../checkpoint.js';
import { isKind, itemsOf, nameOf, type PyDict, type PyObject, type Value } from './pickle/value.js';
import { type Rebuilt, rebuild } from './rebuild.js';

/** A tensor and where in the tree of dictionaries, lists and modules it hangs. */
export interface Found {
  readonly name: string;
  readonly tensor: Rebuilt;
  readonly role?: Role;
}

export interface Walk {
  readonly found: readonly Found[];
  /** Short values beside the tensors: epoch, loss, hyperparameters. */
  readonly metadata: Readonly<Record<string, string>>;
  /** True when the tree is deeper or larger than is walked. */
  readonly cut: boolean;
}

const MAX_DEPTH = 100;
const MAX_VISITS = 2_000_000;
const MAX_TENSORS = 500_000;
/** Characters in all names together. */
const MAX_NAMES = 64_000_000;
const MAX_METADATA = 100;
const MAX_TEXT = 200;
/** Longer keys are cut. */
const MAX_KEY = 2000;

/** The way from the root to a value, innermost key first, so that no list is copied at each step. */
interface Path {
  readonly key: string;
  readonly outer: Path | null;
  readonly depth: number;
}

const step = (outer: Path | null, key: string): Path => ({ key, outer, depth: (outer?.depth ?? 0) + 1 });

function textOf(path: Path | null): string {
  const keys: string[] = [];
  for (let at = path; at !== null; at = at.outer) keys.push(at.key);
  return keys.reverse().join('.');
}

type Scalar = null | boolean | number | bigint | string;
type Container = Exclude<Value, Scalar>;

/**
 * Finds every tensor of an unpickled value, in order. Names are keys joined by dots; items of lists by their index; a module
 * contributes what its `state_dict()` would: parameters, persistent buffers, then its submodules.
 */
export function walk(root: Value): Walk {
  const found: Found[] = [];
  const metadata = new Map<string, string>();
  const names = new Map<string, number>();
  const ancestors = new Set<Container>();
  /** Containers without any tensor: a list that is shared by ten lists, each shared by ten others, is looked at once. */
  const barren = new Set<Container>();
  let visits = 0;
  let nameLength = 0;
  let cut = false;

  function add(path: Path | null, tensor: Rebuilt, role: Role | undefined): void {
    const name = path === null ? 'tensor' : textOf(path);
    nameLength += name.length;
    if (nameLength > MAX_NAMES) {
      cut = true;
      return;
    }
    // Names are unique within a checkpoint: `{'a.b': …, 'a': {'b': …}}` gives `a.b` and `a.b (2)`.
    const seen = (names.get(name) ?? 0) + 1;
    names.set(name, seen);
    found.push({ name: seen === 1 ? name : `${name} (${seen})`, tensor, ...(role === undefined ? {} : { role }) });
  }

  function visit(value: Value, path: Path | null, role: Role | undefined): void {
    if (typeof value !== 'object' || value === null) {
      note(path, value);
      return;
    }
    if (value.kind === 'global' || value.kind === 'bytes' || value.kind === 'persistent' || barren.has(value)) return;
    if (++visits > MAX_VISITS || found.length >= MAX_TENSORS || (path?.depth ?? 0) > MAX_DEPTH) {
      cut = true;
      return;
    }
    const tensor = rebuild(value);
    if (tensor !== undefined) {
      add(path, tensor, role ?? roleOf(path));
      return;
    }
    if (ancestors.has(value)) return;
    const before = found.length;
    ancestors.add(value);
    children(value, path, role);
    ancestors.delete(value);
    if (found.length === before) barren.add(value);
  }

  function children(value: Container, path: Path | null, role: Role | undefined): void {
    switch (value.kind) {
      case 'dict':
        visitEntries(value.entries, path, role ?? (isOptimizerState(value) ? 'optimizer' : undefined));
        break;
      case 'list':
      case 'tuple':
      case 'set':
        visitItems(value.items, path, role);
        break;
      case 'object':
        visitObject(value, path, role);
        break;
    }
  }

  function visitItems(items: readonly Value[], path: Path | null, role: Role | undefined): void {
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!;
      if (typeof item === 'object' && item !== null) visit(item, step(path, String(i)), role);
    }
  }

  function visitEntries(entries: ReadonlyMap<Value, Value>, path: Path | null, role: Role | undefined): void {
    for (const [key, item] of entries) visit(item, step(path, keyText(key)), role);
  }

  function visitObject(object: PyObject, path: Path | null, role: Role | undefined): void {
    const type = nameOf(object.type) ?? '';
    const own = role ?? (type.startsWith('torch.optim.') ? 'optimizer' : undefined);
    const tagged = type === 'torch.jit._pickle.restore_type_tag' ? object.args[0] : undefined;
    if (tagged !== undefined) visit(tagged, path, own);
    const state = stateOf(object);
    if (type.startsWith('__torch__')) visitScripted(state, path);
    else if (state !== undefined && isModule(state)) visitModule(state, path, own);
    else if (state !== undefined) visitEntries(state, path, own);
    if (object.entries !== undefined) visitEntries(object.entries, path, own);
    if (object.items !== undefined) visitItems(object.items, path, own);
  }

  function visitModule(state: ReadonlyMap<Value, Value>, path: Path | null, role: Role | undefined): void {
    const transient = state.get('_non_persistent_buffers_set');
    const hidden = new Set<Value>(isKind(transient, 'set') ? transient.items : []);
    visitEntries(entriesOf(state.get('_parameters')), path, role);
    for (const [key, item] of entriesOf(state.get('_buffers'))) {
      if (!hidden.has(key)) visit(item, step(path, keyText(key)), role);
    }
    visitEntries(entriesOf(state.get('_modules')), path, role);
  }

  /** TorchScript keeps parameters, buffers, submodules and plain attributes in one dictionary. */
  function visitScripted(state: ReadonlyMap<Value, Value> | undefined, path: Path | null): void {
    const members = [...(state ?? [])].filter(([, item]) => isKind(item, 'object'));
    const tensors = members.filter(([, item]) => rebuild(item) !== undefined);
    const others = members.filter(([, item]) => rebuild(item) === undefined);
    for (const [key, item] of [...tensors, ...others]) visit(item, step(path, keyText(key)), undefined);
  }

  function note(path: Path | null, value: Scalar): void {
    if (path === null || path.depth > 2 || metadata.size >= MAX_METADATA || value === null) return;
    const text = String(value);
    if (text.length <= MAX_TEXT) metadata.set(textOf(path), text);
  }

  visit(root, null, undefined);
  return { found, metadata: Object.fromEntries(metadata), cut };
}

/** `{state: {0: {exp_avg: …}}, param_groups: […]}`: what every optimizer's `state_dict()` looks like. */
const isOptimizerState = ({ entries }: PyDict): boolean =>
  isKind(entries.get('state'), 'dict') && itemsOf(entries.get('param_groups')) !== undefined;

/** Generator states are tensors, but nobody's weights. */
const roleOf = (path: Path | null): Role | undefined =>
  /(?:^|_)rng_states?$/i.test(path?.key ?? '') ? 'other' : undefined;

const isModule = (state: ReadonlyMap<Value, Value>): boolean => state.has('_parameters') && state.has('_modules');

/** `__dict__` of an object: its state, or the first of (dict, slots). */
function stateOf(object: PyObject): ReadonlyMap<Value, Value> | undefined {
  const state = isKind(object.state, 'tuple') ? object.state.items[0] : object.state;
  return isKind(state, 'dict') ? state.entries : undefined;
}

/** A dictionary's entries; PyTorch 2 stores those of modules as plain dicts, earlier ones as OrderedDict. */
const entriesOf = (value: Value | undefined): ReadonlyMap<Value, Value> =>
  isKind(value, 'dict') ? value.entries : new Map();

/** A key as Python's `str` writes it; tuples as `('a', 1)`. */
function keyText(key: Value, depth = 0): string {
  if (typeof key === 'string' && key.length > MAX_KEY) return `${key.slice(0, MAX_KEY)}…`;
  if (typeof key === 'string') return depth === 0 ? key : `'${key}'`;
  if (key === null) return 'None';
  if (key === true) return 'True';
  if (key === false) return 'False';
  if (typeof key !== 'object') return String(key);
  const items = itemsOf(key);
  if (items !== undefined && depth < 3) {
    const texts = items.slice(0, 16).map((item) => keyText(item, depth + 1));
    return `(${texts.join(', ')}${texts.length === 1 ? ',' : ''})`;
  }
  return nameOf(key) ?? nameOf(isKind(key, 'object') ? key.type : undefined) ?? key.kind;
}
