import { type Fault, raise, type Shape, sizeOf } from '@espalier/base';
import type { LogicalDtype, Values } from '@espalier/tensor';
import type { Axes, DecodedData, TensorData, TensorEntry } from '../checkpoint.js';
import { readValues } from '../values/readValues.js';
import type { PackingConfig } from './config.js';

/** One way of storing a weight in several tensors. */
export interface Packing {
  readonly name: string;
  /** Ends of the names of tensors by which it is recognised: `.qweight`. What stands before them is the base name. */
  readonly suffixes: readonly string[];
  /**
   * The weight with this base name, or undefined when it is not of this kind after all. Reads at most a few small companions.
   * Raises a `FaultError` when parts are missing or their shapes contradict each other.
   */
  fold(base: string, parts: Parts, config: PackingConfig, signal?: AbortSignal): Promise<TensorEntry | undefined>;
}

/** Stored tensors by name. */
export class Parts {
  private readonly byName: ReadonlyMap<string, TensorEntry>;

  constructor(tensors: readonly TensorEntry[]) {
    this.byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  find(name: string): TensorEntry | undefined {
    return this.byName.get(name);
  }

  /** A part that the packing cannot do without. */
  need(name: string): TensorEntry {
    return this.byName.get(name) ?? malformed(name, 'is missing');
  }
}

/** Raises a fault about a part of a packed weight. */
export function malformed(name: string, what: string, expected?: string | number, found?: string | number): never {
  const fault: Fault = { code: 'checkpoint/packing', message: `${name} ${what}.` };
  raise({ ...fault, ...(expected === undefined ? {} : { expected }), ...(found === undefined ? {} : { found }) });
}

/** Raises unless a part has the shape that the others imply. */
export function expectShape(part: TensorEntry, shape: Shape): void {
  if (part.shape.length === shape.length && part.shape.every((length, axis) => length === shape[axis])) return;
  malformed(part.name, 'has another shape than its weight needs', shape.join('×'), part.shape.join('×'));
}

/** The logical weight that its parts stand for. */
export function packedEntry(
  name: string,
  stored: { readonly dtype: LogicalDtype; readonly storage: string; readonly shape: Shape; readonly data: TensorData },
  parts: readonly (TensorEntry | undefined)[],
): TensorEntry {
  const present = parts.filter((part) => part !== undefined);
  const broken = present.find((part) => part.data.kind === 'none' && part.data.fault !== undefined);
  return {
    name,
    dtype: stored.dtype,
    storage: stored.storage,
    shape: stored.shape,
    elements: sizeOf(stored.shape),
    bytes: present.reduce((sum, part) => sum + part.bytes, 0),
    data: broken === undefined ? stored.data : ({ ...broken.data, kind: 'none' } as TensorData),
    // Only weights of linear layers are packed; experts stand before the output channels.
    roleHint: 'linear',
    ...axesOf(stored.shape),
    packedFrom: present.map((part) => part.name),
  };
}

function axesOf({ length }: Shape): { readonly axes?: Axes } {
  return length < 2 ? {} : { axes: { output: [length - 2], input: [length - 1], kernel: [] } };
}

/** Values decoded at once. */
const BATCH_ELEMENTS = 256 * 1024;

/**
 * Values that are decoded by whole rows (or blocks) of `columns` elements. `read` gives rows `from` to `to`; a last row may be longer than
 * what is left of the tensor.
 */
export function rowData(
  elements: number,
  columns: number,
  read: (from: number, to: number, signal?: AbortSignal) => Promise<Float32Array>,
): DecodedData {
  const rowsAtOnce = Math.max(1, Math.floor(BATCH_ELEMENTS / columns));
  return {
    kind: 'decoded',
    blockElements: Math.min(elements, rowsAtOnce * columns),
    async read(begin, count, signal): Promise<Values> {
      const out = new Float32Array(count);
      const end = begin + count;
      const lastRow = Math.ceil(end / columns);
      for (let row = Math.floor(begin / columns); row < lastRow; row += rowsAtOnce) {
        const values = await read(row, Math.min(row + rowsAtOnce, lastRow), signal);
        const from = Math.max(begin, row * columns);
        const to = Math.min(end, row * columns + values.length);
        out.set(values.subarray(from - row * columns, to - row * columns), from - begin);
      }
      return out;
    },
  };
}

/** Companions that are held in memory: scales, zero points, code books. */
const MAX_COMPANION = 32 * 1024 * 1024;

/** All values of a companion, read at the first call and kept. */
export function lazyValues(part: TensorEntry): (signal?: AbortSignal) => Promise<Values> {
  let values: Promise<Values> | undefined;
  return (signal) => {
    if (part.elements > MAX_COMPANION)
      malformed(part.name, 'has more elements than are held', MAX_COMPANION, part.elements);
    values ??= readValues(part, 0, part.elements, signal).catch((error: unknown) => {
      values = undefined;
      throw error;
    });
    return values;
  };
}

/** A few numbers of a companion at once, for shapes and the like. */
export async function smallValues(part: TensorEntry, most: number, signal?: AbortSignal): Promise<Values> {
  if (part.elements > most) malformed(part.name, 'has more elements than it may', most, part.elements);
  if (part.data.kind === 'none') malformed(part.name, 'cannot be read');
  return await readValues(part, 0, part.elements, signal);
}
