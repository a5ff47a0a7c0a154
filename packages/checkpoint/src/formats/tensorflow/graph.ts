import type { Graph, GraphBody, GraphNode, GraphValue } from '../../graph.js';
import { type FunctionDef, type GraphDef, type KnownShape, type NodeDef, parseReference } from './nodeDef.js';

/** What surrounds a graph: its weights and its interface. */
export interface GraphWorld {
  /** Name of the tensor that a node is (a Const, a variable), or undefined. */
  tensorOf(node: NodeDef): string | undefined;
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly dtype: string }>;
  /** References of the signature. Without outputs every node is part of the graph. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Hand their input on unchanged, so that a weight behind one is still that weight. */
const PASSING = new Set([
  'Identity',
  'IdentityN',
  'ReadVariableOp',
  'StopGradient',
  'PreventGradient',
  'Snapshot',
  'Enter',
]);
/** Replaced by the body of the function they name. */
const CALLS = new Set(['PartitionedCall', 'StatefulPartitionedCall']);
/** Keep their node; the bodies follow with a path. The number says how many inputs stand before the arguments of the body. */
const BRANCHES: Readonly<Record<string, number>> = {
  While: 0,
  StatelessWhile: 0,
  If: 1,
  StatelessIf: 1,
  Case: 1,
  StatelessCase: 1,
  MapDefun: 0,
};
/** Nodes that expanding calls may add, besides a few times what the file itself has: a file whose functions multiply stops here. */
const MORE_NODES = 20_000;
const TIMES_NODES = 4;
const MAX_DEPTH = 200;

interface Scope {
  readonly nodes: ReadonlyMap<string, NodeDef>;
  /** Arguments of the function: local name to value. */
  readonly bound: ReadonlyMap<string, Resolved>;
  readonly prefix: string;
  readonly path: readonly string[];
  /** Functions that are being expanded, outermost first. */
  readonly stack: readonly string[];
  readonly calls: Map<string, readonly Resolved[] | null>;
}

interface Resolved {
  readonly value: string;
  readonly producer?: { readonly scope: Scope; readonly node: NodeDef };
  readonly tensor?: string;
}

interface Emitted {
  readonly scope: Scope;
  readonly node: NodeDef;
  readonly inputs: string[];
  readonly outputs: Map<string, number>;
  readonly bodies: GraphBody[];
}

/** The graph that leads to the outputs, calls expanded in place, weights under the names of their tensors. */
export function buildGraph(def: GraphDef, world: GraphWorld): Graph {
  const builder = new GraphBuilder(def.functions, world);
  return builder.build(def.nodes);
}

class GraphBuilder {
  private readonly emitted = new Map<string, Emitted>();
  private readonly queue: { scope: Scope; node: NodeDef }[] = [];
  private readonly usedTensors = new Set<string>();
  private nodesLeft = 0;

  constructor(
    private readonly functions: ReadonlyMap<string, FunctionDef>,
    private readonly world: GraphWorld,
  ) {}

  build(nodes: readonly NodeDef[]): Graph {
    const root = scopeOf(nodes, new Map(), '', [], []);
    let own = nodes.length;
    for (const body of this.functions.values()) own += body.nodes.length;
    this.nodesLeft = MORE_NODES + TIMES_NODES * own;
    const outputs = this.world.outputs.map((reference) => this.follow(this.resolve(root, reference, 0)));
    if (outputs.length === 0) for (const node of nodes) this.follow(this.produced(root, node));
    const inputs = this.world.inputs.map((reference) => this.follow(this.resolve(root, reference, 0)));
    this.drain();
    if (inputs.length === 0) {
      for (const { scope, node } of this.emitted.values())
        if (scope === root && isPlaceholder(node)) inputs.push(node.name);
    }
    return this.finish(inputs, outputs.length > 0 ? outputs : this.loose());
  }

  /** Breadth first, so that deep graphs need no deep stack. */
  private drain(): void {
    for (let next = 0; next < this.queue.length; next++) {
      const { scope, node } = this.queue[next]!;
      const emitted = this.emitted.get(scope.prefix + node.name)!;
      for (const input of node.inputs) emitted.inputs.push(this.follow(this.resolve(scope, input, 0)));
      this.expandBranches(scope, node, emitted);
    }
  }

