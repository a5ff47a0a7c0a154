import type { Kernel } from './kernel.js';

/** A bit for each byte, set where the byte is not 0, least significant first; `out` has ceil(length / 8) bytes, and bits behind the last are 0. */
export const packBits: Kernel<[bytes: Uint8Array, out: Uint8Array], void> = {
  name: 'packBits',
  plain: pack,
  simd: (wasm) => (bytes, out) => {
    const frame = wasm.frame();
    const [from, to] = [frame.input(bytes), frame.output(out)];
    if (frame.full) return pack(bytes, out);
    wasm.exports.packBits(from, bytes.length, to);
    frame.done();
  },
};

function pack(bytes: Uint8Array, out: Uint8Array): void {
  out.fill(0);
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) out[i >> 3]! |= 1 << (i & 7);
}
