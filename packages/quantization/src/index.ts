export { activationEdits, activationsOf, type ReadActivation } from './activationEdits.js';
export { type ActivationQuantization, ActivationStream, ENOUGH_SAMPLES } from './activations.js';
export { assignSchemes, type How, type PostTrainingOptions } from './assign.js';
export { type Cells, cellsOf, type Granularity } from './cells.js';
export { clampedEntry } from './clampedEntry.js';
export { CLIPS, type ClipMethod, clipValue } from './clip.js';
export { dequantizedEntry } from './dequantized.js';
export {
  blocksEntry,
  blocksOutput,
  decodeBlocks,
  encodeBlocks,
  GGUF_TYPES,
  type GgufType,
  ggufBytes,
  whyNoBlocks,
} from './ggufBlocks.js';
export { type CodeMatrix, integerProduct } from './integerProduct.js';
export { histogramOf, klClip } from './klClip.js';
export { MIXED_BITS, methods } from './methods.js';
export { ErrorSums, type QuantizationError } from './metrics.js';
export { dequantizeEdit } from './onnxEdit.js';
export { packedRowBytes, packRows, storedBits, unpackRows } from './pack.js';
export { type PackedOutputs, packedBytes, packedOutputs } from './packedOutputs.js';
export { type QuantizedLayer, quantizeLayer } from './quantizeLayer.js';
export { asymmetricScale, decode, encode, type Quantizer, symmetricScale } from './quantizer.js';
export {
  addErrors,
  codeCount,
  type QuantizedTensor,
  type QuantizeOptions,
  quantizeTensor,
} from './quantizeTensor.js';
export type { RangeComparison } from './rangeComparison.js';
export { correctedBias, type MixedLayer, planMixed, smoothingFactors } from './refinements.js';
export { largestCode, SCHEMES, type Scheme } from './scheme.js';
