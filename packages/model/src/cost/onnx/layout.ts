import { sliceRange, strided, stridesOf } from '../folding.js';
import {
  blocked,
  concatenated,
  gathered,
  gatheredND,
  padded,
  permuted,
  reduced,
  reshaped,
  squeezed,
  tiled,
  unsqueezed,
} from '../layout.js';
import { computed, free, type Known, MAX_ELEMENTS, type Operation, type Outcome, type Rule } from '../operation.js';
import { type Axis, axisAt, broadcast, elementsOf, type PartialShape, plus, times, withAxis } from '../shape.js';

const one = (output: Known): Outcome => ({ outputs: [output], macs: 0 });

/** Axes given by an attribute (earlier opsets) or by an input; undefined: neither; null: by an input that is not known. */
function axesOf(operation: Operation, name: string, input: number): readonly number[] | undefined | null {
  const stated = operation.ints(name);
  if (stated !== undefined) return stated;
  return operation.has(input) ? (operation.numbers(input) ?? null) : undefined;
}

/** Sizes given by an input that may be known in part, or by its length alone. */
function sizesOf(operation: Operation, input: number): readonly Axis[] | undefined {
  const known = operation.elements(input);
  if (known !== undefined) return known;
  const shape = operation.shape(input);
  const length = shape?.length === 1 ? shape[0]! : null;
  return length === null || length > MAX_ELEMENTS ? undefined : new Array<Axis>(length).fill(null);
}

/** The same elements in another shape. */
const kept = (operation: Operation, shape: PartialShape): Outcome =>
  one(computed(shape, operation.elements(0), operation.inputs[0]?.isFloat));

const reshape: Rule = (operation) => {
  const sizes = operation.ints('shape') ?? sizesOf(operation, 1);
  return kept(operation, reshaped(operation.shape(0), sizes, !operation.flag('allowzero')));
};

const flatten: Rule = (operation) => {
  const x = operation.shape(0);
  if (x === null) return free([null, null]);
  const axis = operation.int('axis', 1);
  const at = axis < 0 ? axis + x.length : axis;
  return kept(operation, at < 0 || at > x.length ? null : [elementsOf(x.slice(0, at)), elementsOf(x.slice(at))]);
};

const transpose: Rule = (operation) => {
  const x = operation.shape(0);
  const order = operation.ints('perm') ?? x?.map((_, axis) => x.length - 1 - axis);
  const shape = permuted(x, order);
  const list = operation.elements(0);
  if (list === undefined || order === undefined || shape === null || elementsOf(shape) !== list.length)
    return free(shape);
  const strides = stridesOf(x as readonly number[]);
  const axes = order.map((axis, at) => ({ length: shape[at]!, stride: strides.at(axis)! }));
  return one(computed(shape, strided(list, 0, axes), operation.inputs[0]?.isFloat));
};

const concat: Rule = (operation) => {
  const { inputs } = operation;
  const shape = concatenated(
    inputs.map((input) => input.shape),
    operation.int('axis', 1),
  );
  // Only lists are computed with, and scalars cannot be joined.
  if (shape?.length !== 1 || inputs.length > MAX_ELEMENTS) return free(shape);
  const lists = inputs.map(({ elements, shape: own }) => elements ?? unknownList(own));
  if (lists.includes(undefined)) return free(shape);
  return one(computed(shape, (lists as (readonly Axis[])[]).flat(), operation.inputs[0]?.isFloat));
};

const unknownList = (shape: PartialShape): readonly Axis[] | undefined =>
  shape?.length === 1 && shape[0] !== null && shape[0]! <= MAX_ELEMENTS
    ? new Array<Axis>(shape[0]!).fill(null)
    : undefined;

