import type { GraphNode } from '@espalier/checkpoint';
import { gathered, joined, nothing, spread, taken } from './constants.js';
import type { Followed, Follower } from './follower.js';
import { axisOf, numbersOf, one, type Rule } from './rules.js';

/** Operators that move, put together or take apart channels. */
export const shapeRules: Readonly<Record<string, Rule>> = {
  Flatten(_, { attributes }, [x]) {
    return x === undefined || Number(attributes['axis'] ?? 1) !== 1 || x.axis !== 1 ? null : [flattened(x)];
  },
  Reshape: (follower, node, [x]) => (x === undefined ? null : one(reshaped(follower, node, x))),
  Transpose(_, { attributes }, [x]) {
    const { perm } = attributes;
    if (x === undefined || x.folded || !Array.isArray(perm)) return null;
    const to = (axis: number): number => perm.map(Number).indexOf(axis);
    const { stack } = x;
    return [{ ...x, axis: to(x.axis), ...(stack === undefined ? {} : { stack: { ...stack, axis: to(stack.axis) } }) }];
  },
  Concat: (follower, node, inputs) => one(concatenated(follower, node, inputs)),
  Split: (follower, node, [x]) => (x === undefined ? null : split(follower, node, x)),
  Slice: (follower, node, [x]) => (x === undefined ? null : one(sliced(follower, node, x))),
  Gather(follower, { inputs, attributes }, [x, index]) {
    const at = follower.tensors.numbers(inputs[1] ?? '');
    if (x === undefined || index !== undefined || x.folded) return null;
    const axis = axisOf(Number(attributes['axis'] ?? 0), x.rank);
    if (at?.length !== 1 || axis === x.axis || follower.tensors.shape(inputs[1]!)?.length !== 0) return null;
    if (x.stack === undefined) return [without(x, [axis])];
    if (axis !== x.stack.axis) return null;
    const part = x.stack.parts.at(at[0]!);
    return part === undefined ? null : [without(unstacked(x, part), [axis])];
  },
  Squeeze(follower, node, [x]) {
    const axes = numbersOf(follower, node, 'axes', 1)?.map((axis) => axisOf(axis, x?.rank ?? 0));
    if (x === undefined || x.folded || axes === undefined || axes.includes(x.axis)) return null;
    const { stack } = x;
    if (stack === undefined || !axes.includes(stack.axis)) return [without(x, axes)];
    return stack.parts.length === 1 ? [without(unstacked(x, stack.parts[0]!), axes)] : null;
  },
  Unsqueeze(follower, node, [x]) {
    const given = numbersOf(follower, node, 'axes', 1);
    if (x === undefined || x.folded || x.stack !== undefined || given === undefined) return null;
    const rank = x.rank + given.length;
    const added = new Set(given.map((axis) => axisOf(axis, rank)));
    const old = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !added.has(axis));
    return [{ ...x, rank, axis: old[x.axis]! }];
  },
  Expand: (follower, node, [x]) => one(repeated(follower, node, x)),
  Tile: (follower, node, [x]) => one(repeated(follower, node, x)),
  /** Lengths are asked for when the model runs: those of fewer channels are told then. */
  Shape: () => [],
};

const flattened = (x: Followed): Followed => ({ ...x, rank: 2, axis: 1, folded: x.rank > 2 || x.folded });

const unstacked = ({ stack: _, ...x }: Followed, part: Pick<Followed, 'segments' | 'constant'>): Followed => ({
  ...x,
  ...part,
});

/** Without some axes, none of them that of the channels. */
function without(x: Followed, axes: readonly number[]): Followed {
  const moved = (axis: number): number => axis - axes.filter((gone) => gone < axis).length;
  const { stack } = x;
  return {
    ...x,
    rank: x.rank - axes.length,
    axis: moved(x.axis),
    ...(stack === undefined ? {} : { stack: { ...stack, axis: moved(stack.axis) } }),
  };
}

/** Flattening, the last axis taken apart into heads, and heads put together again; everything before stays as it is. */
function reshaped(follower: Follower, node: GraphNode, x: Followed): Followed | null {
  const to = follower.tensors.numbers(node.inputs[1] ?? '');
  if (to === undefined || x.folded || x.stack !== undefined) return null;
  if (x.axis === 1 && isFlattening(follower, node, to)) return flattened(x);
  const width = follower.widthOf(x.segments);
  if (x.axis === x.rank - 1 && to.length > x.rank) {
    const lengths = to.slice(x.axis, -1);
    const places = to.at(-1)!;
    return places <= 0 || width % places !== 0 ? null : heads(follower, node, x, lengths, width / places, places);
  }
  return to.length === x.rank - 1 && x.axis < x.rank - 1 ? merged(follower, node, x, to[x.axis]!, width) : null;
}

