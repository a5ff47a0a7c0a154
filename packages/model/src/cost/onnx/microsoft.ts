import { blocked, concatenated } from '../layout.js';
import { costs, free, type Rule } from '../operation.js';
import { broadcast, type PartialShape, times } from '../shape.js';
import { multiHeadAttention, projectedAttention } from './attention.js';
import { convolutions } from './convolution.js';
import { gemm, matMul, matrices, product } from './matrix.js';
import { recurrents } from './recurrent.js';

const same: Rule = (operation) => free(operation.shape(0));
const { Conv, GlobalAveragePool, AveragePool, MaxPool } = convolutions as Record<string, Rule>;

/** Weights packed in blocks of few bits: the matrix is N × K whatever its storage. */
const matMulNBits: Rule = (operation) => {
  const [k, n] = [operation.int('K', 0) || null, operation.int('N', 0) || null];
  const { shape, macs } = product(operation.shape(0), [k, n]);
  return costs(macs, shape);
};

const fusedMatMul: Rule = (operation) => {
  // Batch axes may be transposed too, which is rare; then the shape is not told.
  if (operation.flag('transBatchA') || operation.flag('transBatchB')) return costs(null, null);
  const { shape, macs } = product(
    operation.shape(0),
    operation.shape(1),
    operation.flag('transA'),
    operation.flag('transB'),
  );
  return costs(macs, shape);
};

/** Normalization of a sum: the output, mean, inverse deviation, and the sum. */
const skipNormalization: Rule = (operation) => {
  const x = operation.shape(0);
  const moments = x === null ? null : [...x.slice(0, -1), 1];
  return free(x, moments, moments, x);
};

const embedLayerNormalization: Rule = (operation) => {
  const ids = operation.shape(0);
  const hidden = operation.axis(2, -1);
  const embedded: PartialShape = ids === null ? null : [...ids, hidden];
  return free(embedded, [ids?.[0] ?? null], embedded);
};

const qLinearBinary: Rule = (operation) => free(broadcast([operation.shape(0), operation.shape(3)]));

const qLinearConcat: Rule = (operation) => {
  // Scale and zero point of the output, then three inputs for each tensor.
  const shapes = operation.inputs.slice(2).filter((_, index) => index % 3 === 0);
  return free(
    concatenated(
      shapes.map(({ shape }) => shape),
      operation.int('axis', 1),
    ),
  );
};

/** Operators of ONNX Runtime's own domain. Source: ContribOperators.md of ONNX Runtime 1.22. */
export const microsoft: Readonly<Record<string, Rule>> = {
  FusedConv: Conv!,
  FusedMatMul: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  FusedGemm: (operation) => gemm(operation),
  GemmFloat8: (operation) => gemm(operation),
  QGemm: (operation) => gemm(operation, 3),
  MatMulInteger16: matrices.MatMulInteger!,
  MatMulIntegerToFloat: matMul(1),
  DynamicQuantizeMatMul: matMul(1),
  MatMulNBits: matMulNBits,
  MatMulBnb4: matMulNBits,
  Attention: projectedAttention(4),
  QAttention: projectedAttention(8),
  MultiHeadAttention: multiHeadAttention({ past: 6, kvHeads: false }),
  GroupQueryAttention: multiHeadAttention({ past: 3, kvHeads: true }),
  DynamicQuantizeLSTM: recurrents.DynamicQuantizeLSTM!,
  SkipLayerNormalization: skipNormalization,
  SkipSimplifiedLayerNormalization: skipNormalization,
  EmbedLayerNormalization: embedLayerNormalization,
  SimplifiedLayerNormalization: same,
  GroupNorm: same,
  SkipGroupNorm: same,
  BiasAdd: same,
  BiasGelu: same,
  BiasSplitGelu: (operation) => {
    const x = operation.shape(0);
    const last = x?.at(-1) ?? null;
    return free(x === null ? null : [...x.slice(0, -1), last === null ? null : Math.floor(last / 2)]);
  },
  BiasSoftmax: same,
  FastGelu: same,
  Gelu: same,
  QuickGelu: same,
  RotaryEmbedding: same,
  QuantizeLinear: same,
  DequantizeLinear: same,
  QLinearAdd: qLinearBinary,
  QLinearMul: qLinearBinary,
  QLinearSigmoid: same,
  QLinearLeakyRelu: same,
  QLinearSoftmax: same,
  QLinearConcat: qLinearConcat,
  QLinearGlobalAveragePool: (operation) =>
    operation.flag('channels_last')
      ? free(
          operation.shape(0)?.map((length, axis, { length: rank }) => (axis === 0 || axis === rank - 1 ? length : 1)) ??
            null,
        )
      : GlobalAveragePool!(operation),
  QLinearAveragePool: (operation) => (operation.flag('channels_last') ? free(null) : AveragePool!(operation)),
  NhwcMaxPool: () => free(null),
  MaxpoolWithMask: MaxPool!,
  Trilu: same,
  DepthToSpace: (operation) => free(blocked(operation.shape(0), operation.int('blocksize', 0), true, 1, [2, 3])),
  Pad: () => free(null),
  CDist: (operation) => {
    const [a, b] = [operation.shape(0), operation.shape(1)];
    if (a?.length !== 2 || b?.length !== 2) return costs(null, null);
    return costs(times(a[0]!, b[0]!, a[1]!), [a[0]!, b[0]!]);
  },
  ExpandDims: () => free(null),
  QLinearWhere: (operation) => free(broadcast([operation.shape(0), operation.shape(1), operation.shape(4)])),
  QLinearReduceMean: () => free(null),
  Tokenizer: () => free(null),
  Range: () => free([null]),
};
