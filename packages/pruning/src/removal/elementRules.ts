import { combined, map, onlyZero, times, withTensor } from './constants.js';
import type { Followed, Follower } from './follower.js';
import { axisOf, numbersOf, one, type Rule } from './rules.js';

/** Operators that leave channels where they are: sums and products of values, normalization, pools, softmax over something else. */
export const elementRules: Readonly<Record<string, Rule>> = {
  BatchNormalization(follower, { inputs, attributes }, [x]) {
    const [, gamma, beta, mean, variance] = inputs;
    if (x === undefined || x.folded || x.axis !== 1 || x.stack !== undefined) return null;
    const parts = [
      [gamma, 'gamma'],
      [beta, 'beta'],
      [mean, 'mean'],
      [variance, 'follower'],
    ] as const;
    if (!follower.attach(x, parts)) return null;
    const epsilon = Number(attributes['epsilon'] ?? 1e-5);
    const scaled = withTensor(
      withTensor(
        withTensor(x.constant, mean!, false, (value, own) => value - own),
        variance!,
        false,
        (value, own) => value / Math.sqrt(own + epsilon),
      ),
      gamma!,
      true,
      times,
    );
    return [{ ...x, constant: withTensor(scaled, beta!, true, (value, own) => value + own) }];
  },
  Add: (follower, node, [a, b]) => one(binary(follower, node.inputs, a, b, SUM)),
  Sub: (follower, node, [a, b]) => one(binary(follower, node.inputs, a, b, DIFFERENCE)),
  Mul: (follower, node, [a, b]) => one(binary(follower, node.inputs, a, b, PRODUCT)),
  Div: (follower, node, [a, b]) => (b === undefined ? one(binary(follower, node.inputs, a, b, QUOTIENT)) : null),
  Pow: (follower, node, [a, b]) => (b === undefined ? one(binary(follower, node.inputs, a, b, POWER)) : null),
  PRelu: (follower, node, [a, b]) => (b === undefined ? one(binary(follower, node.inputs, a, b, SLOPE)) : null),
  Where: (follower, node, [, a, b]) => one(chosen(follower, node.inputs, a, b)),
  Clip(follower, { inputs, attributes }, [x]) {
    const limit = (at: number, name: string, open: number): number =>
      inputs[at] === undefined || inputs[at] === ''
        ? Number(attributes[name] ?? open)
        : (follower.tensors.numbers(inputs[at])?.[0] ?? Number.NaN);
    const [low, high] = [limit(1, 'min', Number.NEGATIVE_INFINITY), limit(2, 'max', Number.POSITIVE_INFINITY)];
    return x === undefined
      ? null
      : [{ ...x, constant: map(x.constant, (value) => Math.min(high, Math.max(low, value))) }];
  },
  Softmax(_, { attributes }, [x]) {
    if (x === undefined || x.folded || axisOf(Number(attributes['axis'] ?? -1), x.rank) <= x.axis) return null;
    return [{ ...x, constant: map(x.constant, () => Number.NaN) }];
  },
  MaxPool: (_, __, [x]) => pooled(x, false),
  GlobalAveragePool: (_, __, [x]) => pooled(x, false),
  GlobalMaxPool: (_, __, [x]) => pooled(x, false),
  AveragePool(_, { attributes }, [x]) {
    const { pads, auto_pad: auto = 'NOTSET', count_include_pad: counted = 0 } = attributes;
    const padded = (Array.isArray(pads) && pads.some((pad) => Number(pad) !== 0)) || auto !== 'NOTSET';
    return pooled(x, padded && Number(counted) !== 0);
  },
  ReduceMean: (follower, node, [x]) => one(reduced(x, node.attributes, numbersOf(follower, node, 'axes', 1), false)),
  ReduceMax: (follower, node, [x]) => one(reduced(x, node.attributes, numbersOf(follower, node, 'axes', 1), false)),
  ReduceSum: (follower, node, [x]) => one(reduced(x, node.attributes, numbersOf(follower, node, 'axes', 1), true)),
  Pad(follower, node, [x]) {
    const pads = numbersOf(follower, node, 'pads', 1);
    if (x === undefined || x.folded || pads?.length !== 2 * x.rank || node.inputs[3]) return null;
    if (pads[x.axis] !== 0 || pads[x.axis + x.rank] !== 0) return null;
    return [{ ...x, constant: onlyZero(x.constant) }];
  },
  Resize(follower, node, [x]) {
    const scales = node.inputs[2] ? follower.tensors.numbers(node.inputs[2]) : undefined;
    return x === undefined || x.folded || scales?.length !== x.rank || scales[x.axis] !== 1 ? null : [x];
  },
};

