import { type Binary, mapped, zipped } from '../folding.js';
import { computed, free, type Known, type Operation, type Rule } from '../operation.js';
import { broadcast, type PartialShape } from '../shape.js';

const names = (text: string): readonly string[] => text.split(/\s+/);

/** Operators whose first output has the shape of their first input. No multiply-accumulates by convention. */
const SAME = names(
  `Acos Acosh Asin Asinh Atan Atanh Bernoulli BitCast BitwiseNot Celu Clip Cos Cosh CumProd CumSum DequantizeLinear Elu Erf Exp EyeLike Gelu
  GroupNormalization HardSigmoid HardSwish Hardmax ImageScaler InstanceNormalization IsInf IsNaN LRN LeakyRelu Log LogSoftmax LpNormalization
  MeanVarianceNormalization Mish Optional OptionalGetElement PRelu ParametricSoftplus QuantizeLinear RMSNormalization RandomNormalLike
  RandomUniformLike Reciprocal ReverseSequence RotaryEmbedding Scale ScaledTanh Scatter ScatterElements ScatterND Selu Shrink Sigmoid
  Sign SimplifiedLayerNormalization Sin Sinh Softmax Softplus Softsign SwiGLU Swish Tan Tanh TensorScatter ThresholdedRelu Trilu Affine`,
);

/** Operators whose output has the shape that their inputs have together. */
const BROADCAST: Readonly<Record<string, Binary | null>> = {
  Add: (a, b) => a + b,
  And: (a, b) => Number(a !== 0 && b !== 0),
  BitShift: null,
  BitwiseAnd: null,
  BitwiseOr: null,
  BitwiseXor: null,
  Div: (a, b) => a / b,
  Equal: (a, b) => Number(a === b),
  Greater: (a, b) => Number(a > b),
  GreaterOrEqual: (a, b) => Number(a >= b),
  Less: (a, b) => Number(a < b),
  LessOrEqual: (a, b) => Number(a <= b),
  Max: Math.max,
  Mean: null,
  Min: Math.min,
  Mod: (a, b) => a - Math.floor(a / b) * b,
  Mul: (a, b) => a * b,
  Or: (a, b) => Number(a !== 0 || b !== 0),
  Pow: (a, b) => a ** b,
  Sub: (a, b) => a - b,
  Sum: (a, b) => a + b,
  Xor: (a, b) => Number((a !== 0) !== (b !== 0)),
};

const COMPARISONS = new Set(['And', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Or', 'Xor']);

/** Functions of one input that sizes go through. */
const UNARY: Readonly<Record<string, (x: number) => number>> = {
  Abs: Math.abs,
  Ceil: Math.ceil,
  Floor: Math.floor,
  Identity: (x) => x,
  Neg: (x) => -x,
  Not: (x) => Number(x === 0),
  Relu: (x) => Math.max(x, 0),
  Round: roundHalfEven,
  Sqrt: Math.sqrt,
};

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Data types of ONNX (TensorProto.DataType) that are no whole numbers. */
const FLOATS = new Set([1, 10, 11, 16]);
const BOOL = 9;

function same(operation: Operation): Known {
  return { shape: operation.shape(0) };
}

const unary =
  (change: (x: number) => number): Rule =>
  (operation) => {
    const float = operation.inputs[0]?.isFloat ?? false;
    const elements = mapped(operation.elements(0), float ? (x) => Math.fround(change(x)) : change);
    return { outputs: [computed(operation.shape(0), elements, float)], macs: 0 };
  };

function combined(operation: Operation, combine: Binary | null): Known {
  const { node, inputs } = operation;
  // Before opset 7 the second operand was laid over the first, which keeps its shape.
  if (operation.attribute('axis') !== undefined || operation.attribute('broadcast') !== undefined)
    return same(operation);
  const shape = broadcast(inputs.map((input) => input.shape));
  if (combine === null || inputs.length === 0 || inputs.some(({ elements }) => elements === undefined))
    return { shape };
  const isFloat = inputs.some((input) => input.isFloat === true);
  const rounded: Binary = isFloat
    ? (a, b) => Math.fround(combine(a, b))
    : node.operator === 'Div'
      ? (a, b) => Math.trunc(a / b)
      : combine;
  const [first, ...others] = inputs.map(({ elements }) => elements);
  const elements = others.reduce((left, right) => zipped(left, right, rounded), first);
  return computed(shape, elements, isFloat && !COMPARISONS.has(node.operator));
}

/** Source: operator specification of ONNX 1.23. */
export const elementwise: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(SAME.map((name): [string, Rule] => [name, (operation) => free(operation.shape(0))])),
  ...Object.fromEntries(Object.entries(UNARY).map(([name, change]) => [name, unary(change)])),
  ...Object.fromEntries(
    Object.entries(BROADCAST).map(([name, combine]): [string, Rule] => [
      name,
      (operation) => ({ outputs: [combined(operation, combine)], macs: 0 }),
    ]),
  ),
  Cast: (operation) => {
    const to = operation.int('to', 0);
    const change = to === BOOL ? (x: number) => Number(x !== 0) : FLOATS.has(to) ? Math.fround : Math.trunc;
    return {
      outputs: [computed(operation.shape(0), mapped(operation.elements(0), change), FLOATS.has(to))],
      macs: 0,
    };
  },
  CastLike: (operation) => free(operation.shape(0)),
  Where: (operation) => {
    const shape = broadcast([operation.shape(0), operation.shape(1), operation.shape(2)]);
    const [condition, yes, no] = [0, 1, 2].map((index) => operation.elements(index));
    if (condition === undefined || yes === undefined || no === undefined) return free(shape);
    const length = Math.max(condition.length, yes.length, no.length);
    const at = (list: readonly (number | null)[], index: number) => list[list.length === 1 ? 0 : index] ?? null;
    const elements = Array.from({ length }, (_, index) => {
      const chosen = at(condition, index);
      return chosen === null ? null : at(chosen !== 0 ? yes : no, index);
    });
    return { outputs: [computed(shape, elements, operation.inputs[1]?.isFloat)], macs: 0 };
  },
  Dropout: (operation) => free(operation.shape(0), operation.shape(0)),
  DynamicQuantizeLinear: (operation) => free(operation.shape(0), [], []),
  BatchNormalization: (operation) => {
    const channels: PartialShape = operation.shape(1);
    return free(operation.shape(0), channels, channels, channels, channels);
  },
  LayerNormalization: (operation) => {
    const x = operation.shape(0);
    const axis = operation.int('axis', -1);
    const first = x === null ? 0 : axis < 0 ? axis + x.length : axis;
    const moments = x?.map((length, at) => (at >= first ? 1 : length)) ?? null;
    return free(x, moments, moments);
  },
};
