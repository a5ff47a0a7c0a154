import type { Dtype } from '@espalier/tensor';
import type { TensorData, TensorEntry } from '../checkpoint.js';
import { readValues } from '../values/readValues.js';
import type { PackingConfig } from './config.js';
import { lazyValues, malformed, type Packing, packedEntry, rowData, smallValues } from './packing.js';

/**
 * Weights stored as I8 or 8-bit floats with a separate scale: for the tensor, for each output channel, for groups of inputs or for blocks
 * (`weight_scale_inv`, which multiplies despite its name). Sources: compressed-tensors, naive_quantized.py; DeepSeek-V3, fp8_cast_bf16.py.
 */
export const scaled: Packing = {
  name: 'scaled',
  suffixes: ['.weight_scale', '.weight_scale_inv'],
  async fold(base, parts, config, signal) {
    const codes = parts.find(`${base}.weight`);
    const inverse = parts.find(`${base}.weight_scale_inv`);
    const scales = parts.find(`${base}.weight_scale`) ?? inverse;
    const zeroPoints = parts.find(`${base}.weight_zero_point`);
    if (codes === undefined || scales === undefined || codes.shape.length !== 2 || !isStored(codes.dtype))
      return undefined;
    const [outputs, inputs] = codes.shape as [number, number];
    if (codes.elements === 0 || codes.data.kind === 'none') return undefined;
    const grid = gridOf(scales, outputs, inputs, config);
    if (zeroPoints !== undefined && zeroPoints.elements !== scales.elements)
      malformed(zeroPoints.name, 'has another shape than the scales');

    const dtype = scales.dtype === 'F32' ? (scales === inverse ? 'BF16' : (config.dtype ?? 'F32')) : scales.dtype;
    const data =
      (await affineData(codes, scales, zeroPoints, grid, signal)) ??
      blockedData(codes, scales, zeroPoints, grid, inputs);
    return packedEntry(codes.name, { dtype, storage: codes.dtype, shape: codes.shape, data }, [
      codes,
      scales,
      zeroPoints,
    ]);
  },
};

const isStored = (dtype: string): dtype is Dtype =>
  dtype === 'I8' || dtype.startsWith('F8_E4M3') || dtype.startsWith('F8_E5M2');

/** Rows and columns of the weight that share a scale, and the width of the matrix of scales. */
interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly width: number;
}

function gridOf(scales: TensorEntry, outputs: number, inputs: number, config: PackingConfig): Grid {
  if (scales.elements === 1) return { rows: outputs, columns: inputs, width: 1 };
  const [high, wide] = [scales.shape[0] ?? 1, scales.shape.length === 2 ? scales.shape[1]! : 1];
  if (scales.elements !== high * wide || high < 1 || wide < 1) malformed(scales.name, 'is no matrix');
  const stated = config.blockSize ?? (scales.name.endsWith('_inv') ? [128, 128] : undefined);
  const rows = sizeOfBlock(outputs, high, stated?.[0]);
  const columns = sizeOfBlock(inputs, wide, stated?.[1]);
  if (rows === undefined || columns === undefined)
    return malformed(scales.name, 'does not divide its weight', `${outputs}×${inputs}`, scales.shape.join('×'));
  return { rows, columns, width: wide };
}

/** Blocks may be cut off at the edge: then only the stated (or the usual) size tells how long they are. */
function sizeOfBlock(length: number, blocks: number, stated: number | undefined): number | undefined {
  if (blocks === length) return 1;
  const candidates = [stated, length % blocks === 0 ? length / blocks : undefined];
  return candidates.find((size) => size !== undefined && Math.ceil(length / size) === blocks);
}

/** One scale for the tensor or for each row of integers stays the fast path. */
async function affineData(
  codes: TensorEntry,
  scales: TensorEntry,
  zeroPoints: TensorEntry | undefined,
  grid: Grid,
  signal?: AbortSignal,
): Promise<TensorData | undefined> {
  const channels = scales.elements;
  if (codes.data.kind !== 'raw' || codes.dtype !== 'I8' || grid.width !== 1 || (channels > 1 && grid.rows !== 1))
    return undefined;
  const most = 16 * 1024 * 1024;
  const values = Float32Array.from(await smallValues(scales, most, signal));
  const points =
    zeroPoints === undefined
      ? new Float64Array(channels)
      : Float64Array.from(await smallValues(zeroPoints, most, signal));
  return {
    ...codes.data,
    affine: { form: 'zero-point', scales: values, zeroPoints: points, axis: channels === 1 ? null : 0 },
  };
}

function blockedData(
  codes: TensorEntry,
  scales: TensorEntry,
  zeroPoints: TensorEntry | undefined,
  grid: Grid,
  inputs: number,
): TensorData {
  const readScales = lazyValues(scales);
  const readPoints = zeroPoints === undefined ? undefined : lazyValues(zeroPoints);
  return rowData(codes.elements, inputs, async (from, to, signal) => {
    const [scale, points] = [await readScales(signal), await readPoints?.(signal)];
    const stored = await readValues(codes, from * inputs, (to - from) * inputs, signal);
    const out = new Float32Array(stored.length);
    for (let row = from; row < to; row++) {
      const line = Math.floor(row / grid.rows) * grid.width;
      for (let column = 0; column < inputs; column++) {
        const at = (row - from) * inputs + column;
        const place = line + Math.floor(column / grid.columns);
        out[at] = (stored[at]! - (points?.[place] ?? 0)) * scale[place]!;
      }
    }
    return out;
  });
}
