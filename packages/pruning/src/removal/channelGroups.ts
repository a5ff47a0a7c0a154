import type { Graph, GraphNode } from '@espalier/checkpoint';
import { type ChannelGroup, type Member, Spaces } from './spaces.js';

/** What is known of the tensors of a graph. */
export interface KnownTensors {
  shape(name: string): readonly number[] | undefined;
  /** Numbers of a small constant: axes, shapes, limits. */
  numbers(name: string): readonly number[] | undefined;
}

/** A value whose channels are followed. */
interface Followed {
  readonly space: number;
  readonly rank: number;
  /** The axis of the channels; each takes one place there, or several where positions were folded in after it. */
  readonly axis: number;
  readonly folded: boolean;
  /** Whether it is 0 in a channel whose scale and offset are 0. */
  readonly zero: boolean;
}

const KEEP_ZERO = new Set(
  'Relu LeakyRelu HardSwish Gelu Tanh Elu Selu Celu Abs Neg Identity Dropout Mish Softsign'.split(' '),
);
const LOSE_ZERO = new Set('Sigmoid HardSigmoid Softplus Exp'.split(' '));
const POOLS = new Set('MaxPool AveragePool GlobalAveragePool GlobalMaxPool'.split(' '));

/**
 * Which channels of an ONNX graph depend on each other: convolutions and matrix products make channels, additions join them, normalization, activations and pools pass them
 * on, depthwise convolutions keep them. Whatever is not understood pins the channels that it reads: they are left alone, with the reason. A graph output is pinned too.
 */
export function channelGroups(
  graph: Graph,
  tensors: KnownTensors,
): { readonly groups: readonly ChannelGroup[]; readonly leftAlone: ReadonlyMap<string, string> } {
  return new Follower(graph, tensors).run();
}

class Follower {
  private readonly spaces = new Spaces();
  private readonly values = new Map<string, Followed>();
  private readonly uses = new Map<string, number>();

  constructor(
    private readonly graph: Graph,
    private readonly tensors: KnownTensors,
  ) {
    for (const { inputs } of graph.nodes)
      for (const input of inputs) this.uses.set(input, (this.uses.get(input) ?? 0) + 1);
  }

  run(): ReturnType<typeof channelGroups> {
    for (const node of this.graph.nodes) {
      const made = this.isPlain(node) ? this.follow(node) : null;
      if (made !== null) this.values.set(node.outputs[0]!, made);
      else this.pinInputs(node, `${node.operator} reads its channels, and is not understood here`);
    }
    for (const output of this.graph.outputs)
      this.pin(this.values.get(output), 'its channels are an output of the model');
    return this.spaces.result();
  }

  /** Subgraphs see the values around them, and custom operators do what they like. */
  private isPlain({ path, bodies, domain, outputs }: GraphNode): boolean {
    return (
      (path ?? []).length === 0 &&
      bodies === undefined &&
      (domain ?? '') === '' &&
      outputs.slice(1).every((name) => !this.uses.has(name)) &&
      outputs[0] !== undefined
    );
  }

  /** What the first output is, where the operator is understood; null pins its inputs. */
  private follow(node: GraphNode): Followed | null {
    const [x, second] = node.inputs.map((name) => this.values.get(name));
    const { operator } = node;
    switch (operator) {
      case 'Conv':
        return this.convolution(node, x);
      case 'Gemm':
        return this.gemm(node, x);
      case 'MatMul':
        return this.matMul(node, x);
      case 'BatchNormalization':
        return x === undefined ? null : this.batchNorm(node, x);
      case 'Add':
      case 'Mul':
        return this.binary(node, x, second);
      case 'Clip':
        return x === undefined ? null : { ...x, zero: x.zero && this.limitsHoldZero(node) };
      case 'Flatten':
        return x === undefined || (node.attributes['axis'] ?? 1) !== 1 || x.axis !== 1 ? null : folded(x);
      case 'Reshape':
        return x !== undefined && x.axis === 1 && this.isFlattening(node) ? folded(x) : null;
      case 'ReduceMean':
        return x === undefined ? null : this.mean(node, x);
    }
    if (x === undefined || node.inputs.slice(1).some((name) => this.values.has(name))) return null;
    if (KEEP_ZERO.has(operator)) return x;
    if (LOSE_ZERO.has(operator)) return { ...x, zero: false };
    if (POOLS.has(operator)) return x.axis === 1 && !x.folded ? x : null;
    return null;
  }

