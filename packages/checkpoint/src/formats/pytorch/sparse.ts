import { attempt, raise, type Shape, sizeOf } from '@espalier/base';
import { isDtype } from '@espalier/tensor';
import type { TensorData, TensorEntry } from '../../checkpoint.js';
import { readValues } from '../../values/readValues.js';
import { type Pieces, type Scattered, scatteredData } from '../../values/scattered.js';
import { stridesBelow } from '../../values/strided.js';
import { denseEntry, logicalDtype } from './dense.js';
import type { FindStorage } from './place.js';
import type { SparseTensor } from './rebuild.js';

/** Compressed pointers are held in memory: 128 MB of them. */
const MAX_POINTERS = 16 * 1024 * 1024;

/** COO, CSR, CSC, BSR and BSC as an entry whose values are those of the dense tensor. */
export async function sparseEntry(
  name: string,
  tensor: SparseTensor,
  file: string,
  find: FindStorage,
): Promise<TensorEntry> {
  const parts = {
    first: await denseEntry(`${name} (${tensor.layout === 'coo' ? 'indices' : 'pointers'})`, tensor.first, file, find),
    second: tensor.second === undefined ? undefined : await denseEntry(`${name} (indices)`, tensor.second, file, find),
    values: await denseEntry(`${name} (values)`, tensor.values, file, find),
  };
  const data = await attempt(async () => sparseData(name, tensor, parts, file));
  return {
    name,
    dtype: logicalDtype(tensor.values),
    storage: `SPARSE_${tensor.layout.toUpperCase()}`,
    shape: tensor.shape,
    elements: sizeOf(tensor.shape),
    bytes: parts.first.bytes + (parts.second?.bytes ?? 0) + parts.values.bytes,
    data: data.ok ? data.value : { kind: 'none', why: 'unreadable', fault: data.fault },
  };
}

interface Parts {
  readonly first: TensorEntry;
  readonly second: TensorEntry | undefined;
  readonly values: TensorEntry;
}

function sparseData(name: string, tensor: SparseTensor, parts: Parts, file: string): TensorData {
  if (sizeOf(tensor.shape) === 0) return { kind: 'none', why: 'empty' };
  for (const part of [parts.first, parts.second, parts.values]) {
    if (part?.data.kind === 'none' && part.data.fault !== undefined) raise(part.data.fault);
  }
  if (!Number.isSafeInteger(sizeOf(tensor.shape)))
    malformed(name, file, 'its shape has more elements than can be addressed');
  if (tensor.layout === 'coo') return scatteredData(coordinates(name, tensor, parts, file));
  const scattered = compressed(name, tensor, parts, file);
  if (scattered === undefined) {
    const message = `Sparse tensor ${name} has batches or dense axes, which are not decoded.`;
    return { kind: 'none', why: 'unsupported', fault: { code: 'checkpoint/unsupported-tensor', file, message } };
  }
  return scatteredData(scattered);
}

const malformed = (name: string, file: string, what: string, expected?: number, found?: number): never =>
  raise({
    code: 'checkpoint/size-mismatch',
    file,
    message: `Sparse tensor ${name}: ${what}.`,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  });

/** indices [sparse axes, nnz], values [nnz, …dense axes]. */
function coordinates(name: string, { shape }: SparseTensor, { first, values }: Parts, file: string): Scattered {
  const [axes, stored] = [first.shape[0] ?? 0, first.shape[1] ?? 0];
  if (first.shape.length !== 2 || axes > shape.length)
    malformed(name, file, 'its indices have no column for each element');
  const below = shape.slice(axes);
  const pieceElements = sizeOf(below);
  if (values.shape[0] !== stored || values.elements !== stored * pieceElements) {
    malformed(name, file, 'it has another number of values than of indices', stored * pieceElements, values.elements);
  }
  return {
    name,
    file,
    shape,
    stored,
    pieceElements,
    wide: isWide(values),
    async read(begin, count, signal) {
      const places = new Float64Array(count);
      for (let axis = 0; axis < axes; axis++) {
        const stride = stridesBelow(shape, axis);
        const indices = await readValues(first, axis * stored + begin, count, signal);
        for (let i = 0; i < count; i++) places[i]! += inside(name, file, indices[i]!, shape[axis]!) * stride;
      }
      return spread(
        places,
        pieceElements,
        await readValues(values, begin * pieceElements, count * pieceElements, signal),
      );
    },
  };
}

