import { fromBfloat16, fromHalf } from '@espalier/tensor';
import type { Kernel } from './kernel.js';

/** IEEE half to single, one by one. Signalling NaNs may become quiet. */
export const decodeFloat16: Kernel<[x: Uint16Array, out: Float32Array], void> = {
  name: 'decodeFloat16',
  plain(x, out) {
    for (let i = 0; i < x.length; i++) out[i] = fromHalf(x[i]!);
  },
  simd: (wasm) => (x, out) => {
    const frame = wasm.frame();
    const patterns = frame.input(x);
    const values = frame.output(out.subarray(0, x.length));
    if (frame.full) return decodeFloat16.plain(x, out);
    wasm.exports.decodeFloat16(patterns, x.length, values);
    frame.done();
  },
};

/** bfloat16 to single. */
export const decodeBfloat16: Kernel<[x: Uint16Array, out: Float32Array], void> = {
  name: 'decodeBfloat16',
  plain(x, out) {
    for (let i = 0; i < x.length; i++) out[i] = fromBfloat16(x[i]!);
  },
  simd: (wasm) => (x, out) => {
    const frame = wasm.frame();
    const patterns = frame.input(x);
    const values = frame.output(out.subarray(0, x.length));
    if (frame.full) return decodeBfloat16.plain(x, out);
    wasm.exports.decodeBfloat16(patterns, x.length, values);
    frame.done();
  },
};

/** The value of each pattern, from a table with one for every pattern that occurs. */
export const mapPatterns: Kernel<[x: Uint16Array | Uint8Array, table: Float32Array, out: Float32Array], void> = {
  name: 'mapPatterns',
  plain(x, table, out) {
    for (let i = 0; i < x.length; i++) out[i] = table[x[i]!]!;
  },
  simd: (wasm) => (x, table, out) => {
    const frame = wasm.frame();
    const patterns = frame.input(x);
    const values = frame.input(table);
    const place = frame.output(out.subarray(0, x.length));
    if (frame.full) return mapPatterns.plain(x, table, out);
    if (x instanceof Uint16Array) wasm.exports.mapPatterns16(patterns, x.length, values, place);
    else wasm.exports.mapPatterns8(patterns, x.length, values, place);
    frame.done();
  },
};