/** The axis of the channels and the next one as one. */
function merged(follower: Follower, node: GraphNode, x: Followed, to: number, width: number): Followed | null {
  const isLast = x.axis === x.rank - 2;
  if (to === -1 && x.next === undefined) return isLast ? { ...x, rank: x.rank - 1, folded: true } : null;
  const places = to === -1 ? x.next! : to / width;
  if (!Number.isInteger(places) || (x.next !== undefined && x.next !== places)) return null;
  const segments = scaled(follower.spaces.resolve(x.segments), places);
  if (to !== -1) follower.note({ at: shapeInput(node), index: x.axis, segments });
  const { next: _, ...rest } = x;
  return { ...rest, rank: x.rank - 1, segments, constant: spread(x.constant, places) };
}

/** Copies along axes that are 1 long; those of the channels stay as they are. */
function repeated(follower: Follower, node: GraphNode, x: Followed | undefined): Followed | null {
  const lengths = follower.tensors.numbers(node.inputs[1] ?? '');
  if (x === undefined || x.folded || x.stack !== undefined || lengths?.length !== x.rank) return null;
  return lengths[x.axis] === 1 ? { ...x, next: lengths[x.axis + 1]! } : null;
}

/** The last axis as some heads, or as some runs of heads one after the other. */
function heads(
  follower: Follower,
  node: GraphNode,
  x: Followed,
  lengths: readonly number[],
  all: number,
  places: number,
): Followed | null {
  const { spaces } = follower;
  if (lengths.length === 1) {
    if (lengths[0] !== all && lengths[0] !== -1) return null;
    if (!spaces.coarsen(x.segments, places)) return null;
    const segments = scaled(spaces.resolve(x.segments), 1 / places);
    if (lengths[0] !== -1) follower.note({ at: shapeInput(node), index: x.axis, segments });
    return { ...x, rank: x.rank + 1, segments, constant: gathered(x.constant, places) };
  }
  if (lengths.length !== 2 || lengths[0]! <= 0) return null;
  const [count, each] = [lengths[0]!, all / lengths[0]!];
  if (!Number.isInteger(each) || (lengths[1] !== each && lengths[1] !== -1)) return null;
  const parts = Array.from({ length: count }, (_, i) => {
    const [begin, end] = [i * each * places, (i + 1) * each * places];
    const run = spaces.take(x.segments, begin, end);
    return run === null || !spaces.coarsen(run, places)
      ? null
      : {
          segments: scaled(spaces.resolve(run), 1 / places),
          constant: gathered(taken(x.constant, begin, end), places),
        };
  });
  const whole = parts.filter((part) => part !== null);
  if (whole.length < count) return null;
  // One shape for all of them: they keep as many heads.
  for (const part of whole.slice(1))
    spaces.join(whole[0]!.segments, part.segments, 'it is reshaped together with others');
  if (lengths[1] !== -1) follower.note({ at: shapeInput(node), index: x.axis + 1, segments: whole[0]!.segments });
  return { ...x, rank: x.rank + 2, axis: x.axis + 1, stack: { axis: x.axis, parts: whole } };
}

const scaled = (segments: Followed['segments'], by: number): Followed['segments'] =>
  segments.map((run) => ({ ...run, width: Math.round(run.width * by) }));

const shapeInput = ({ name, inputs }: GraphNode) =>
  ({ kind: 'input', node: name, input: 1, tensor: inputs[1]! }) as const;

/** To two axes, of which the first stays and the second is whatever is left. */
function isFlattening(follower: Follower, { inputs, attributes }: GraphNode, to: readonly number[]): boolean {
  const batch = follower.graph.values.get(inputs[0]!)?.shape?.[0];
  if (to.length !== 2 || to[1] !== -1) return false;
  return (to[0] === 0 && Number(attributes['allowzero'] ?? 0) === 0) || (to[0]! > 0 && to[0] === batch);
}

