import type { Graph, GraphNode, Role } from '@espalier/checkpoint';
import { argumentsOf, type Bodies, keyOf, ROOT, runningOf, sortIntoBodies } from './bodies.js';
import { kerasRule } from './keras/index.js';
import { type Carried, type Loop, loopOf, stacked } from './loops.js';
import { onnxRule } from './onnx/index.js';
import { type Known, Operation, type Outcome, type Rule } from './operation.js';
import { ordered, producersOf } from './order.js';
import { common, elementsOf, isEqual, type PartialShape, plus, times } from './shape.js';
import { tensorflowRule } from './tensorflow/index.js';
import { tfliteRule } from './tflite/index.js';
import { Values } from './values.js';

/** What a node costs, as far as it is known. */
export interface NodeCost {
  readonly inputShapes: readonly PartialShape[];
  readonly outputShape: PartialShape;
  readonly macs: number | null;
  readonly activations: number | null;
  readonly unknown?: string;
}

export interface Evaluation {
  /** By the index of the node. */
  readonly costs: readonly NodeCost[];
  /** Whether a node is part of what one run of the model does. */
  readonly isCounted: (index: number) => boolean;
}

/** Bodies within bodies. Deeper ones are not understood. */
const MAX_DEPTH = 50;
/** A loop is gone through again when a round changes the shape of what it hands on; loops in loops would multiply that. */
const VISITS_PER_NODE = 8;
const MAX_ROUNDS = 3;

/** Goes through a graph once, in the order of its values, and notes shapes and costs. Total: whatever does not fit is unknown. */
export function evaluate(graph: Graph, roles: ReadonlyMap<string, Role>): Evaluation {
  const evaluator = new Evaluator(graph, roles);
  return evaluator.run();
}

class Evaluator {
  private readonly values: Values;
  private readonly bodies: Bodies;
  private readonly costs: (NodeCost | undefined)[];
  /** Bodies that do not run beside the others. */
  private readonly apart = new Set<string>();
  private readonly producers: ReadonlyMap<string, number>;
  private readonly orders = new Map<string, readonly number[]>();
  private visitsLeft: number;

  constructor(
    private readonly graph: Graph,
    private readonly roles: ReadonlyMap<string, Role>,
  ) {
    this.values = new Values(graph);
    this.bodies = sortIntoBodies(graph);
    this.costs = new Array(graph.nodes.length);
    this.visitsLeft = VISITS_PER_NODE * graph.nodes.length + 1000;
    this.producers = producersOf(graph.nodes);
  }

  run(): Evaluation {
    this.body(ROOT, 1, 0);
    for (const key of this.bodies.nodes.keys()) {
      // A body whose owner was not gone through, and nodes under a path that nobody runs.
      if (key === ROOT || this.costs[this.bodies.nodes.get(key)![0]!] !== undefined) continue;
      const isOwned = this.bodies.owners.has(key);
      if (!isOwned) this.apart.add(key);
      this.body(key, isOwned ? null : 1, 0);
    }
    const costs = this.graph.nodes.map((node, index) => this.costs[index] ?? this.notUnderstood(node));
    const isCounted = this.countedBodies();
    return { costs, isCounted: (index) => isCounted(this.bodies.bodyOf[index]!) };
  }

  /** A body is counted unless it, or one around it, stands apart. */
  private countedBodies(): (key: string) => boolean {
    const known = new Map<string, boolean>([[ROOT, true]]);
    return (key) => {
      const chain: string[] = [];
      let at = key;
      while (!known.has(at) && !this.apart.has(at) && chain.length <= this.graph.nodes.length) {
        chain.push(at);
        const owner = this.bodies.owners.get(at);
        at = owner === undefined ? ROOT : this.bodies.bodyOf[owner]!;
      }
      const counted = known.get(at) ?? !this.apart.has(at);
      for (const visited of chain) known.set(visited, counted);
      return counted;
    };
  }

  /** Goes through the nodes of a body that runs `rounds` times (null: unknown). Returns the multiply-accumulates that are known. */
  private body(key: string, rounds: number | null, depth: number): number {
    let macs = 0;
    for (const index of this.orderOf(key)) macs += this.node(index, rounds, depth);
    return macs;
  }

  private orderOf(key: string): readonly number[] {
    const { nodes, bodyOf } = this.bodies;
    const order =
      this.orders.get(key) ??
      ordered(this.graph.nodes, nodes.get(key) ?? [], this.producers, (index) => bodyOf[index] === key);
    this.orders.set(key, order);
    return order;
  }

