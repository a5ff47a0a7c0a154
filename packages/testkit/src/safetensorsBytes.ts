import { join, u64 } from './zipBytes.js';

/** A safetensors file by hand: tensors one after the other. `header` replaces or adds entries, for files that lie. */
export function safetensorsBytes(
  tensors: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly bytes: Uint8Array;
  }[],
  header: Readonly<Record<string, unknown>> = {},
): Uint8Array {
  let at = 0;
  const entries = tensors.map(({ name, dtype, shape, bytes }): [string, unknown] => {
    const begin = at;
    at += bytes.length;
    return [name, { dtype, shape, data_offsets: [begin, at] }];
  });
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries([...entries, ...Object.entries(header)])));
  return join([u64(text.length), text, ...tensors.map(({ bytes }) => bytes)]);
}