function concatenated(
  follower: Follower,
  { inputs: names, attributes }: GraphNode,
  inputs: readonly (Followed | undefined)[],
): Followed | null {
  const first = inputs.find((input) => input !== undefined);
  if (first === undefined) return null;
  const axis = axisOf(Number(attributes['axis'] ?? 1), first.rank);
  const parts = names.map((name, i): Pick<Followed, 'segments' | 'constant'> | null => {
    const x = inputs[i];
    if (x !== undefined)
      return x.rank === first.rank && x.axis === axis && !x.folded && x.stack === undefined ? x : null;
    const width = follower.shapeOf(name)?.[axis];
    if (width === undefined || width === null) return null;
    const space = follower.spaces.make(width, 'it is no channel of a weight');
    return { segments: [{ space, width }], constant: nothing(width) };
  });
  const whole = parts.filter((part) => part !== null);
  if (whole.length < parts.length) return null;
  return {
    ...first,
    segments: whole.flatMap(({ segments }) => segments),
    constant: joined(whole.map(({ constant }) => constant)),
  };
}

function split(follower: Follower, node: GraphNode, x: Followed): readonly (Followed | null)[] | null {
  const { spaces } = follower;
  const axis = axisOf(Number(node.attributes['axis'] ?? 0), x.rank);
  if (x.folded) return null;
  if (x.stack !== undefined) {
    const { stack } = x;
    if (axis !== stack.axis || node.outputs.length !== stack.parts.length) return null;
    return stack.parts.map((part) => ({ ...x, stack: { axis, parts: [part] } }));
  }
  if (axis !== x.axis) return node.outputs.map(() => x);
  const width = follower.widthOf(x.segments);
  const given = numbersOf(follower, node, 'split', 1);
  const sizes = given ?? node.outputs.map(() => width / node.outputs.length);
  if (sizes.length !== node.outputs.length || sizes.some((size) => !Number.isInteger(size))) return null;
  const parts: Followed[] = [];
  for (let i = 0, at = 0; i < sizes.length; at += sizes[i++]!) {
    const segments = spaces.take(x.segments, at, at + sizes[i]!);
    if (segments === null) return null;
    parts.push({ ...x, segments, constant: taken(x.constant, at, at + sizes[i]!) });
  }
  for (const [i, { segments }] of parts.entries()) {
    // Parts of equal size stay so.
    if (given === undefined && i > 0)
      spaces.join(parts[0]!.segments, segments, 'it is split into parts that are not laid out alike');
    if (given === undefined) continue;
    const at = Array.isArray(node.attributes['split'])
      ? ({ kind: 'attribute', node: node.name, attribute: 'split' } as const)
      : shapeInput(node);
    follower.note({ at, index: i, segments });
  }
  return parts;
}

/** Of one axis, forwards and step by step. */
function sliced(follower: Follower, node: GraphNode, x: Followed): Followed | null {
  const { spaces } = follower;
  if (x.folded) return null;
  const [starts, ends] = [numbersOf(follower, node, 'starts', 1), numbersOf(follower, node, 'ends', 2)];
  const axes = numbersOf(follower, node, 'axes', 3) ?? starts?.map((_, i) => i);
  const steps = numbersOf(follower, node, 'steps', 4) ?? starts?.map(() => 1);
  if (starts === undefined || ends === undefined || axes === undefined || steps === undefined) return null;
  const { stack } = x;
  if (stack !== undefined) {
    const only = axes.length === 1 && axisOf(axes[0]!, x.rank) === stack.axis && steps[0] === 1;
    return only ? { ...x, stack: { ...stack, parts: stack.parts.slice(starts[0], ends[0]) } } : null;
  }
  const at = axes.findIndex((axis) => axisOf(axis, x.rank) === x.axis);
  if (at < 0) return x;
  const width = follower.widthOf(x.segments);
  const [begin, end] = [starts[at]!, Math.min(width, ends[at]!)];
  if (steps[at] !== 1 || begin < 0 || end <= begin) return null;
  const segments = spaces.take(x.segments, begin, end);
  const before = spaces.take(x.segments, 0, begin);
  const upTo = spaces.take(x.segments, 0, end);
  if (segments === null || before === null || upTo === null) return null;
  const place = (attribute: string, input: number) =>
    Array.isArray(node.attributes[attribute])
      ? ({ kind: 'attribute', node: node.name, attribute } as const)
      : ({ kind: 'input', node: node.name, input, tensor: node.inputs[input]! } as const);
  follower.note({ at: place('starts', 1), index: at, segments: before });
  if (ends[at]! <= width) follower.note({ at: place('ends', 2), index: at, segments: upTo });
  return { ...x, segments, constant: taken(x.constant, begin, end) };
}
