import { FaultError, type Work } from '@espalier/base';
import type { DecodedData, Finding } from '../../checkpoint.js';
import { brief } from '../../names.js';
import { readValues } from '../../values/readValues.js';
import type { StoredTensor } from '../../write/output.js';
import type { FoundNode } from './collect.js';
import type { Draft } from './entries.js';
import { intAttribute, type Links } from './links.js';

/** Group indices that are held in memory: one for each input channel. */
const MAX_GROUP_INDICES = 16_777_216;

/**
 * `MatMulNBits` of ONNX Runtime keeps a matrix of outputs × inputs as codes of 2, 4 or 8 bits in blocks along the inputs, with scales and zero points in tensors beside
 * it. Here they become one entry of the logical shape; the companions are folded into it. Source: ContribOperators.md, com.microsoft.MatMulNBits.
 */
export async function foldNBits(links: Links, signal: AbortSignal | undefined): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const found of links.collected.nodes) {
    if (found.node.operator !== 'MatMulNBits') continue;
    const codes = links.stored(found.inputs[1]);
    const scales = links.stored(found.inputs[2]);
    if (codes === undefined || scales === undefined || codes.packedFrom !== undefined) continue;
    try {
      await fold(found, codes, scales, links, signal);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      const message = `The packing of ${brief(codes.name)} is not understood: ${error.fault.message}`;
      findings.push({ code: error.fault.code, severity: 'warning', message, tensor: codes.name });
    }
  }
  return findings;
}

async function fold(
  found: FoundNode,
  codes: Draft,
  scales: Draft,
  links: Links,
  signal: AbortSignal | undefined,
): Promise<void> {
  const inputs = intAttribute(found, 'K', 0);
  const outputs = intAttribute(found, 'N', 0);
  const bits = intAttribute(found, 'bits', 4);
  const block = intAttribute(found, 'block_size', 0);
  const zeroPoints = links.stored(found.inputs[3]) ?? null;
  const groups = links.stored(found.inputs[4]) ?? null;
  if (
    !isLength(inputs) ||
    !isLength(outputs) ||
    !isLength(inputs * outputs) ||
    block < 1 ||
    !(bits === 2 || bits === 4 || bits === 8)
  )
    return;
  const blocks = Math.ceil(inputs / block);
  const blockBytes = Math.ceil((block * bits) / 8);
  const pointBytes = Math.ceil((blocks * bits) / 8);
  const packedPoints = zeroPoints?.dtype === 'U8';
  const fits =
    codes.dtype === 'U8' &&
    codes.data.kind !== 'none' &&
    codes.elements === outputs * blocks * blockBytes &&
    scales.data.kind !== 'none' &&
    scales.elements === outputs * blocks &&
    (zeroPoints === null ||
      (zeroPoints.data.kind !== 'none' && zeroPoints.elements === outputs * (packedPoints ? pointBytes : blocks))) &&
    (groups === null ||
      (groups.data.kind !== 'none' && groups.elements >= inputs && groups.elements <= MAX_GROUP_INDICES));
  if (!fits) return;
  const order = groups === null ? null : await readValues(groups, 0, inputs, signal);
  if (order?.some((group) => !(group >= 0 && group < blocks))) return;
  const companions = [scales, zeroPoints, groups].filter((draft) => draft !== null);
  const stored = { name: codes.name, data: codes.data, shape: codes.shape, elements: codes.elements };
  codes.data = nBitsData({
    inputs,
    bits,
    block,
    blocks,
    blockBytes,
    pointBytes,
    codes: stored,
    scales,
    points: zeroPoints,
    packedPoints,
    order,
  });
  codes.storage = `uint${bits} affine, blocks of ${block}`;
  codes.dtype = scales.dtype;
  codes.shape = [outputs, inputs];
  codes.elements = outputs * inputs;
  codes.bytes += companions.reduce((sum, { bytes }) => sum + bytes, 0);
  codes.packedFrom = [codes.name, ...companions.map(({ name }) => name)];
  for (const companion of companions) if (links.consumers.get(companion.name)?.length === 1) links.remove(companion);
}

const isLength = (value: number): boolean => Number.isSafeInteger(value) && value > 0;

type Readable = Pick<Draft, 'name' | 'data' | 'shape' | 'elements'>;