const split: Rule = (operation) => {
  const x = operation.shape(0);
  const outputs = operation.node.outputs.length;
  if (x === null) return free();
  const at = axisAt(operation.int('axis', 0), x.length);
  if (at === null) return free();
  const stated = operation.ints('split') ?? (operation.has(1) ? operation.elements(1) : undefined);
  const length = x[at]!;
  const parts = operation.int('num_outputs', outputs);
  // Equal parts, the last one smaller where it does not come out even.
  const even = length === null || operation.has(1) ? null : Math.ceil(length / parts);
  const sizeOf = (index: number): Axis => {
    if (stated !== undefined) return stated[index] ?? null;
    if (even === null || length === null) return null;
    return index < parts - 1 ? even : length - even * (parts - 1);
  };
  const elements = x.length === 1 ? operation.elements(0) : undefined;
  let begin: Axis = 0;
  const found: Known[] = [];
  for (let index = 0; index < outputs; index++) {
    const size = sizeOf(index);
    const own: readonly Axis[] | undefined =
      elements !== undefined && begin !== null && size !== null && size >= 0
        ? elements.slice(begin, begin + size)
        : undefined;
    found.push(computed(withAxis(x, at, size), own, operation.inputs[0]?.isFloat));
    begin = plus(begin, size);
  }
  return { outputs: found, macs: 0 };
};

const slice: Rule = (operation) => {
  const x = operation.shape(0);
  const begins = operation.ints('starts') ?? operation.elements(1);
  const ends = operation.ints('ends') ?? operation.elements(2);
  const count = begins?.length ?? operation.axis(1, 0);
  const axes = axesOf(operation, 'axes', 3);
  if (x === null || axes === null) return free(x?.map(() => null) ?? null);
  const at = (axes ?? Array.from({ length: Math.min(count ?? 0, x.length) }, (_, axis) => axis)).map((axis) =>
    axisAt(axis, x.length),
  );
  if (at.includes(null) || count === null) return free(x.map(() => null));
  const steps = operation.has(4) ? operation.elements(4) : begins?.map(() => 1);
  const shape: Axis[] = [...x];
  const ranges = x.map(() => ({ first: 0, step: 1 }));
  for (const [index, axis] of at.entries()) {
    const [length, begin, end, step] = [x[axis!]!, begins?.[index], ends?.[index], steps?.[index]];
    if (length === null || typeof begin !== 'number' || typeof end !== 'number' || !step) {
      shape[axis!] = null;
      continue;
    }
    const { first, count: taken } = sliceRange(length, begin, end, step);
    shape[axis!] = taken;
    ranges[axis!] = { first, step };
  }
  const list = operation.elements(0);
  if (list === undefined || shape.includes(null) || elementsOf(x) !== list.length) return free(shape);
  const strides = stridesOf(x as readonly number[]);
  const begin = ranges.reduce((sum, { first }, axis) => sum + first * strides[axis]!, 0);
  const places = ranges.map(({ step }, axis) => ({ length: shape[axis]!, stride: step * strides[axis]! }));
  return one(computed(shape, strided(list, begin, places), operation.inputs[0]?.isFloat));
};

const squeeze: Rule = (operation) => {
  const axes = axesOf(operation, 'axes', 1);
  return kept(operation, axes === null ? null : squeezed(operation.shape(0), axes));
};

const unsqueeze: Rule = (operation) => {
  const axes = axesOf(operation, 'axes', 1);
  return kept(operation, axes === null ? null : unsqueezed(operation.shape(0), axes));
};

const gather: Rule = (operation) => {
  const axis = operation.int('axis', 0);
  const shape = gathered(operation.shape(0), operation.shape(1), axis);
  const list = operation.elements(0);
  const picks = operation.elements(1);
  if (operation.rank(0) !== 1 || list === undefined || picks === undefined) return free(shape);
  const elements = picks.map((pick) => (pick === null ? null : (list[pick < 0 ? pick + list.length : pick] ?? null)));
  return one(computed(shape, elements, operation.inputs[0]?.isFloat));
};