  /** Notes that a value is used: its producer becomes part of the graph. Returns its name. */
  private follow(resolved: Resolved): string {
    if (resolved.tensor !== undefined) this.usedTensors.add(resolved.tensor);
    const producer = resolved.producer;
    if (producer !== undefined) {
      const key = producer.scope.prefix + producer.node.name;
      let emitted = this.emitted.get(key);
      if (emitted === undefined) {
        emitted = { scope: producer.scope, node: producer.node, inputs: [], outputs: new Map(), bodies: [] };
        this.emitted.set(key, emitted);
        this.queue.push({ scope: producer.scope, node: producer.node });
      }
      const local = resolved.value.slice(producer.scope.prefix.length);
      emitted.outputs.set(resolved.value, parseReference(local).index);
    }
    return resolved.value;
  }

  private produced(scope: Scope, node: NodeDef): Resolved {
    return this.resolve(scope, node.name, 0);
  }

  private resolve(scope: Scope, text: string, depth: number): Resolved {
    const reference = parseReference(text);
    const bound = scope.bound.get(reference.node);
    if (bound !== undefined) return bound;
    const node = scope.nodes.get(reference.node);
    const plain: Resolved = { value: scope.prefix + reference.value };
    if (node === undefined) return plain;
    const tensor = this.world.tensorOf(node);
    if (tensor !== undefined) return { value: tensor, tensor };
    const own: Resolved = { ...plain, producer: { scope, node } };
    if (depth > MAX_DEPTH) return own;
    if (PASSING.has(node.op)) {
      const input = node.inputs[node.op === 'IdentityN' ? reference.index : 0];
      const inner = input === undefined ? own : this.resolve(scope, input, depth + 1);
      return inner.tensor === undefined ? own : inner;
    }
    if (CALLS.has(node.op)) return this.inline(scope, node, depth)?.[reference.index] ?? own;
    return own;
  }

  /** What the outputs of a call are inside the function. null: it is not expanded. */
  private inline(scope: Scope, node: NodeDef, depth: number): readonly Resolved[] | null {
    const known = scope.calls.get(node.name);
    if (known !== undefined) return known;
    // While it is being expanded, a reference back to it (a cycle) stays a reference to the node.
    scope.calls.set(node.name, null);
    const body = this.functions.get(node.functions.get('f') ?? '');
    const inner =
      body === undefined
        ? null
        : this.enter(
            scope,
            node,
            body,
            node.inputs.map((input) => this.resolve(scope, input, depth + 1)),
          );
    const results = inner === null ? null : body!.results.map((result) => this.resolve(inner, result, depth + 1));
    scope.calls.set(node.name, results);
    return results;
  }

  private expandBranches(scope: Scope, node: NodeDef, { inputs, bodies }: Emitted): void {
    const skipped = Object.hasOwn(BRANCHES, node.op) ? BRANCHES[node.op]! : undefined;
    if (skipped === undefined) return;
    for (const [role, name] of node.functions) {
      const body = this.functions.get(name);
      if (body === undefined) continue;
      const values = inputs.slice(skipped).map((value) => this.asInput(value));
      const inner = this.enter(scope, node, body, values, name);
      if (inner === null) continue;
      const outputs = body.results.map((result) => this.follow(this.resolve(inner, result, 0)));
      // What it is given stands for the values around it, by their own names.
      bodies.push({ role, path: inner.path, inputs: [], outputs });
    }
  }

  private asInput(value: string): Resolved {
    return this.world.tensors.has(value) ? { value, tensor: value } : { value };
  }

  private enter(scope: Scope, node: NodeDef, body: FunctionDef, values: readonly Resolved[], label = ''): Scope | null {
    if (scope.stack.includes(body.name) || scope.stack.length > 50) return null;
    this.nodesLeft -= body.nodes.length + 1;
    if (this.nodesLeft < 0) return null;
    const bound = new Map<string, Resolved>();
    for (const [index, argument] of body.arguments.entries()) {
      const value = values[index];
      if (value !== undefined) bound.set(argument, value);
    }
    const prefix = `${scope.prefix}${node.name}/${label === '' ? '' : `${label}/`}`;
    const own = label === '' ? node.name : `${node.name}/${label}`;
    return scopeOf(body.nodes, bound, prefix, [...scope.path, own], [...scope.stack, body.name]);
  }