  private node(index: number, rounds: number | null, depth: number): number {
    const node = this.graph.nodes[index]!;
    if (this.visitsLeft-- <= 0) {
      this.costs[index] = this.notUnderstood(node, 'shape');
      return 0;
    }
    if (node.bodies !== undefined && node.bodies.length > 0) return this.container(index, node, rounds, depth);
    const inputs = node.inputs.map((name) => this.values.get(name));
    const rule = this.ruleFor(node);
    const outcome: Outcome = rule?.(
      new Operation(
        node,
        inputs,
        node.inputs.map((name) => this.roles.get(this.graph.values.get(name)?.tensor ?? '')),
      ),
    ) ?? { outputs: [], macs: null, unknown: 'operator' };
    return this.note(index, node, outcome, rounds);
  }

  private ruleFor(node: GraphNode): Rule | undefined {
    switch (this.graph.dialect) {
      case 'onnx':
        return onnxRule(node);
      case 'tflite':
        return tfliteRule(node);
      case 'tensorflow':
        return tensorflowRule(node);
      case 'keras':
        return kerasRule(node, this.values.get(node.outputs[0] ?? '').shape);
      case undefined:
        return undefined;
    }
  }

  private note(index: number, node: GraphNode, outcome: Outcome, rounds: number | null): number {
    const inputShapes = node.inputs.map((name) => this.values.get(name).shape);
    for (let at = 0; at < node.outputs.length; at++) {
      const made = outcome.outputs[at] ?? NOTHING;
      if (node.outputs[at] !== '') this.values.set(node.outputs[at]!, made);
    }
    const activations = this.activationsOf(node);
    const macs = outcome.macs === 0 || outcome.macs === null ? outcome.macs : times(outcome.macs, rounds);
    const unknown = reasonOf(outcome, macs, activations, rounds);
    this.costs[index] = {
      inputShapes,
      outputShape: this.values.get(node.outputs[0] ?? '').shape,
      macs,
      activations,
      ...(unknown === undefined ? {} : { unknown }),
    };
    return macs ?? 0;
  }

  private activationsOf(node: GraphNode): number | null {
    let elements: number | null = 0;
    for (const name of node.outputs) {
      if (name === '' || elements === null) continue;
      elements = plus(elements, elementsOf(this.values.get(name).shape));
    }
    return elements;
  }

  private notUnderstood(node: GraphNode, unknown = 'operator'): NodeCost {
    const shapes = node.inputs.map((name) => this.values.get(name).shape);
    return {
      inputShapes: shapes,
      outputShape: this.values.get(node.outputs[0] ?? '').shape,
      macs: null,
      activations: this.activationsOf(node),
      unknown,
    };
  }

  /** An operator that runs bodies. It moves values; what its bodies do is counted at their own operators. */
  private container(index: number, node: GraphNode, rounds: number | null, depth: number): number {
    const bodies = node.bodies!;
    const isMine = bodies.every(({ path }) => this.bodies.owners.get(keyOf(path)) === index);
    if (!isMine || depth >= MAX_DEPTH) {
      this.costs[index] = this.notUnderstood(node);
      return 0;
    }
    switch (runningOf(node)) {
      case 'branches':
        return this.branches(index, node, rounds, depth);
      case 'preparation':
        for (const { path } of bodies) this.apart.add(keyOf(path));
        for (const { path } of bodies) this.body(keyOf(path), 1, depth + 1);
        return this.note(index, node, { outputs: [], macs: 0 }, rounds);
      case 'call': {
        const [called] = bodies;
        for (const [name, value] of argumentsOf(node, called!)) this.values.bind(name, this.values.get(value));
        const macs = this.body(keyOf(called!.path), rounds, depth + 1);
        const outputs = called!.outputs.map((name) => this.values.get(name));
        return macs + this.note(index, node, { outputs, macs: 0 }, rounds);
      }
      case 'loop':
        return this.loop(index, node, rounds, depth);
    }
  }