const pad: Rule = (operation) => {
  const x = operation.shape(0);
  const pads = operation.ints('pads') ?? operation.ints('paddings') ?? operation.elements(1);
  const axes = axesOf(operation, 'axes', 3);
  if (x === null || pads === undefined || axes === null) return free(x?.map(() => null) ?? null);
  const at = axes?.map((axis) => axisAt(axis, x.length)) ?? x.map((_, axis) => axis);
  if (at.includes(null) || pads.length !== 2 * at.length) return free(null);
  const before: Axis[] = x.map(() => 0);
  const behind: Axis[] = x.map(() => 0);
  for (const [index, axis] of at.entries()) {
    before[axis!] = pads[index]!;
    behind[axis!] = pads[index + at.length]!;
  }
  return free(padded(x, before, behind));
};

const expand: Rule = (operation) => {
  const sizes = sizesOf(operation, 1);
  const shape = sizes === undefined ? null : broadcast([operation.shape(0), sizes]);
  const [fill, ...more] = operation.elements(0) ?? [];
  const count = elementsOf(shape);
  if (fill === undefined || more.length > 0 || count === null || count > MAX_ELEMENTS) return free(shape);
  return one(computed(shape, new Array<Axis>(count).fill(fill), operation.inputs[0]?.isFloat));
};

const tile: Rule = (operation) => {
  const x = operation.shape(0);
  const repeats = operation.elements(1);
  if (operation.has(2)) {
    // Opset 1: how often, and along which axis.
    const at = axisAt(operation.numbers(2)?.[0], x?.length ?? 0);
    return free(x === null || at === null ? null : withAxis(x, at, times(x[at]!, repeats?.[0] ?? null)));
  }
  const list = operation.elements(0);
  const count = repeats?.length === 1 ? repeats[0]! : null;
  const shape = x !== null && repeats === undefined ? x.map(() => null) : tiled(x, repeats);
  if (list === undefined || count === null || count > MAX_ELEMENTS || list.length * count > MAX_ELEMENTS)
    return free(shape);
  return one(computed(shape, Array.from({ length: count }, () => list).flat(), operation.inputs[0]?.isFloat));
};

/** Lengths are rounded down in the precision of the scales, f32. */
const scaled = (length: Axis, scale: Axis): Axis =>
  length === null || scale === null ? null : Math.floor(Math.fround(Math.fround(length) * Math.fround(scale)));

const resize: Rule = (operation) => {
  const x = operation.shape(0);
  if (x === null) return free(null);
  const isTen = operation.node.inputs.length === 2;
  const floats = operation.attribute('scales');
  const scales = Array.isArray(floats) ? (floats as readonly number[]) : operation.elements(isTen ? 1 : 2);
  const sizes = isTen || !operation.has(3) ? undefined : operation.elements(3);
  const at = (operation.ints('axes') ?? x.map((_, axis) => axis)).map((axis) => axisAt(axis, x.length));
  const unknown = (): Outcome => free(x.map((length, axis) => (at.includes(axis) ? null : length)));
  if (at.includes(null)) return free(null);
  const shape: Axis[] = [...x];
  if (sizes !== undefined && sizes.length === at.length) {
    const policy = operation.text('keep_aspect_ratio_policy', 'stretch');
    const ratios = at.map((axis, index) => ratio(sizes[index]!, x[axis!]!));
    const joint = policy === 'not_larger' ? Math.min : Math.max;
    const scale = policy === 'stretch' || ratios.includes(null) ? null : joint(...(ratios as number[]));
    if (policy !== 'stretch' && scale === null) return unknown();
    for (const [index, axis] of at.entries())
      shape[axis!] = scale === null ? sizes[index]! : Math.round(scale * x[axis!]!);
    return free(shape);
  }
  if (scales === undefined || scales.length !== at.length) return unknown();
  for (const [index, axis] of at.entries()) shape[axis!] = scaled(x[axis!]!, scales[index]!);
  return free(shape);
};

const ratio = (size: Axis, length: Axis): Axis =>
  size === null || length === null || length === 0 ? null : size / length;

/** Early opsets of Upsample have `height_scale` and `width_scale`. */
const upsample: Rule = (operation) => {
  const x = operation.shape(0);
  const [height, width] = [operation.attribute('height_scale'), operation.attribute('width_scale')];
  if (typeof height === 'number' && typeof width === 'number' && x?.length === 4)
    return free([x[0]!, x[1]!, scaled(x[2]!, height), scaled(x[3]!, width)]);
  return resize(operation);
};

