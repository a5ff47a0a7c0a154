import { type GraphNode, tensorflowShapes } from '@espalier/checkpoint';
import { type Binary, mapped, zipped } from '../folding.js';
import { reshaped } from '../layout.js';
import { einsum } from '../onnx/matrix.js';
import { computed, type Known, MAX_ELEMENTS, type Operation, type Outcome, type Rule, shaped } from '../operation.js';
import { type Axis, axisAt, elementsOf, type PartialShape, times, withAxis } from '../shape.js';
import { stridedSlice } from '../strided.js';

/** Operators without multiply-accumulates by convention. Source: tensorflow/core/ops. */
const FREE: ReadonlySet<string> = new Set(
  `Abs Acos Acosh Add AddN AddV2 All Any ArgMax ArgMin Asin Asinh Assert AssignVariableOp Atan Atan2 Atanh AvgPool AvgPool3D BatchToSpaceND BiasAdd
  BiasAddV1 Bitcast BooleanMask BroadcastTo Cast Ceil Clip ClipByValue Concat ConcatV2 Const Cos Cosh CropAndResize Cumprod Cumsum DenseBincount
  DepthToSpace Dequantize Diag Div DivNoNan DynamicStitch Elu Empty EnsureShape Enter Equal Erf Erfc Exit Exp ExpandDims Expm1 FakeQuantWithMinMaxVars
  FakeQuantWithMinMaxVarsPerChannel Fill Floor FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2 Gelu
  Greater GreaterEqual GuaranteeConst HashTable HashTableV2 Identity IdentityN Inv InvertPermutation IsFinite IsInf IsNan L2Loss LRN LeakyRelu Less
  LessEqual LinSpace Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr LogicalXor LookupTableFindV2 LookupTableSizeV2 LoopCond LowerBound Max
  MaxPool MaxPool3D MaxPoolWithArgmax MaxPoolV2 Maximum Mean Merge Min Minimum MirrorPad Mish Mod Mul MulNoNan Multinomial Neg NextIteration NoOp
  NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 NotEqual OneHot OnesLike Pack Pad PadV2 ParseExampleV2 Placeholder
  PlaceholderWithDefault Pow Prelu PreventGradient Print Prod QuantizeV2 RaggedGather RaggedRange RaggedTensorToTensor RandomStandardNormal
  RandomUniform RandomUniformInt Range Rank ReadVariableOp RealDiv Reciprocal Relu Relu6 ReluN1To1 Reshape ResizeBicubic ResizeBilinear
  ResizeNearestNeighbor Reverse ReverseSequence ReverseV2 Rint Roll Round Rsqrt ScatterNd Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Sinh Size
  Slice Snapshot Softmax Softplus Softsign SpaceToBatchND SpaceToDepth SparseFillEmptyRows SparseReshape SparseSegmentMean SparseSegmentSqrtN
  SparseSegmentSum SparseToDense Split SplitV Sqrt Square SquaredDifference Squeeze StaticRegexReplace StatefulUniform StopGradient StridedSlice
  StringJoin StringLower StringNGrams StringSplitV2 StringToHashBucketFast Sub Sum Swish Switch Tan Tanh TensorArrayV3 TensorListConcatV2
  TensorListFromTensor TensorListGather TensorListGetItem TensorListLength TensorListReserve TensorListSetItem TensorListSplit TensorListStack
  TensorListScatterV2 TensorScatterUpdate Tile TopK TopKV2 Transpose TruncateDiv Unique UniqueV2 Unpack UnsortedSegmentSum UpperBound VarHandleOp
  VarIsInitializedOp Variable VariableV2 Where Xdivy Xlogy ZerosLike _FusedBatchNormEx LegacyFedInput`.split(/\s+/),
);

/** What of the second operand each output element meets. */
const PER_OUTPUT: Readonly<Record<string, (weight: readonly Axis[], operation: Operation) => Axis>> = {
  ...Object.fromEntries(
    ['Conv1D', 'Conv2D', 'Conv3D', '_FusedConv2D', 'FusedConv2D'].map((name) => [
      name,
      (weight: readonly Axis[]) => times(...weight.slice(0, -1)),
    ]),
  ),
  ...Object.fromEntries(
    ['DepthwiseConv2d', 'DepthwiseConv2dNative', 'FusedDepthwiseConv2dNative', '_FusedDepthwiseConv2dNative'].map(
      (name) => [name, (weight: readonly Axis[]) => times(...weight.slice(0, -2))],
    ),
  ),
  ...Object.fromEntries(
    ['MatMul', '_FusedMatMul', 'FusedMatMul'].map((name) => [
      name,
      (weight: readonly Axis[], operation: Operation) =>
        operation.axis(0, operation.flag('transpose_a') ? -2 : -1) ??
        weight.at(operation.flag('transpose_b') ? -1 : -2) ??
        null,
    ]),
  ),
  ...Object.fromEntries(
    ['BatchMatMul', 'BatchMatMulV2', 'BatchMatMulV3'].map((name) => [
      name,
      (weight: readonly Axis[], operation: Operation) =>
        operation.axis(0, operation.flag('adj_x') ? -2 : -1) ?? weight.at(operation.flag('adj_y') ? -1 : -2) ?? null,
    ]),
  ),
};

