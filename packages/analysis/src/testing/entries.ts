import { sizeOf } from '@espalier/base';
import type { Affine, TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import { type Dtype, memorySource } from '@espalier/tensor';

/** For tests: a raw tensor in memory, `before` bytes into its file. */
export function rawEntry(
  dtype: Dtype,
  shape: readonly number[],
  bytes: Uint8Array,
  options: { name?: string; affine?: Affine; before?: number } = {},
): TensorEntry {
  const { name = 'layer.weight', affine, before = 0 } = options;
  const file = new Uint8Array(before + bytes.length);
  file.set(bytes, before);
  const elements = sizeOf(shape);
  return {
    name,
    dtype: affine === undefined ? dtype : 'F32',
    storage: dtype,
    shape,
    elements,
    bytes: bytes.length,
    data:
      elements === 0
        ? { kind: 'none', why: 'empty' }
        : {
            kind: 'raw',
            dtype,
            source: memorySource('test', file),
            begin: before,
            ...(affine === undefined ? {} : { affine }),
          },
  };
}

export const float32Entry = (shape: readonly number[], values: ArrayLike<number>, name?: string): TensorEntry =>
  rawEntry('F32', shape, new Uint8Array(Float32Array.from(values).buffer), name === undefined ? {} : { name });

/** A head with the given axes; prunable where it has outputs. */
export function headOf(entry: TensorEntry, axes: Partial<TensorHead['axes']> = {}): TensorHead {
  const all = { output: [], input: [], kernel: [], groups: 1, ...axes };
  const channels = (list: readonly number[]): number | null =>
    list.length === 0 ? null : list.reduce((product, axis) => product * entry.shape[axis]!, 1);
  return {
    name: entry.name,
    dtype: entry.dtype,
    storage: entry.storage,
    shape: entry.shape,
    elements: entry.elements,
    bytes: entry.bytes,
    role: all.output.length > 0 ? 'linear' : 'other',
    prunable: all.output.length > 0,
    layer: 'layer',
    outputChannels: channels(all.output),
    inputChannels: channels(all.input),
    axes: all,
    description: '',
  };
}