  private convolution(node: GraphNode, x: Followed | undefined): Followed | null {
    const [, weight, bias] = node.inputs;
    const shape = this.own(weight);
    if (shape === undefined || shape.length < 3) return null;
    const group = Number(node.attributes['group'] ?? 1);
    const rank = shape.length;
    if (group === 1) {
      this.consume(x, weight!, 1, shape[1]!);
      return this.produce(weight!, 0, shape[0]!, bias, { rank, axis: 1 });
    }
    const isDepthwise = group === shape[0] && shape[1] === 1;
    if (x === undefined || !isDepthwise || !x.zero || x.folded || this.spaces.channelsOf(x.space) !== group)
      return null;
    if (
      !this.attach(
        x,
        [
          [weight, 'follower'],
          [bias, 'bias'],
        ],
        group,
      )
    )
      return null;
    this.spaces.addDepthwise(x.space, node.name);
    return x;
  }

  private gemm(node: GraphNode, x: Followed | undefined): Followed | null {
    const [, weight, bias] = node.inputs;
    const shape = this.own(weight);
    if (shape === undefined || shape.length !== 2 || Number(node.attributes['transA'] ?? 0) !== 0) return null;
    const out = Number(node.attributes['transB'] ?? 0) === 0 ? 1 : 0;
    this.consume(x, weight!, 1 - out, shape[1 - out]!);
    return this.produce(weight!, out, shape[out]!, bias, { rank: 2, axis: 1 });
  }

  private matMul(node: GraphNode, x: Followed | undefined): Followed | null {
    const weight = node.inputs[1];
    const shape = this.own(weight);
    const rank = x?.rank ?? this.graph.values.get(node.inputs[0]!)?.shape?.length;
    if (shape === undefined || shape.length !== 2 || rank === undefined) return null;
    if (x !== undefined && x.axis !== x.rank - 1) return null;
    this.consume(x, weight!, 0, shape[0]!);
    return this.produce(weight!, 1, shape[1]!, undefined, { rank, axis: rank - 1 });
  }

  private batchNorm({ inputs }: GraphNode, x: Followed): Followed | null {
    const [, gamma, beta, mean, variance] = inputs;
    const channels = this.spaces.channelsOf(x.space);
    const parts = [
      [gamma, 'gamma'],
      [beta, 'beta'],
      [mean, 'mean'],
      [variance, 'follower'],
    ] as const;
    if (x.folded || x.axis !== 1 || !this.attach(x, parts, channels)) return null;
    return { ...x, zero: true };
  }

  private binary(node: GraphNode, a: Followed | undefined, b: Followed | undefined): Followed | null {
    const isSum = node.operator === 'Add';
    if (a !== undefined && b !== undefined) {
      if (a.rank !== b.rank || a.axis !== b.axis || a.folded || b.folded) return null;
      if (this.spaces.channelsOf(a.space) !== this.spaces.channelsOf(b.space)) return null;
      this.spaces.join(a.space, b.space);
      return { ...a, zero: isSum ? a.zero && b.zero : a.zero || b.zero };
    }
    const x = a ?? b;
    const constant = node.inputs[a === undefined ? 0 : 1]!;
    const shape = this.own(constant);
    if (x === undefined || shape === undefined || shape.length > x.rank || x.folded) return null;
    const at = x.axis - (x.rank - shape.length);
    const length = at < 0 ? 1 : shape[at]!;
    // A number for all channels alike: times 0 it is 0, added it is not.
    if (length === 1) return isSum ? { ...x, zero: false } : x;
    if (length !== this.spaces.channelsOf(x.space)) return null;
    this.spaces.add(x.space, { tensor: constant, axis: at, part: isSum ? 'bias' : 'gamma' });
    return x;
  }

