import { type Binary, mapped, zipped } from '../folding.js';
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
import {
  computed,
  free,
  type Known,
  MAX_ELEMENTS,
  type Operation,
  type Outcome,
  type Rule,
  shaped,
} from '../operation.js';
import { type Axis, axisAt, broadcast, elementsOf, type PartialShape, plus, withAxis } from '../shape.js';
import { stridedSlice } from '../strided.js';

const one = (output: Known): Outcome => ({ outputs: [output], macs: 0 });

const kept = (operation: Operation, shape: PartialShape): Outcome =>
  one(computed(shape, operation.elements(0), operation.inputs[0]?.isFloat));

/** Element-wise, on sizes as well. */
const arithmetic =
  (combine: Binary): Rule =>
  (operation) => {
    const shape = broadcast(operation.inputs.map((input) => input.shape));
    const isFloat = operation.inputs.some((input) => input.isFloat === true);
    const whole: Binary = (a, b) => (isFloat ? Math.fround(combine(a, b)) : Math.trunc(combine(a, b)));
    return one(computed(shape, zipped(operation.elements(0), operation.elements(1), whole), isFloat));
  };

const reshape: Rule = (operation) => {
  const sizes = operation.has(1) ? operation.elements(1) : operation.ints('new_shape');
  return kept(operation, reshaped(operation.shape(0), sizes, false));
};

const reduction =
  (fold: ((a: number, b: number) => number) | null): Rule =>
  (operation) => {
    const axes = operation.numbers(1);
    const x = operation.shape(0);
    const shape = axes === undefined ? null : reduced(x, axes, operation.flag('keep_dims'));
    const list = operation.elements(0);
    if (fold === null || list === undefined || list.length === 0 || elementsOf(shape) !== 1) return free(shape);
    const [first, ...rest] = list;
    const combined = rest.reduce<Axis>((a, b) => (a === null || b === null ? null : fold(a, b)), first!);
    return one(computed(shape, [combined], operation.inputs[0]?.isFloat));
  };

const concatenation: Rule = (operation) => {
  const shape = concatenated(
    operation.inputs.map((input) => input.shape),
    operation.int('axis', 0),
  );
  const lists = operation.inputs.map(({ elements }) => elements);
  if (shape?.length !== 1 || lists.length > MAX_ELEMENTS || lists.includes(undefined)) return free(shape);
  return one(computed(shape, (lists as (readonly Axis[])[]).flat(), operation.inputs[0]?.isFloat));
};

const pack: Rule = (operation) => {
  const first = operation.inputs.find(({ shape }) => shape !== null)?.shape ?? null;
  const count = operation.inputs.length;
  const at = first === null ? null : axisAt(operation.int('axis', 0), first.length + 1);
  const shape = first === null || at === null ? null : [...first.slice(0, at), count, ...first.slice(at)];
  if (first?.length !== 0 || count > MAX_ELEMENTS) return free(shape);
  return one(
    computed(
      shape,
      operation.inputs.map(({ elements }) => elements?.[0] ?? null),
      operation.inputs[0]?.isFloat,
    ),
  );
};

const unpack: Rule = (operation) => {
  const shape = reduced(operation.shape(0), [operation.int('axis', 0)], false);
  return { outputs: operation.node.outputs.map(() => shaped(shape)), macs: 0 };
};

/** Pads come as a matrix of two columns: before and behind each axis. */
const pad: Rule = (operation) => {
  const pads = operation.elements(1);
  if (pads === undefined) return free(operation.shape(0)?.map(() => null) ?? null);
  const column = (at: number): readonly Axis[] => pads.filter((_, index) => index % 2 === at);
  return free(padded(operation.shape(0), column(0), column(1)));
};

const slice: Rule = (operation) => {
  const x = operation.shape(0);
  const [begins, sizes] = [operation.elements(1), operation.elements(2)];
  if (x === null) return free(null);
  const shape = x.map((length, axis): Axis => {
    const size = sizes?.[axis] ?? null;
    const begin = begins?.[axis] ?? null;
    if (size !== -1) return size;
    return length === null || begin === null ? null : length - begin;
  });
  const [begin, count] = [begins?.[0] ?? null, shape[0] ?? null];
  const list = x.length === 1 && begin !== null && count !== null ? operation.elements(0) : undefined;
  return one(computed(shape, list?.slice(begin!, begin! + count!), operation.inputs[0]?.isFloat));
};

const split =
  (xAt: number, axisInput: number, sizesAt: number | null): Rule =>
  (operation) => {
    const x = operation.shape(xAt);
    const at = axisAt(operation.numbers(axisInput)?.[0], x?.length ?? 0);
    const outputs = operation.node.outputs;
    if (x === null || at === null) return free();
    const sizes = sizesAt === null ? undefined : operation.elements(sizesAt);
    const known = sizes?.every((size) => size !== null && size >= 0) === true;
    const rest = (): Axis => {
      const others = plus(...(sizes ?? []).filter((size) => size !== -1));
      return x[at] === null || others === null ? null : x[at]! - others;
    };
    const lengthOf = (index: number): Axis => {
      if (sizesAt === null) return x[at] === null ? null : Math.floor(x[at]! / outputs.length);
      const size = sizes?.[index] ?? null;
      return size === -1 && !known ? rest() : size;
    };
    return { outputs: outputs.map((_, index) => shaped(withAxis(x, at, lengthOf(index)))), macs: 0 };
  };

