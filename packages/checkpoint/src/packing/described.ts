import type { TensorData, TensorEntry } from '../checkpoint.js';
import { asRecord, asText, isLength, own } from '../json.js';
import { readValues } from '../values/readValues.js';
import { expectShape, lazyValues, malformed, type Packing, packedEntry, rowData, smallValues } from './packing.js';

/** Scales and zero points that are held for the fast path. */
const MOST = 16 * 1024 * 1024;

/** What the metadata say of a quantized tensor. */
export interface Described {
  readonly scheme: string;
  readonly bits: number;
  readonly granularity: 'tensor' | 'channel' | 'group';
  readonly axis: number;
  readonly groupSize: number;
  readonly shape: readonly number[];
}

/**
 * Weights that metadata describe: codes in `W.qweight`, scales in `W.scales`, zero points in `W.zeros`, and `quant.W` says how they belong together. This is what quantization
 * writes into safetensors: docs/formats.md.
 */
export const described: Packing = {
  name: 'described',
  suffixes: ['.qweight'],
  async fold(base, parts, { described: all }, signal) {
    const how = all?.get(base);
    if (how === undefined) return undefined;
    const [codes, scales] = [parts.need(`${base}.qweight`), parts.need(`${base}.scales`)];
    const zeros = parts.find(`${base}.zeros`);
    const elements = how.shape.reduce((product, length) => product * length, 1);
    const rows = how.shape.length < 2 ? 1 : how.shape[0]!;
    const columns = rows === 0 ? 0 : elements / rows;
    const stored = how.bits === 1 || how.bits === 2 || how.bits === 4 ? how.bits : 8;
    expectShape(codes, stored === 8 ? how.shape : [rows, Math.ceil((columns * stored) / 8)]);
    if (zeros !== undefined && zeros.elements !== scales.elements)
      malformed(zeros.name, 'has another shape than the scales', scales.elements, zeros.elements);
    const cells = cellsOf(how, elements, scales);
    if (scales.elements !== cells)
      malformed(scales.name, 'has another number of scales than its weight needs', cells, scales.elements);
    const affine = stored === 8 && how.granularity !== 'group' && codes.data.kind === 'raw';
    const data: TensorData =
      affine && codes.data.kind === 'raw' && (codes.dtype !== 'U8') === (zeros === undefined)
        ? {
            ...codes.data,
            affine: {
              form: 'zero-point',
              scales: Float32Array.from(await smallValues(scales, MOST, signal)),
              zeroPoints:
                zeros === undefined
                  ? new Float64Array(scales.elements)
                  : Float64Array.from(await smallValues(zeros, MOST, signal)),
              axis: how.granularity === 'channel' ? how.axis : null,
            },
          }
        : unpackedData(codes, scales, zeros, how, { rows, columns, stored });
    const entry = packedEntry(base, { dtype: 'F32', storage: how.scheme, shape: how.shape, data }, [
      codes,
      scales,
      zeros,
    ]);
    // Any layer may be quantized: what it is follows from its name and shape.
    const { roleHint: _, axes: __, ...plain } = entry;
    return plain;
  },
};

/** How many scales there have to be. */
function cellsOf(
  { granularity, shape, axis, groupSize }: Described,
  elements: number,
  { shape: given }: TensorEntry,
): number {
  if (granularity === 'tensor') return 1;
  if (granularity === 'channel') return shape[axis] ?? 0;
  const rows = given.length === 2 ? given[0]! : 0;
  return rows === 0 ? 0 : rows * Math.ceil(elements / rows / groupSize);
}

interface Layout {
  readonly rows: number;
  readonly columns: number;
  readonly stored: number;
}

function unpackedData(
  codes: TensorEntry,
  scales: TensorEntry,
  zeros: TensorEntry | undefined,
  how: Described,
  { rows, columns, stored }: Layout,
): TensorData {
  const [readScales, readZeros] = [lazyValues(scales), zeros === undefined ? undefined : lazyValues(zeros)];
  const rowBytes = Math.ceil((columns * stored) / 8);
  const perByte = 8 / stored;
  const inner = how.shape.slice(how.axis + 1).reduce((product, length) => product * length, 1);
  const channels = how.shape[how.axis] ?? 1;
  // Groups lie along rows, which may be shorter than those of the packing.
  const perRow = scales.shape.length === 2 ? scales.shape[1]! : 1;
  const groupColumns = (rows * columns) / Math.max(1, scales.elements / perRow);
  const cellOf = (at: number): number => {
    if (how.granularity === 'tensor') return 0;
    if (how.granularity === 'channel') return Math.floor(at / inner) % channels;
    return Math.floor(at / groupColumns) * perRow + Math.floor((at % groupColumns) / how.groupSize);
  };
  const shift = zeros !== undefined || codes.dtype !== 'U8' ? 0 : how.bits === 1 ? 0 : 2 ** (how.bits - 1);
  return rowData(rows * columns, columns, async (from, to, signal) => {
    const [scale, zero] = [await readScales(signal), await readZeros?.(signal)];
    const bytes = await readValues(codes, from * rowBytes, (to - from) * rowBytes, signal);
    const out = new Float32Array((to - from) * columns);
    for (let i = 0; i < out.length; i++) {
      const [row, column] = [Math.floor(i / columns), i % columns];
      const byte = bytes[row * rowBytes + Math.floor(column / perByte)]!;
      const code = stored === 8 ? byte : (byte >> (stored * (column % perByte))) & (2 ** stored - 1);
      const cell = cellOf(from * columns + i);
      out[i] =
        how.bits === 1
          ? code === 1
            ? scale[cell]!
            : -scale[cell]!
          : scale[cell]! * (code - shift - (zero?.[cell] ?? 0));
    }
    return out;
  });
}

/** The descriptions in a file's metadata; those that make no sense are left out. */
export function descriptionsIn(metadata: Readonly<Record<string, string>>): ReadonlyMap<string, Described> {
  const found = new Map<string, Described>();
  for (const [key, text] of Object.entries(metadata)) {
    if (!key.startsWith('quant.') || key === 'quant.version' || key === 'quant.recipe') continue;
    const how = describedBy(text);
    if (how !== undefined) found.set(key.slice('quant.'.length), how);
  }
  return found;
}

function describedBy(text: string): Described | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const record = asRecord(json);
  const [scheme, granularity] = [asText(own(record, 'scheme')), asText(own(record, 'granularity'))];
  const [bits, shape] = [own(record, 'bits'), own(record, 'shape')];
  const [axis, groupSize] = [own(record, 'axis') ?? 0, own(record, 'groupSize') ?? 1];
  const isGranularity = granularity === 'tensor' || granularity === 'channel' || granularity === 'group';
  if (scheme === undefined || !isGranularity || !Array.isArray(shape) || !shape.every(isLength)) return undefined;
  if (!isLength(bits) || bits < 1 || bits > 8 || !isLength(axis) || axis > shape.length || !isLength(groupSize))
    return undefined;
  return { scheme, bits, granularity, axis, groupSize: Math.max(1, groupSize), shape };
}