  private mean(node: GraphNode, x: Followed): Followed | null {
    const given = node.attributes['axes'] ?? this.tensors.numbers(node.inputs[1] ?? '');
    if (!Array.isArray(given) || x.axis !== 1 || x.folded) return null;
    const axes = (given as readonly number[]).map((axis) => (axis < 0 ? axis + x.rank : axis));
    if (axes.length === 0 || axes.some((axis) => axis < 2)) return null;
    const keeps = Number(node.attributes['keepdims'] ?? 1) !== 0;
    return { ...x, rank: keeps ? x.rank : x.rank - axes.length };
  }

  private limitsHoldZero({ inputs, attributes }: GraphNode): boolean {
    const limit = (at: number, name: string, open: number): number =>
      inputs[at] === undefined || inputs[at] === ''
        ? Number(attributes[name] ?? open)
        : (this.tensors.numbers(inputs[at])?.[0] ?? Number.NaN);
    return limit(1, 'min', Number.NEGATIVE_INFINITY) <= 0 && limit(2, 'max', Number.POSITIVE_INFINITY) >= 0;
  }

  /** To two axes, of which the first stays and the second is whatever is left. */
  private isFlattening({ inputs, attributes }: GraphNode): boolean {
    const to = this.tensors.numbers(inputs[1] ?? '');
    const batch = this.graph.values.get(inputs[0]!)?.shape?.[0];
    if (to?.length !== 2 || to[1] !== -1) return false;
    return (to[0] === 0 && Number(attributes['allowzero'] ?? 0) === 0) || (to[0]! > 0 && to[0] === batch);
  }

  /** The shape of a weight that one node alone reads. */
  private own(name: string | undefined): readonly number[] | undefined {
    return name !== undefined && this.uses.get(name) === 1 ? this.tensors.shape(name) : undefined;
  }

  private produce(
    weight: string,
    axis: number,
    channels: number,
    bias: string | undefined,
    at: Pick<Followed, 'rank' | 'axis'>,
  ): Followed {
    const made = { space: this.spaces.make(channels), folded: false, zero: true, ...at };
    this.spaces.add(made.space, { tensor: weight, axis, part: 'producer' });
    if (bias !== undefined && bias !== '' && !this.attach(made, [[bias, 'bias']], channels))
      this.pin(made, `${bias} is added to its channels, and is not understood here`);
    return made;
  }

  /** Notes that a weight reads the channels, or pins them where it cannot be cut so. */
  private consume(x: Followed | undefined, weight: string, axis: number, length: number): void {
    if (x === undefined) return;
    const channels = this.spaces.channelsOf(x.space);
    if (!x.zero) this.pin(x, `what reaches ${weight} of a channel without scale and offset is not 0`);
    else if (x.folded ? length % channels !== 0 : length !== channels)
      this.pin(x, `${weight} reads ${length} of its ${channels} channels`);
    else this.spaces.add(x.space, { tensor: weight, axis, part: 'consumer' });
  }

  /** Notes vectors with one place for each channel; false where one is something else. */
  private attach(
    x: Followed,
    parts: readonly (readonly [string | undefined, Member['part']])[],
    channels: number,
  ): boolean {
    const there = parts.filter(([name]) => name !== undefined && name !== '');
    for (const [name] of there) {
      const shape = this.own(name);
      if (shape?.[0] !== channels || (shape.length > 1 && parts[0]![0] !== name)) return false;
    }
    for (const [name, part] of there) this.spaces.add(x.space, { tensor: name!, axis: 0, part });
    return true;
  }

  private pinInputs({ inputs, bodies = [] }: GraphNode, why: string): void {
    const read = [...inputs, ...bodies.flatMap((body) => [...body.inputs, ...body.outputs])];
    for (const name of read) this.pin(this.values.get(name), why);
  }

  private pin(value: Followed | undefined, why: string): void {
    if (value !== undefined) this.spaces.pin(value.space, why);
  }
}

const folded = (x: Followed): Followed => ({ ...x, rank: 2, axis: 1, folded: x.rank > 2 || x.folded });