/** Transposed convolutions: each element of the input meets the kernel once for every output channel. */
const TRANSPOSED: ReadonlySet<string> = new Set(['Conv2DBackpropInput', 'Conv3DBackpropInputV2']);

const binary =
  (combine: Binary): ((operation: Operation) => readonly Axis[] | undefined) =>
  (operation) =>
    zipped(operation.elements(0), operation.elements(1), combine);

const isFloat = (operation: Operation): boolean => operation.inputs.some((input) => input.isFloat === true);
const list = (operation: Operation): readonly Axis[] | undefined => operation.elements(0);
const total =
  (combine: Binary) =>
  (operation: Operation): readonly Axis[] | undefined => {
    const [first, ...rest] = list(operation) ?? [];
    if (first === undefined) return undefined;
    return [rest.reduce<Axis>((a, b) => (a === null || b === null ? null : combine(a, b)), first)];
  };

/** Operators that sizes are computed with: the elements of their output. */
const FOLDS: Readonly<Record<string, (operation: Operation) => readonly Axis[] | undefined>> = {
  Add: binary((a, b) => a + b),
  AddV2: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  FloorDiv: binary((a, b) => Math.floor(a / b)),
  RealDiv: (operation) => (isFloat(operation) ? binary((a, b) => Math.fround(a / b))(operation) : undefined),
  Maximum: binary(Math.max),
  Minimum: binary(Math.min),
  Neg: (operation) => mapped(list(operation), (x) => -x),
  Cast: (operation) =>
    /FLOAT|HALF/.test(operation.text('DstT', 'DT_FLOAT')) ? list(operation) : mapped(list(operation), Math.trunc),
  Identity: list,
  Reshape: list,
  ExpandDims: list,
  Squeeze: list,
  Prod: total((a, b) => a * b),
  Sum: total((a, b) => a + b),
  Max: total(Math.max),
  Min: total(Math.min),
  Pack: ({ inputs }) =>
    inputs.length <= MAX_ELEMENTS && inputs.every(({ shape }) => shape?.length === 0)
      ? inputs.map(({ elements }) => elements?.[0] ?? null)
      : undefined,
  ConcatV2: ({ inputs }) => {
    const lists = inputs.slice(0, -1).map(({ elements, shape }) => (shape?.length === 1 ? elements : undefined));
    return lists.length > MAX_ELEMENTS || lists.includes(undefined) ? undefined : (lists as Axis[][]).flat();
  },
  GatherV2: (operation) => {
    const elements = operation.rank(0) === 1 ? list(operation) : undefined;
    return elements === undefined
      ? undefined
      : operation.elements(1)?.map((pick) => (pick === null ? null : (elements[pick] ?? null)));
  },
  Fill: (operation) => {
    const [value] = operation.elements(1) ?? [];
    const count = elementsOf(operation.elements(0) ?? null);
    return value === undefined || count === null || count > MAX_ELEMENTS
      ? undefined
      : new Array<Axis>(count).fill(value);
  },
};

/** Shapes that depend on values which the rules of the format do not compute with. */
const SHAPES: Readonly<Record<string, (operation: Operation) => Known>> = {
  StridedSlice: stridedSlice,
  Reshape: (operation) => shaped(reshaped(operation.shape(0), operation.elements(1) ?? unknownSizes(operation), false)),
  Fill: (operation) => shaped(operation.elements(0) ?? null),
  BroadcastTo: (operation) => shaped(operation.elements(1) ?? null),
  Shape: (operation) => {
    const x = operation.shape(0);
    return x === null ? shaped([null]) : computed([x.length], x);
  },
  Size: (operation) => computed([], [elementsOf(operation.shape(0))]),
  Rank: (operation) => computed([], [operation.rank(0)]),
  Slice: (operation) => {
    const x = operation.shape(0);
    const [begins, sizes] = [operation.elements(1), operation.elements(2)];
    const shape = x?.map((length, axis): Axis => {
      const size = sizes?.[axis] ?? null;
      const begin = begins?.[axis] ?? null;
      return size !== -1 ? size : length === null || begin === null ? null : length - begin;
    });
    return shaped(shape ?? null);
  },
  Range: (operation) => {
    const [begin, end, step] = [0, 1, 2].map((index) => operation.numbers(index)?.[0]);
    const count =
      begin === undefined || end === undefined || !step ? null : Math.max(0, Math.ceil((end - begin) / step));
    return shaped([count]);
  },
  OneHot: (operation) => {
    const x = operation.shape(0);
    const at = x === null ? null : axisAt(operation.int('axis', -1), x.length + 1);
    return shaped(
      x === null || at === null ? null : [...x.slice(0, at), operation.elements(1)?.[0] ?? null, ...x.slice(at)],
    );
  },
  ResizeBicubic: (operation) => {
    const [x, size] = [operation.shape(0), operation.elements(1)];
    return shaped(x?.length === 4 ? [x[0]!, size?.[0] ?? null, size?.[1] ?? null, x[3]!] : null);
  },
  TopKV2: (operation) => {
    const x = operation.shape(0);
    return shaped(x === null || x.length === 0 ? null : withAxis(x, x.length - 1, operation.elements(1)?.[0] ?? null));
  },
  GatherNd: (operation) => {
    const [x, indices] = [operation.shape(0), operation.shape(1)];
    const depth = indices?.at(-1) ?? null;
    return shaped(
      x === null || indices === null || depth === null || depth > x.length
        ? null
        : [...indices.slice(0, -1), ...x.slice(depth)],
    );
  },
};