interface Operation {
  /** What a vector of constants with a number for each channel is. */
  readonly part: 'bias' | 'gamma' | 'follower';
  readonly of: (value: number, own: number) => number;
}

const SUM: Operation = { part: 'bias', of: (a, b) => a + b };
const DIFFERENCE: Operation = { part: 'bias', of: (a, b) => a - b };
const PRODUCT: Operation = { part: 'gamma', of: times };
const QUOTIENT: Operation = { part: 'follower', of: (a, b) => a / b };
const POWER: Operation = { part: 'follower', of: (a, b) => a ** b };
const SLOPE: Operation = { part: 'follower', of: (a, b) => (a < 0 ? a * b : a) };

function binary(
  follower: Follower,
  inputs: readonly string[],
  a: Followed | undefined,
  b: Followed | undefined,
  operation: Operation,
): Followed | null {
  if (a !== undefined && b !== undefined) {
    if (!alike(a, b)) return null;
    follower.spaces.join(a.segments, b.segments, 'it is added to other channels that are not laid out as it is');
    return { ...a, constant: combined(a.constant, b.constant, operation.of) };
  }
  const x = a ?? b;
  const other = inputs[a === undefined ? 0 : 1]!;
  const turned = a === undefined && (operation === DIFFERENCE || operation === QUOTIENT);
  if (x === undefined || x.stack !== undefined || turned) return null;
  const shape = follower.tensors.shape(other);
  if (shape === undefined) return sameForAll(follower, x, other);
  if (shape.length > x.rank || x.folded) return null;
  const at = x.axis - (x.rank - shape.length);
  const length = at < 0 ? 1 : shape[at]!;
  // A number for all channels alike.
  if (length === 1)
    return {
      ...x,
      constant: shape.every((size) => size === 1)
        ? withTensor(x.constant, other, false, operation.of)
        : map(x.constant, (value) => (operation.part !== 'bias' && value === 0 ? 0 : Number.NaN)),
    };
  if (length !== follower.widthOf(x.segments) || follower.own(other) === undefined) return null;
  follower.spaces.add(x.segments, { tensor: other, axis: at, part: operation.part });
  return { ...x, constant: withTensor(x.constant, other, operation.part !== 'follower', operation.of) };
}

/** With a value whose channels are not followed: right where it is the same for all of them, as a mask of attention is. */
function sameForAll(follower: Follower, x: Followed, other: string): Followed | null {
  const shape = follower.shapeOf(other);
  if (shape === undefined || x.folded || shape.length > x.rank) return null;
  const at = x.axis - (x.rank - shape.length);
  return at < 0 || shape[at] === 1 ? { ...x, constant: map(x.constant, () => Number.NaN) } : null;
}

function chosen(
  follower: Follower,
  inputs: readonly string[],
  a: Followed | undefined,
  b: Followed | undefined,
): Followed | null {
  const x = a ?? b;
  if (x === undefined || (a !== undefined && b !== undefined)) return null;
  const others = [inputs[0]!, inputs[a === undefined ? 1 : 2]!];
  return others.every((other) => sameForAll(follower, x, other) !== null)
    ? { ...x, constant: map(x.constant, () => Number.NaN) }
    : null;
}

const alike = (a: Followed, b: Followed): boolean =>
  a.rank === b.rank &&
  a.axis === b.axis &&
  !a.folded &&
  !b.folded &&
  a.stack === undefined &&
  b.stack === undefined &&
  total(a) === total(b);

const total = ({ segments }: Followed): number => segments.reduce((sum, { width }) => sum + width, 0);

const pooled = (x: Followed | undefined, atBorders: boolean): readonly Followed[] | null =>
  x === undefined || x.axis !== 1 || x.folded || x.stack !== undefined
    ? null
    : [atBorders ? { ...x, constant: onlyZero(x.constant) } : x];

function reduced(
  x: Followed | undefined,
  attributes: Readonly<Record<string, unknown>>,
  given: readonly number[] | undefined,
  counts: boolean,
): Followed | null {
  if (x === undefined || given === undefined || given.length === 0 || x.folded || x.stack !== undefined) return null;
  const axes = given.map((axis) => axisOf(axis, x.rank));
  if (axes.includes(x.axis)) return null;
  const constant = counts ? onlyZero(x.constant) : x.constant;
  if (Number(attributes['keepdims'] ?? 1) !== 0) return { ...x, constant };
  return {
    ...x,
    rank: x.rank - axes.length,
    axis: x.axis - axes.filter((axis) => axis < x.axis).length,
    constant,
  };
}
