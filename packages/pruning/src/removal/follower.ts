import type { Graph, GraphNode } from '@espalier/checkpoint';
import { type Constant, type FoldInto, nothing } from './constants.js';
import { type ChannelGroup, type Member, type Segment, Spaces } from './spaces.js';

/** What is known of the tensors of a graph. */
export interface KnownTensors {
  shape(name: string): readonly number[] | undefined;
  /** Numbers of a small constant: axes, shapes, limits. */
  numbers(name: string): readonly number[] | undefined;
  /** False where a node cannot get an offset that it does not have: modules are built without one. */
  readonly addsInputs?: boolean;
}

/** A value whose channels are followed. */
export interface Followed {
  readonly rank: number;
  /** The axis of the channels … */
  readonly axis: number;
  /** … and the runs of them along it, from its beginning to its end. */
  readonly segments: readonly Segment[];
  /** Positions were folded in after each channel, nobody knows how many: every width is that many times as much. */
  readonly folded: boolean;
  readonly constant: Constant;
  /** How long the axis after that of the channels is, where it was made so. */
  readonly next?: number;
  /** Values side by side along one more axis, as queries, keys and values: `segments` and `constant` are then without meaning. */
  readonly stack?: { readonly axis: number; readonly parts: readonly Pick<Followed, 'segments' | 'constant'>[] };
}

/** A number in the file that is a width of channels, and has to follow it. */
export interface Extent {
  readonly at:
    | { readonly kind: 'attribute'; readonly node: string; readonly attribute: string }
    | { readonly kind: 'input'; readonly node: string; readonly input: number; readonly tensor: string };
  /** Which number of it; null where it is one number. */
  readonly index: number | null;
  /** The runs whose widths it is the sum of. */
  readonly segments: readonly Segment[];
}

export interface ChannelGroups {
  readonly groups: readonly ChannelGroup[];
  /** Weights in which nothing may be taken out, with the reason. */
  readonly leftAlone: ReadonlyMap<string, string>;
  readonly extents: readonly Extent[];
}

/** What follows channels through a graph; the rules of operators ask it for what they need. */
export class Follower {
  readonly spaces = new Spaces();
  readonly values = new Map<string, Followed>();
  /** Values that are one number, computed from constants. */
  private readonly single = new Set<string>();
  private readonly uses = new Map<string, number>();
  private readonly extents: Extent[] = [];

  constructor(
    readonly graph: Graph,
    readonly tensors: KnownTensors,
  ) {
    for (const { inputs } of graph.nodes)
      for (const input of inputs) this.uses.set(input, (this.uses.get(input) ?? 0) + 1);
    for (const output of graph.outputs) this.uses.set(output, (this.uses.get(output) ?? 0) + 1);
  }

  isUsed(value: string): boolean {
    return this.uses.has(value);
  }

  /** The only node that reads a value; null where there are more, or none. */
  onlyReader(value: string): GraphNode | null {
    if (this.uses.get(value) !== 1) return null;
    return this.graph.nodes.find(({ inputs }) => inputs.includes(value)) ?? null;
  }

  /** The shape of a weight that one node alone reads. */
  own(name: string | undefined): readonly number[] | undefined {
    return name !== undefined && this.uses.get(name) === 1 ? this.tensors.shape(name) : undefined;
  }

  /** What is known of the shape of a value or a tensor. */
  shapeOf(name: string): readonly (number | null)[] | undefined {
    return (
      this.tensors.shape(name) ??
      (this.single.has(name) ? [] : undefined) ??
      this.graph.values.get(name)?.shape ??
      undefined
    );
  }

  /** Notes that a node computes one number from others, as the scale of attention is. */
  noteSingle({ inputs, outputs }: GraphNode): void {
    const isSingle = (name: string): boolean => this.shapeOf(name)?.length === 0;
    if (inputs.length > 0 && outputs.length === 1 && inputs.every(isSingle)) this.single.add(outputs[0]!);
  }

  widthOf(segments: readonly Segment[]): number {
    return segments.reduce((total, { width }) => total + width, 0);
  }

  note(extent: Extent): void {
    this.extents.push(extent);
  }

  /** Channels that a weight makes. */
  produce(
    weight: string,
    axis: number,
    width: number,
    bias: string | undefined,
    at: Pick<Followed, 'rank' | 'axis'>,
  ): Followed {
    const segments = [{ space: this.spaces.make(width), width }];
    this.spaces.add(segments, { tensor: weight, axis, part: 'producer' });
    const made: Followed = { ...at, segments, folded: false, constant: nothing(width) };
    return bias === undefined || bias === '' ? made : this.offsetBy(made, bias, [width]);
  }

  /** Adds an offset with one number for each place, or pins where it is something else. */
  private offsetBy(x: Followed, bias: string, expected: readonly number[]): Followed {
    const shape = this.own(bias);
    if (shape?.length !== 1 || shape[0] !== expected[0]) {
      this.spaces.pin(x.segments, `${bias} is added to its channels, and is not understood here`);
      return x;
    }
    this.spaces.add(x.segments, { tensor: bias, axis: 0, part: 'bias' });
    const { constant } = x;
    return {
      ...x,
      constant: async (look) => {
        const values = await constant(look);
        if (look.masked) return values;
        const own = await look.values(bias);
        return values.map((value, place) => value + own[place]!);
      },
    };
  }

  /** Notes that a weight reads the channels, or pins them where it cannot be cut so. */
  consume(x: Followed | undefined, weight: string, axis: number, length: number, fold: FoldInto | null): void {
    if (x === undefined) return;
    const width = this.widthOf(x.segments);
    if (x.stack !== undefined || (x.folded ? length % width !== 0 : length !== width)) {
      this.pin(x, `${weight} reads ${length} of its ${width} channels`);
      return;
    }
    const places = length / width;
    const reading = { constant: x.constant, places, fold };
    this.spaces.add(x.segments, { tensor: weight, axis, part: 'consumer', reading }, places);
  }

  /** Notes vectors with one number for each place; false where one is something else. */
  attach(x: Followed, parts: readonly (readonly [string | undefined, Member['part']])[]): boolean {
    const width = this.widthOf(x.segments);
    const there = parts.filter(([name]) => name !== undefined && name !== '');
    for (const [name] of there) {
      const shape = this.own(name);
      if (shape?.[0] !== width || (shape.length > 1 && parts[0]![0] !== name)) return false;
    }
    for (const [name, part] of there) this.spaces.add(x.segments, { tensor: name!, axis: 0, part });
    return true;
  }

  pin(value: Followed | undefined, why: string): void {
    if (value === undefined) return;
    this.spaces.pin(value.segments, why);
    for (const { segments } of value.stack?.parts ?? []) this.spaces.pin(segments, why);
  }

  result(): ChannelGroups {
    return {
      ...this.spaces.result(),
      extents: this.extents.map((extent) => ({ ...extent, segments: this.spaces.resolve(extent.segments) })),
    };
  }
}