function unknownSizes(operation: Operation): readonly Axis[] | undefined {
  const count = operation.rank(1) === 1 ? operation.axis(1, 0) : null;
  return count === null || count > MAX_ELEMENTS ? undefined : new Array<Axis>(count).fill(null);
}

/** Shapes as the format's own rules infer them, here from inputs at the batch that is counted for. */
function shapesOf(operation: Operation): readonly Known[] {
  const { node, inputs } = operation;
  if (Object.hasOwn(SHAPES, node.operator)) return [SHAPES[node.operator]!(operation)];
  if (node.operator === 'Unpack') return unpacked(operation);
  if (node.operator === 'IdentityN') return node.outputs.map((name) => inputs[indexOf(name)] ?? { shape: null });
  return tensorflowShapes(
    node,
    inputs.map(({ shape }) => shape),
    (index) => operation.numbers(index < 0 ? inputs.length + index : index),
  ).map(shaped);
}

/** Which output of its operator a value is, by its name. */
const indexOf = (name: string): number => Number(/:(\d+)$/.exec(name)?.[1] ?? 0);

function unpacked(operation: Operation): readonly Known[] {
  const x = operation.shape(0);
  const at = axisAt(operation.int('axis', 0), x?.length ?? 0);
  const shape: PartialShape = x === null || at === null ? null : x.filter((_, axis) => axis !== at);
  return operation.node.outputs.map(() => shaped(shape));
}

const rule: Rule = (operation): Outcome => {
  const { operator } = operation.node;
  if (operator === 'Einsum')
    return einsum(
      operation.text('equation'),
      operation.inputs.map(({ shape }) => shape),
    );
  const outputs = shapesOf(operation);
  const [first, ...others] = outputs;
  if (Object.hasOwn(PER_OUTPUT, operator)) {
    const weight = operation.shape(1);
    const each = weight === null || weight.length < 2 ? null : PER_OUTPUT[operator]!(weight, operation);
    return { outputs, macs: times(elementsOf(first?.shape ?? null), each) };
  }
  if (TRANSPOSED.has(operator)) {
    const weight = operation.shape(1);
    const each = weight === null || weight.length < 3 ? null : times(...weight.slice(0, -1));
    return { outputs, macs: times(elementsOf(operation.shape(2)), each) };
  }
  if (first !== undefined && first.elements === undefined && Object.hasOwn(FOLDS, operator)) {
    const elements = FOLDS[operator]!(operation);
    const isWhole = elements !== undefined && elements.length === elementsOf(first.shape);
    const float = operator === 'Cast' ? /FLOAT|HALF/.test(operation.text('DstT', 'DT_FLOAT')) : isFloat(operation);
    if (isWhole) return { outputs: [computed(first.shape, elements, float), ...others], macs: 0 };
  }
  return FREE.has(operator) ? { outputs, macs: 0 } : { outputs, macs: null, unknown: 'operator' };
};

/**
 * Every operator: shapes are inferred for some whose cost is not understood. Outputs that nothing reads are not in the graph, so that the first
 * output here may be the second of the operator; then it is left to what the file states.
 */
export function tensorflowRule(node: GraphNode): Rule {
  const isFirst = indexOf(node.outputs[0] ?? '') === 0 || ANY_OUTPUT.has(node.operator);
  return isFirst ? rule : (operation) => ({ ...rule(operation), outputs: [] });
}

/** Their outputs have one shape, or are told apart. */
const ANY_OUTPUT: ReadonlySet<string> = new Set(['IdentityN', 'Split', 'Unpack', 'TopKV2']);