/** What an axis is cut or filled to, centred. */
const centerCropPad: Rule = (operation) => {
  const x = operation.shape(0);
  const sizes = operation.elements(1);
  if (x === null || sizes === undefined) return free(x?.map(() => null) ?? null);
  const at = (operation.ints('axes') ?? x.map((_, axis) => axis)).map((axis) => axisAt(axis, x.length));
  if (at.includes(null) || at.length !== sizes.length) return free(null);
  return free(x.map((length, axis) => (at.includes(axis) ? sizes[at.indexOf(axis)]! : length)));
};

const shapeOf: Rule = (operation) => {
  const x = operation.shape(0);
  if (x === null) return free([null]);
  const bound = (name: string, otherwise: number): number => {
    const at = operation.int(name, otherwise);
    return Math.min(Math.max(at < 0 ? at + x.length : at, 0), x.length);
  };
  const list = x.slice(bound('start', 0), bound('end', x.length));
  return one(computed([list.length], list));
};

const constantOfShape: Rule = (operation) => {
  const shape = sizesOf(operation, 0) ?? null;
  const count = elementsOf(shape);
  const value = operation.attribute('value');
  if (count === null || count > MAX_ELEMENTS) return free(shape);
  return one(computed(shape, new Array<Axis>(count).fill(typeof value === 'number' ? value : 0)));
};

const range: Rule = (operation) => {
  const [begin, end, step] = [0, 1, 2].map((index) => operation.numbers(index)?.[0]);
  if (begin === undefined || end === undefined || step === undefined || step === 0) return free([null]);
  const count = Math.max(0, Math.ceil((end - begin) / step));
  if (count > MAX_ELEMENTS) return free([count]);
  const elements = Array.from({ length: count }, (_, i) => begin + i * step);
  return one(computed([count], elements, operation.inputs[0]?.isFloat));
};

const oneHot: Rule = (operation) => {
  const x = operation.shape(0);
  const depth = operation.elements(1)?.[0] ?? null;
  const axis = operation.int('axis', -1);
  if (x === null) return free(null);
  const at = axisAt(axis, x.length + 1);
  return free(at === null ? null : [...x.slice(0, at), depth, ...x.slice(at)]);
};

const topK: Rule = (operation) => {
  const x = operation.shape(0);
  const at = axisAt(operation.int('axis', -1), x?.length ?? 0);
  const k = operation.attribute('k');
  const count = typeof k === 'number' ? k : (operation.elements(1)?.[0] ?? null);
  const shape = x === null || at === null ? null : withAxis(x, at, count);
  return free(shape, shape);
};

const argument: Rule = (operation) =>
  free(reduced(operation.shape(0), [operation.int('axis', 0)], operation.int('keepdims', 1) !== 0));

const depthToSpace =
  (toSpace: boolean): Rule =>
  (operation) =>
    free(blocked(operation.shape(0), operation.int('blocksize', 0), toSpace, 1, [2, 3]));

const gridSample: Rule = (operation) => {
  const [x, grid] = [operation.shape(0), operation.shape(1)];
  return free(x === null || grid === null || grid.length !== x.length ? null : [x[0]!, x[1]!, ...grid.slice(1, -1)]);
};

/** A reduction along axes of an attribute or an input; without either, along all. */
const reduction =
  (fold: ((list: readonly Axis[]) => Axis) | null): Rule =>
  (operation) => {
    const x = operation.shape(0);
    const keep = operation.int('keepdims', 1) !== 0;
    const axes = axesOf(operation, 'axes', 1);
    if (axes === null || x === null) return free(keep && x !== null ? x.map(() => null) : null);
    const isNoop = (axes === undefined || axes.length === 0) && operation.flag('noop_with_empty_axes');
    if (isNoop) return kept(operation, x);
    const all = x.map((_, axis) => axis);
    const shape = reduced(x, axes === undefined || axes.length === 0 ? all : axes, keep);
    const list = operation.elements(0);
    if (fold === null || list === undefined || elementsOf(shape) !== 1) return free(shape);
    return one(computed(shape, [fold(list)], operation.inputs[0]?.isFloat));
  };