interface Packing {
  readonly inputs: number;
  readonly bits: number;
  readonly block: number;
  readonly blocks: number;
  readonly blockBytes: number;
  readonly pointBytes: number;
  readonly codes: Readable;
  readonly scales: Readable;
  readonly points: Readable | null;
  /** Zero points are codes packed like the weights, else numbers like the scales. */
  readonly packedPoints: boolean;
  /** Block of each input, where they are not in order. */
  readonly order: ArrayLike<number> | null;
}

/** Rows are decoded whole: codes, scales and zero points of the rows that a range touches. */
function nBitsData(packing: Packing): DecodedData {
  const { inputs, bits, block, blocks, blockBytes, pointBytes, order } = packing;
  const mask = (1 << bits) - 1;
  const middle = 1 << (bits - 1);
  const perByte = 8 / bits;
  const rowBytes = blocks * blockBytes;
  return {
    kind: 'decoded',
    blockElements: inputs,
    async read(begin, count, signal) {
      const out = new Float32Array(count);
      if (count === 0) return out;
      const first = Math.floor(begin / inputs);
      const rows = Math.floor((begin + count - 1) / inputs) - first + 1;
      const codes = await readValues(packing.codes, first * rowBytes, rows * rowBytes, signal);
      const scales = await readValues(packing.scales, first * blocks, rows * blocks, signal);
      const perRow = packing.packedPoints ? pointBytes : blocks;
      const points =
        packing.points === null ? null : await readValues(packing.points, first * perRow, rows * perRow, signal);
      for (let i = 0; i < count; i++) {
        const row = Math.floor((begin + i) / inputs) - first;
        const input = (begin + i) % inputs;
        const inBlock = input % block;
        const byte = codes[row * rowBytes + Math.floor(input / block) * blockBytes + Math.floor(inBlock / perByte)]!;
        const code = (byte >> (bits * (inBlock % perByte))) & mask;
        const group = order === null ? Math.floor(input / block) : order[input]!;
        let zero = middle;
        if (points !== null) {
          zero = packing.packedPoints
            ? (points[row * pointBytes + Math.floor(group / perByte)]! >> (bits * (group % perByte))) & mask
            : points[row * blocks + group]!;
        }
        // Scales may be negative; a weight that is nothing stays +0, as it leaves the runtime's product.
        if (code !== zero) out[i] = scales[row * blocks + group]! * Math.fround(code - zero);
      }
      return out;
    },
    ...(packing.points === null || packing.packedPoints ? { rezeroed: (zeroed) => rezeroedRows(packing, zeroed) } : {}),
  };
}

/** Bytes of codes that are held at once. */
const ROWS_BYTES = 1 << 20;

/** The packed rows as they are, but the code of zero, a block's zero point, wherever `zeroed` reads 0. */
function rezeroedRows(packing: Packing, zeroed: Readable): StoredTensor {
  const { inputs, bits, block, blocks, blockBytes, pointBytes, order, points } = packing;
  const mask = (1 << bits) - 1;
  const perByte = 8 / bits;
  const rowBytes = blocks * blockBytes;
  const outputs = zeroed.elements / inputs;
  const rowsAtOnce = Math.max(1, Math.floor(ROWS_BYTES / rowBytes));
  async function* windows(work: Work): AsyncGenerator<Uint8Array> {
    for (let first = 0; first < outputs; first += rowsAtOnce) {
      work.signal.throwIfAborted();
      const rows = Math.min(rowsAtOnce, outputs - first);
      const bytes = Uint8Array.from(await readValues(packing.codes, first * rowBytes, rows * rowBytes, work.signal));
      const values = await readValues(zeroed, first * inputs, rows * inputs, work.signal);
      const packed =
        points === null ? null : await readValues(points, first * pointBytes, rows * pointBytes, work.signal);
      for (let i = 0; i < values.length; i++) {
        if (values[i] !== 0) continue;
        const row = Math.floor(i / inputs);
        const input = i % inputs;
        const inBlock = input % block;
        const group = order === null ? Math.floor(input / block) : order[input]!;
        const zero =
          packed === null
            ? 1 << (bits - 1)
            : (packed[row * pointBytes + Math.floor(group / perByte)]! >> (bits * (group % perByte))) & mask;
        const at = row * rowBytes + Math.floor(input / block) * blockBytes + Math.floor(inBlock / perByte);
        const shift = bits * (inBlock % perByte);
        bytes[at] = (bytes[at]! & ~(mask << shift)) | (zero << shift);
      }
      yield bytes;
    }
  }
  return { dtype: 'U8', byteLength: outputs * rowBytes, windows };
}
