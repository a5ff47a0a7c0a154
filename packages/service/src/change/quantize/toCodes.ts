import type { Fault, Work } from '@espalier/base';
import type { LayerQuantization } from '@espalier/protocol';
import type { PrunableLayer } from '@espalier/pruning';
import {
  type ClipMethod,
  dequantizedEntry,
  dequantizeEdit,
  type How,
  packedBytes,
  packedOutputs,
  type QuantizationError,
  type Quantizer,
  quantizeLayer,
  type RangeComparison,
} from '@espalier/quantization';
import type { Replacement, Stored } from '../edited.js';

/** What became of a tensor that was to be stored with few bits. */
export type Quantized =
  | { readonly kind: 'done'; readonly replacement: Replacement }
  | { readonly kind: 'kept'; readonly why: string }
  | { readonly kind: 'fault'; readonly fault: Fault };

/** Formats whose files hold any tensors by name. */
const NAMED_TENSORS = ['safetensors', 'pytorch-zip', 'npz'];

export interface CodeContext {
  /** The version of ONNX's operators that the model states, 0 elsewhere. */
  readonly opset: number;
  /** The options of the step, as JSON. */
  readonly recipe: string;
}

/** Codes with scales, or signs. Raises faults of the source. */
export async function toCodes(
  { head, entry }: PrunableLayer,
  how: How,
  { opset, recipe }: CodeContext,
  work: Work,
): Promise<Quantized> {
  const { scheme } = how;
  if (scheme.kind !== 'uniform' && scheme.kind !== 'binary') return { kind: 'kept', why: 'kept by a rule' };
  const found = await quantizeLayer(entry, { ...how, scheme }, work);
  if (!found.ok) return { kind: 'fault', fault: found.fault };
  const { quantizer, error, ranges } = found.value;
  const packed = packedOutputs(entry, quantizer);
  const bytes = packedBytes(packed);
  const after = dequantizedEntry(entry, quantizer, bytes);
  const stored = (format: string): Stored => {
    if (NAMED_TENSORS.includes(format)) {
      const metadata = { 'quant.version': '1', 'quant.recipe': recipe, [`quant.${entry.name}`]: packed.description };
      return { outputs: packed.tensors, metadata };
    }
    if (format !== 'onnx') return { outputs: [], refusal: noPlace(entry.name, format) };
    const edit = dequantizeEdit(entry, quantizer, opset);
    if (typeof edit !== 'string') return { outputs: [], graphEdits: [edit] };
    return { outputs: [], refusal: { code: 'quantize/no-place', message: `${entry.name}: ${edit}.` } };
  };
  return {
    kind: 'done',
    replacement: {
      head: { ...head, dtype: after.dtype, storage: after.storage, bytes },
      entry: after,
      stored,
      quantization: {
        ...lossOf(error, quantizer, bytes),
        ...(ranges === undefined ? {} : { ranges: toRanges(ranges) }),
      },
    },
  };
}

const toRanges = ({ sqnrDb, ...others }: RangeComparison): NonNullable<LayerQuantization['ranges']> => ({
  ...others,
  sqnrDb: decibelsByRange(sqnrDb),
});

/** Numbers as JSON holds them. */
export const decibelsByRange = (all: RangeComparison['sqnrDb']): Record<ClipMethod, LayerQuantization['sqnrDb']> =>
  Object.fromEntries(
    Object.entries(all).map(([method, db]) => [method, db === Number.POSITIVE_INFINITY ? 'inf' : db]),
  ) as Record<ClipMethod, LayerQuantization['sqnrDb']>;

const noPlace = (name: string, format: string): Fault => ({
  code: 'quantize/no-place',
  message: `${format} files have no place for codes and scales as ${name} would need them.`,
  expected: [...NAMED_TENSORS, 'onnx'].join(', '),
  found: format,
  hint: format === 'gguf' ? 'Quantize by the method gguf.' : 'Name the output .safetensors.',
});

function lossOf(error: QuantizationError, { scheme, cells }: Quantizer, bytes: number): LayerQuantization {
  const { granularity } = cells;
  const { sqnrDb, elements } = error;
  return {
    scheme: scheme.name,
    bits: scheme.kind === 'binary' ? 1 : scheme.bits,
    bitsPerWeight: (8 * bytes) / elements,
    granularity: granularity.kind === 'group' ? `group of ${granularity.size}` : granularity.kind,
    sqnrDb: sqnrDb === Number.POSITIVE_INFINITY ? 'inf' : sqnrDb,
    mse: error.mse,
    maxAbsError: error.maxAbsError,
    cosine: error.cosine,
    clippedShare: error.clippedShare,
    levels: error.levels,
  };
}