  /** One of the branches runs: where it is not known which, the one that costs most counts. */
  private branches(index: number, node: GraphNode, rounds: number | null, depth: number): number {
    const bodies = node.bodies!;
    const macs = bodies.map((body) => {
      for (const [name, value] of argumentsOf(node, body)) this.values.bind(name, this.values.get(value));
      return this.body(keyOf(body.path), rounds, depth + 1);
    });
    const chosen = this.chosenBranch(node);
    const counted = chosen ?? macs.indexOf(macs.reduce((most, own) => Math.max(most, own), 0));
    for (const [at, { path }] of bodies.entries()) if (at !== counted) this.apart.add(keyOf(path));
    const outputs = node.outputs.map((_, at): Known => {
      const results = bodies.map((body) => this.values.get(body.outputs[at] ?? ''));
      if (chosen !== null) return results[chosen]!;
      return { shape: results.map(({ shape }) => shape).reduce(common) };
    });
    return (macs[counted] ?? 0) + this.note(index, node, { outputs, macs: 0 }, rounds);
  }

  private chosenBranch(node: GraphNode): number | null {
    const condition = this.values.get(node.inputs[0] ?? '').elements?.[0];
    if (typeof condition !== 'number' || /Case$/.test(node.operator)) return null;
    const wanted = condition !== 0 ? /^then/ : /^else/;
    const at = node.bodies!.findIndex(({ role }) => wanted.test(role));
    return at < 0 ? null : at;
  }

  private loop(index: number, node: GraphNode, rounds: number | null, depth: number): number {
    const plan = loopOf(node, { known: (name) => this.values.get(name), sourceOf: (name) => this.sourceOf(name) });
    const keys = node.bodies!.map(({ path }) => keyOf(path));
    if (plan === null) {
      for (const key of keys) this.body(key, null, depth + 1);
      return this.note(index, node, { outputs: [], macs: null, unknown: 'operator' }, rounds);
    }
    const inner = rounds === null || plan.trips === null ? null : times(rounds, plan.trips);
    const restored = new Map(plan.carried.flatMap(({ into }) => into).map((name) => [name, this.values.get(name)]));
    const macs = this.throughRounds(plan, keys, inner, depth);
    const outputs = plan.outputs.map(({ from, sliceAxis }): Known => {
      const { shape } = this.values.get(from);
      return { shape: sliceAxis === null ? shape : stacked(shape, sliceAxis, plan.trips) };
    });
    // TensorFlow's bodies read the values around the loop, which are again what they were.
    if (this.graph.dialect === 'tensorflow') for (const [name, value] of restored) this.values.bind(name, value);
    return macs + this.note(index, node, { outputs, macs: 0 }, rounds);
  }

  /** Goes through the bodies with shapes that hold in every round: where a round changes one, that axis is unknown and they are gone through again. */
  private throughRounds(plan: Loop, keys: readonly string[], rounds: number | null, depth: number): number {
    let shapes = plan.carried.map(({ initial }) => initial.shape);
    for (let round = 1; ; round++) {
      this.enterRound(plan, shapes);
      let macs = 0;
      for (const key of keys) macs += this.body(key, rounds, depth + 1);
      const after = plan.carried.map(({ from, into }, at) =>
        into.includes(from) ? shapes[at]! : common(shapes[at]!, this.values.get(from).shape),
      );
      if (after.every((shape, at) => isEqual(shape, shapes[at]!))) return macs;
      shapes = round < MAX_ROUNDS - 1 ? after : after.map((shape, at) => (isEqual(shape, shapes[at]!) ? shape : null));
      if (round >= MAX_ROUNDS) {
        this.enterRound(
          plan,
          plan.carried.map(() => null),
        );
        macs = 0;
        for (const key of keys) macs += this.body(key, rounds, depth + 1);
        return macs;
      }
    }
  }

  private enterRound({ given, carried }: Loop, shapes: readonly PartialShape[]): void {
    for (const { name, shape } of given) this.values.bind(name, { shape });
    for (const [at, { into, from, initial }] of carried.entries())
      for (const name of into)
        this.values.bind(name, isKept({ into, from, initial }) ? initial : { shape: shapes[at]! });
  }

  private sourceOf(name: string): string {
    let at = name;
    for (let steps = 0; steps < 100; steps++) {
      const producer = this.graph.nodes[this.producers.get(at) ?? -1];
      if (producer?.operator !== 'Identity' || producer.inputs[0] === undefined) return at;
      at = producer.inputs[0];
    }
    return at;
  }
}

const NOTHING: Known = { shape: null };

/** A value that the body hands on as it is. */
const isKept = ({ into, from }: Carried): boolean => into.includes(from);

function reasonOf(
  outcome: Outcome,
  macs: number | null,
  activations: number | null,
  rounds: number | null,
): string | undefined {
  if (outcome.macs === null) return outcome.unknown ?? 'shape';
  if (macs === null) return rounds === null ? 'trip count' : 'size';
  return activations === null ? 'shape' : undefined;
}