const folded =
  (combine: (a: number, b: number) => number, start: number) =>
  (list: readonly Axis[]): Axis =>
    list.reduce<Axis>((result, item) => (result === null || item === null ? null : combine(result, item)), start);

/** Sequences have no shape, and what is found at run time has a length that is not known before. No multiply-accumulates. */
const opaque = [
  'SequenceAt',
  'SequenceConstruct',
  'SequenceEmpty',
  'SequenceErase',
  'SequenceInsert',
  'SplitToSequence',
  'ConcatFromSequence',
  'StringNormalizer',
  'TfIdfVectorizer',
  'StringSplit',
];

export const layouts: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Gather: gather,
  GatherElements: (operation) => free(operation.shape(1)),
  GatherND: (operation) => free(gatheredND(operation.shape(0), operation.shape(1), operation.int('batch_dims', 0))),
  Pad: pad,
  Expand: expand,
  Tile: tile,
  Resize: resize,
  Upsample: upsample,
  CenterCropPad: centerCropPad,
  Shape: shapeOf,
  Size: (operation) => one(computed([], [elementsOf(operation.shape(0))])),
  ConstantOfShape: constantOfShape,
  Range: range,
  OneHot: oneHot,
  TopK: topK,
  ArgMax: argument,
  ArgMin: argument,
  DepthToSpace: depthToSpace(true),
  SpaceToDepth: depthToSpace(false),
  GridSample: gridSample,
  NonZero: (operation) => free([operation.rank(0), null]),
  NonMaxSuppression: () => free([null, 3]),
  Compress: (operation) => free(picked(operation)),
  Unique: (operation) => free(picked(operation), [null], [null], [null]),
  Multinomial: (operation) => free([operation.axis(0, 0), operation.int('sample_size', 1)]),
  RandomNormal: (operation) => free(operation.ints('shape') ?? null),
  RandomUniform: (operation) => free(operation.ints('shape') ?? null),
  BlackmanWindow: (operation) => free([operation.elements(0)?.[0] ?? null]),
  HammingWindow: (operation) => free([operation.elements(0)?.[0] ?? null]),
  HannWindow: (operation) => free([operation.elements(0)?.[0] ?? null]),
  OptionalHasElement: () => free([]),
  SequenceLength: () => free([]),
  RegexFullMatch: (operation) => free(operation.shape(0)),
  StringConcat: (operation) => free(broadcast([operation.shape(0), operation.shape(1)])),
  NegativeLogLikelihoodLoss: (operation) => loss(operation, null),
  SoftmaxCrossEntropyLoss: (operation) => loss(operation, operation.shape(0)),
  ReduceL1: reduction(null),
  ReduceL2: reduction(null),
  ReduceLogSum: reduction(null),
  ReduceLogSumExp: reduction(null),
  ReduceMax: reduction(folded(Math.max, Number.NEGATIVE_INFINITY)),
  ReduceMean: reduction(null),
  ReduceMin: reduction(folded(Math.min, Number.POSITIVE_INFINITY)),
  ReduceProd: reduction(folded((a, b) => a * b, 1)),
  ReduceSum: reduction(folded((a, b) => a + b, 0)),
  ReduceSumSquare: reduction(null),
  ...Object.fromEntries(opaque.map((name): [string, Rule] => [name, () => free()])),
};

/** As many as are chosen at run time: along an axis, or of all elements in one list. */
function picked(operation: Operation): PartialShape {
  if (operation.attribute('axis') === undefined) return [null];
  const x = operation.shape(0);
  const at = axisAt(operation.int('axis', 0), x?.length ?? 0);
  return x === null || at === null ? null : withAxis(x, at, null);
}

function loss(operation: Operation, logProbabilities: PartialShape): Outcome {
  const perItem = operation.text('reduction', 'mean') === 'none';
  return free(perItem ? operation.shape(1) : [], logProbabilities);
}