const gather: Rule = (operation) => {
  const batch = operation.int('batch_dims', 0);
  const axis = operation.int('axis', 0);
  const shape = gathered(operation.shape(0), operation.shape(1), axis, batch);
  const [list, picks] = [operation.elements(0), operation.elements(1)];
  if (operation.rank(0) !== 1 || list === undefined || picks === undefined) return free(shape);
  return one(
    computed(
      shape,
      picks.map((pick) => (pick === null ? null : (list[pick] ?? null))),
      operation.inputs[0]?.isFloat,
    ),
  );
};

const resize: Rule = (operation) => {
  const x = operation.shape(0);
  const size = operation.elements(1);
  return free(x?.length === 4 ? [x[0]!, size?.[0] ?? null, size?.[1] ?? null, x[3]!] : null);
};

const argument: Rule = (operation) => {
  const axis = operation.numbers(1)?.[0];
  return free(axis === undefined ? null : reduced(operation.shape(0), [axis], false));
};

const oneHot: Rule = (operation) => {
  const x = operation.shape(0);
  const at = x === null ? null : axisAt(operation.int('axis', -1), x.length + 1);
  return free(
    x === null || at === null ? null : [...x.slice(0, at), operation.elements(1)?.[0] ?? null, ...x.slice(at)],
  );
};

const topK: Rule = (operation) => {
  const x = operation.shape(0);
  const shape = x === null || x.length === 0 ? null : withAxis(x, x.length - 1, operation.elements(1)?.[0] ?? null);
  return free(shape, shape);
};

/** Blocks of space become batches, after padding; or the other way round, then cropping. */
const batchBlocks =
  (toBatch: boolean): Rule =>
  (operation) => {
    const x = operation.shape(0);
    const block = operation.numbers(1);
    const edges = operation.numbers(2);
    if (x === null || block === undefined || edges === undefined || x.length <= block.length) return free(null);
    if (edges.length !== 2 * block.length || block.some((length) => length < 1)) return free(null);
    const area = block.reduce((product, length) => product * length, 1);
    const shape = x.map((length, axis): Axis => {
      if (length === null) return null;
      if (axis === 0) return toBatch ? length * area : Math.floor(length / area);
      const side = block[axis - 1];
      if (side === undefined) return length;
      const edge = edges[2 * axis - 2]! + edges[2 * axis - 1]!;
      return toBatch ? Math.floor((length + edge) / side) : length * side - edge;
    });
    return free(shape);
  };

const space =
  (toSpace: boolean): Rule =>
  (operation) =>
    free(blocked(operation.shape(0), operation.int('block_size', 0), toSpace, 3, [1, 2]));

const range: Rule = (operation) => {
  const [begin, end, step] = [0, 1, 2].map((index) => operation.numbers(index)?.[0]);
  if (begin === undefined || end === undefined || !step) return free([null]);
  return free([Math.max(0, Math.ceil((end - begin) / step))]);
};

/** Source: the kernels of TensorFlow Lite 2.21. */
export const layouts: Readonly<Record<string, Rule>> = {
  ADD: arithmetic((a, b) => a + b),
  SUB: arithmetic((a, b) => a - b),
  MUL: arithmetic((a, b) => a * b),
  DIV: arithmetic((a, b) => a / b),
  FLOOR_DIV: arithmetic((a, b) => Math.floor(a / b)),
  MAXIMUM: arithmetic(Math.max),
  MINIMUM: arithmetic(Math.min),
  CAST: (operation) => one(computed(operation.shape(0), mapped(operation.elements(0), Math.trunc))),
  RESHAPE: reshape,
  TRANSPOSE: (operation) => free(permuted(operation.shape(0), operation.numbers(1))),
  CONCATENATION: concatenation,
  PACK: pack,
  UNPACK: unpack,
  PAD: pad,
  PADV2: pad,
  MIRROR_PAD: pad,
  SLICE: slice,
  STRIDED_SLICE: (operation) => one(stridedSlice(operation)),
  SPLIT: split(1, 0, null),
  SPLIT_V: split(0, 2, 1),
  SQUEEZE: (operation) => kept(operation, squeezed(operation.shape(0), operation.ints('squeeze_dims'))),
  EXPAND_DIMS: (operation) => {
    const axis = operation.numbers(1);
    return kept(operation, axis === undefined ? null : unsqueezed(operation.shape(0), axis));
  },
  TILE: (operation) => free(tiled(operation.shape(0), operation.elements(1))),
  BROADCAST_TO: (operation) => free(operation.elements(1) ?? null),
  FILL: (operation) => free(operation.elements(0) ?? null),
  SHAPE: (operation) => {
    const x = operation.shape(0);
    return x === null ? free([null]) : one(computed([x.length], x));
  },
  RANK: (operation) => one(computed([], [operation.rank(0)])),
  GATHER: gather,
  GATHER_ND: (operation) => free(gatheredND(operation.shape(0), operation.shape(1), 0)),
  EMBEDDING_LOOKUP: (operation) => free(gathered(operation.shape(1), operation.shape(0), 0)),
  RESIZE_BILINEAR: resize,
  RESIZE_NEAREST_NEIGHBOR: resize,
  MEAN: reduction(null),
  SUM: reduction((a, b) => a + b),
  REDUCE_MAX: reduction(Math.max),
  REDUCE_MIN: reduction(Math.min),
  REDUCE_PROD: reduction((a, b) => a * b),
  REDUCE_ANY: reduction(null),
  REDUCE_ALL: reduction(null),
  ARG_MAX: argument,
  ARG_MIN: argument,
  ONE_HOT: oneHot,
  TOPK_V2: topK,
  BATCH_TO_SPACE_ND: batchBlocks(false),
  SPACE_TO_BATCH_ND: batchBlocks(true),
  DEPTH_TO_SPACE: space(true),
  SPACE_TO_DEPTH: space(false),
  RANGE: range,
};