  /** Values that no node reads: the outputs of a graph without a signature. */
  private loose(): string[] {
    const read = new Set<string>();
    for (const { inputs } of this.emitted.values()) for (const input of inputs) read.add(input);
    const loose: string[] = [];
    for (const { scope, outputs, node } of this.emitted.values()) {
      if (scope.path.length > 0 || isPlaceholder(node)) continue;
      if ([...outputs.keys()].every((output) => !read.has(output))) loose.push(...outputs.keys());
    }
    return loose;
  }

  private finish(inputs: readonly string[], outputs: readonly string[]): Graph {
    const values = new Map<string, GraphValue>();
    for (const name of this.usedTensors) {
      const tensor = this.world.tensors.get(name);
      if (tensor !== undefined) values.set(name, { shape: tensor.shape, dtype: tensor.dtype, tensor: name });
    }
    const nodes: GraphNode[] = [];
    for (const { scope, node, inputs: read, outputs: written, bodies } of topological([...this.emitted.values()])) {
      const names = [...written].sort((a, b) => a[1] - b[1]);
      for (const [name, index] of names)
        if (!values.has(name)) values.set(name, { shape: shapeOf(node, index, names.length) });
      for (const name of read) if (!values.has(name)) values.set(name, { shape: null });
      nodes.push({
        name: scope.prefix + node.name,
        operator: node.op,
        inputs: read,
        outputs: names.map(([name]) => name),
        attributes: node.attributes,
        ...(scope.path.length === 0 ? {} : { path: scope.path }),
        ...(bodies.length === 0 ? {} : { bodies }),
      });
    }
    for (const name of [...inputs, ...outputs]) if (!values.has(name)) values.set(name, { shape: null });
    return { nodes, values, inputs, outputs, dialect: 'tensorflow' };
  }
}

function scopeOf(
  nodes: readonly NodeDef[],
  bound: ReadonlyMap<string, Resolved>,
  prefix: string,
  path: readonly string[],
  stack: readonly string[],
): Scope {
  return { nodes: new Map(nodes.map((node) => [node.name, node])), bound, prefix, path, stack, calls: new Map() };
}

const isPlaceholder = (node: NodeDef): boolean => node.op.startsWith('Placeholder');

function shapeOf(node: NodeDef, index: number, outputs: number): KnownShape {
  if (node.outputShapes.length === 1 && outputs === 1) return node.outputShapes[0]!;
  return node.outputShapes[index] ?? null;
}

/** Producers before consumers, otherwise as met; nodes of a cycle (loops of TensorFlow 1) follow at the end. */
function topological(emitted: readonly Emitted[]): Emitted[] {
  const producer = new Map<string, Emitted>();
  for (const entry of emitted) for (const output of entry.outputs.keys()) producer.set(output, entry);
  const waiting = new Map<Emitted, number>();
  const consumers = new Map<Emitted, Emitted[]>();
  for (const entry of emitted) {
    const before = new Set(entry.inputs.map((input) => producer.get(input)).filter((found) => found !== undefined));
    before.delete(entry);
    waiting.set(entry, before.size);
    for (const found of before) {
      const list = consumers.get(found);
      if (list === undefined) consumers.set(found, [entry]);
      else list.push(entry);
    }
  }
  const sorted = emitted.filter((entry) => waiting.get(entry) === 0);
  for (let next = 0; next < sorted.length; next++) {
    for (const consumer of consumers.get(sorted[next]!) ?? []) {
      const left = waiting.get(consumer)! - 1;
      waiting.set(consumer, left);
      if (left === 0) sorted.push(consumer);
    }
  }
  if (sorted.length === emitted.length) return sorted;
  const placed = new Set(sorted);
  return [...sorted, ...emitted.filter((entry) => !placed.has(entry))];
}