/** Each piece is a run of consecutive elements. */
function spread(begins: Float64Array, pieceElements: number, values: Pieces['values']): Pieces {
  if (pieceElements === 1) return { places: begins, values };
  const places = new Float64Array(begins.length * pieceElements);
  for (let i = 0; i < places.length; i++) places[i] = begins[Math.floor(i / pieceElements)]! + (i % pieceElements);
  return { places, values };
}

/** Pointers [compressed + 1], indices [nnz], values [nnz] or, for blocks, [nnz, rows, columns]. */
function compressed(
  name: string,
  tensor: SparseTensor,
  { first, second, values }: Parts,
  file: string,
): Scattered | undefined {
  const { shape, layout } = tensor;
  if (second === undefined || shape.length !== 2 || first.shape.length !== 1 || second.shape.length !== 1)
    return undefined;
  const blocked = layout === 'bsr' || layout === 'bsc';
  if (values.shape.length !== (blocked ? 3 : 1)) return undefined;
  const block: Shape = blocked ? values.shape.slice(1) : [1, 1];
  const stored = second.elements;
  const byRow = layout === 'csr' || layout === 'bsr';
  const [lines, others] = byRow
    ? [shape[0]! / block[0]!, shape[1]! / block[1]!]
    : [shape[1]! / block[1]!, shape[0]! / block[0]!];
  const pieceElements = sizeOf(block);
  if (first.elements !== lines + 1 || !Number.isInteger(others))
    malformed(name, file, 'it has another number of pointers than of rows', lines + 1, first.elements);
  if (values.shape[0] !== stored)
    malformed(name, file, 'it has another number of values than of indices', stored, values.shape[0]!);
  if (first.elements > MAX_POINTERS)
    malformed(name, file, 'it has more rows than are read', MAX_POINTERS, first.elements);

  let pointers: Promise<Float64Array> | undefined;
  return {
    name,
    file,
    shape,
    stored,
    pieceElements,
    wide: isWide(values),
    async read(begin, count, signal) {
      pointers ??= readPointers(name, first, stored, file, signal).catch((error: unknown) => {
        pointers = undefined;
        throw error;
      });
      const starts = await pointers;
      const indices = await readValues(second, begin, count, signal);
      const places = new Float64Array(count * pieceElements);
      let line = lineOf(starts, begin);
      for (let i = 0; i < count; i++) {
        while (starts[line + 1]! <= begin + i) line++;
        const other = inside(name, file, indices[i]!, others);
        const [row, column] = byRow ? [line, other] : [other, line];
        for (let j = 0; j < pieceElements; j++) {
          const [r, c] = [row * block[0]! + Math.floor(j / block[1]!), column * block[1]! + (j % block[1]!)];
          places[i * pieceElements + j] = r * shape[1]! + c;
        }
      }
      return { places, values: await readValues(values, begin * pieceElements, count * pieceElements, signal) };
    },
  };
}

async function readPointers(
  name: string,
  entry: TensorEntry,
  stored: number,
  file: string,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const pointers = Float64Array.from(await readValues(entry, 0, entry.elements, signal));
  for (let i = 0; i < pointers.length; i++) {
    const low = i === 0 ? 0 : pointers[i - 1]!;
    if (!(pointers[i]! >= low && pointers[i]! <= stored))
      malformed(name, file, `pointer ${i} is out of order`, low, pointers[i]!);
  }
  if (pointers[0] !== 0 || pointers[pointers.length - 1] !== stored)
    malformed(name, file, 'its pointers do not cover all values', stored, pointers.at(-1) ?? 0);
  return pointers;
}

/** The row or column in which stored element `index` lies. */
function lineOf(pointers: Float64Array, index: number): number {
  let low = 0;
  let high = pointers.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pointers[middle]! <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}

function inside(name: string, file: string, index: number, length: number): number {
  if (index >= 0 && index < length) return index;
  return raise({
    code: 'checkpoint/index-outside',
    file,
    expected: length - 1,
    found: index,
    message: `Sparse tensor ${name} has an axis of ${length}, one of its indices is ${index}.`,
  });
}

const isWide = ({ dtype }: TensorEntry): boolean =>
  isDtype(dtype) && ['F64', 'I64', 'U64', 'I32', 'U32', 'C128'].includes(dtype);
