import type { GraphNode } from '@espalier/checkpoint';
import { combined, type FoldInto, onlyZero, times } from './constants.js';
import type { Followed, Follower } from './follower.js';
import { one, type Rule } from './rules.js';
import type { Segment } from './spaces.js';

/** Convolutions and matrix products: they read channels, and make some. */
export const linearRules: Readonly<Record<string, Rule>> = {
  Conv: (follower, node, [x]) => one(convolution(follower, node, x)),
  ConvTranspose(follower, node, [x]) {
    const [, weight, bias] = node.inputs;
    const shape = follower.own(weight);
    if (shape === undefined || shape.length < 3 || Number(node.attributes['group'] ?? 1) !== 1) return null;
    follower.consume(x, weight!, 0, shape[0]!, null);
    return [follower.produce(weight!, 1, shape[1]!, bias, { rank: shape.length, axis: 1 })];
  },
  Gemm(follower, node, [x]) {
    const [, weight, bias] = node.inputs;
    const shape = follower.own(weight);
    if (shape === undefined || shape.length !== 2 || Number(node.attributes['transA'] ?? 0) !== 0) return null;
    const out = Number(node.attributes['transB'] ?? 0) === 0 ? 1 : 0;
    const plain = Number(node.attributes['alpha'] ?? 1) === 1 && Number(node.attributes['beta'] ?? 1) === 1;
    const fold = plain ? foldInto(follower, node, out, shape[out]!, bias) : null;
    follower.consume(x, weight!, 1 - out, shape[1 - out]!, fold);
    return [follower.produce(weight!, out, shape[out]!, bias, { rank: 2, axis: 1 })];
  },
  MatMul(follower, node, [x, y]) {
    if (y !== undefined) return x === undefined ? null : one(byHeads(follower, x, y));
    const weight = node.inputs[1];
    const shape = follower.own(weight);
    const rank = x?.rank ?? follower.shapeOf(node.inputs[0]!)?.length;
    if (shape === undefined || shape.length !== 2 || rank === undefined) return null;
    if (x !== undefined && x.axis !== x.rank - 1) return null;
    follower.consume(x, weight!, 0, shape[0]!, addedTo(follower, node, shape[1]!));
    return [follower.produce(weight!, 1, shape[1]!, undefined, { rank, axis: rank - 1 })];
  },
};

function convolution(follower: Follower, node: GraphNode, x: Followed | undefined): Followed | null {
  const [, weight, bias] = node.inputs;
  const shape = follower.own(weight);
  if (shape === undefined || shape.length < 3) return null;
  const group = Number(node.attributes['group'] ?? 1);
  if (group === 1) {
    const fold = isPadded(node) ? null : foldInto(follower, node, 0, shape[0]!, bias);
    follower.consume(x, weight!, 1, shape[1]!, fold);
    return follower.produce(weight!, 0, shape[0]!, bias, { rank: shape.length, axis: 1 });
  }
  if (x === undefined || x.folded || x.axis !== 1 || follower.widthOf(x.segments) !== group * shape[1]!) return null;
  return group === shape[0] && shape[1] === 1 ? depthwise(follower, node, x) : grouped(follower, node, x, shape, group);
}

/** Each channel has a kernel of its own, and is one channel afterwards. */
function depthwise(follower: Follower, node: GraphNode, x: Followed): Followed | null {
  const [, weight, bias] = node.inputs;
  if (
    !follower.attach(x, [
      [weight, 'follower'],
      [bias, 'bias'],
    ])
  )
    return null;
  noteGroups(follower, node, x.segments);
  const passed = onlyZero(x.constant);
  if (bias === undefined || bias === '') return { ...x, constant: passed };
  return {
    ...x,
    constant: async (look) => {
      const values = await passed(look);
      if (look.masked) return values;
      const own = await look.values(bias);
      return values.map((value, place) => value + own[place]!);
    },
  };
}

/** Channels of a group are read together: a whole group goes, with what it makes, or nothing of it. */
function grouped(
  follower: Follower,
  node: GraphNode,
  x: Followed,
  shape: readonly number[],
  group: number,
): Followed | null {
  const [, weight, bias] = node.inputs;
  const { spaces } = follower;
  const made = follower.produce(weight!, 0, shape[0]!, bias, { rank: shape.length, axis: 1 });
  const why = `${weight} is in ${group} groups that its channels do not fit`;
  if (!spaces.coarsen(x.segments, shape[1]!) || !spaces.coarsen(made.segments, shape[0]! / group)) {
    follower.pin(made, why);
    return null;
  }
  // Group by group, as the widths of both sides differ.
  const byGroup = (segments: readonly Segment[], places: number): Segment[] =>
    spaces.resolve(segments).map((run) => ({ ...run, width: run.width / places }));
  const groups = byGroup(made.segments, shape[0]! / group);
  if (spaces.join(byGroup(x.segments, shape[1]!), groups, why)) noteGroups(follower, node, groups);
  return made;
}

const noteGroups = (follower: Follower, { name }: GraphNode, segments: readonly Segment[]): void =>
  follower.note({ at: { kind: 'attribute', node: name, attribute: 'group' }, index: null, segments });

/** A product of two values head by head: the channels are an axis over which products are repeated. */
function byHeads({ spaces }: Follower, x: Followed, y: Followed): Followed | null {
  if (x.rank !== y.rank || x.axis !== y.axis || x.axis > x.rank - 3 || x.folded || y.folded) return null;
  if (x.stack !== undefined || y.stack !== undefined) return null;
  spaces.join(x.segments, y.segments, 'it is multiplied with other channels, one by one');
  return { ...x, constant: combined(x.constant, y.constant, (a, b) => (times(a, b) === 0 ? 0 : Number.NaN)) };
}

function isPadded({ attributes }: GraphNode): boolean {
  const { pads, auto_pad: auto = 'NOTSET' } = attributes;
  return (Array.isArray(pads) && pads.some((pad) => Number(pad) !== 0)) || (auto !== 'NOTSET' && auto !== 'VALID');
}

/** The third input, there or not. */
function foldInto(
  follower: Follower,
  { name }: GraphNode,
  outputAxis: number,
  outputs: number,
  bias: string | undefined,
): FoldInto | null {
  if (bias === undefined || bias === '')
    return follower.tensors.addsInputs === false ? null : { outputAxis, outputs, bias: null, node: name, input: 2 };
  const shape = follower.own(bias);
  return shape?.length === 1 && shape[0] === outputs ? { outputAxis, outputs, bias, node: name, input: 2 } : null;
}

/** A matrix product has no offset of its own: it is added next. */
function addedTo(follower: Follower, node: GraphNode, outputs: number): FoldInto | null {
  const next = follower.onlyReader(node.outputs[0]!);
  if (next?.operator !== 'Add') return null;
  const input = next.inputs.findIndex((name) => name !== node.outputs[0]);
  const bias = next.inputs[input];
  const shape = follower.own(bias);
  if (bias === undefined || shape?.length !== 1 || shape[0] !== outputs) return null;
  return { outputAxis: 1, outputs, bias, node: next.name, input };
}
