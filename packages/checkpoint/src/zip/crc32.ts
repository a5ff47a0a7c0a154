/** Bytes that are taken together. */
const SLICE = 16;

/** `256 · k + b`: what byte b adds when k bytes follow it within a slice. */
const table = new Uint32Array(256 * SLICE);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  table[byte] = crc;
}
for (let i = 256; i < table.length; i++) table[i] = (table[i - 256]! >>> 8) ^ table[table[i - 256]! & 255]!;

/**
 * CRC-32 of zip and gzip (polynomial 0xedb88320, reflected). `crc` continues an earlier call; 0 begins. Sixteen bytes a step: M. Kounavis, F. Berry, "Novel Table Lookup-Based
 * Algorithms for High-Performance CRC Generation", 2008.
 */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  const one = (byte: number): number => (state >>> 8) ^ table[(state ^ byte) & 255]!;
  let at = 0;
  if (bytes.length >= 2 * SLICE) {
    // Words begin at multiples of 4.
    while ((bytes.byteOffset + at) % 4 !== 0) state = one(bytes[at++]!);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, (bytes.length - at) >>> 2);
    const sliced = words.length - (words.length % 4);
    for (let i = 0; i < sliced; i += 4) state = step(state ^ words[i]!, words[i + 1]!, words[i + 2]!, words[i + 3]!);
    at += 4 * sliced;
  }
  while (at < bytes.length) state = one(bytes[at++]!);
  return ~state >>> 0;
}

/** Four words of the machine's order, which is little-endian wherever this runs; the first has the state in it. */
const step = (a: number, b: number, c: number, d: number): number =>
  table[0xf00 | (a & 255)]! ^
  table[0xe00 | ((a >>> 8) & 255)]! ^
  table[0xd00 | ((a >>> 16) & 255)]! ^
  table[0xc00 | (a >>> 24)]! ^
  table[0xb00 | (b & 255)]! ^
  table[0xa00 | ((b >>> 8) & 255)]! ^
  table[0x900 | ((b >>> 16) & 255)]! ^
  table[0x800 | (b >>> 24)]! ^
  table[0x700 | (c & 255)]! ^
  table[0x600 | ((c >>> 8) & 255)]! ^
  table[0x500 | ((c >>> 16) & 255)]! ^
  table[0x400 | (c >>> 24)]! ^
  table[0x300 | (d & 255)]! ^
  table[0x200 | ((d >>> 8) & 255)]! ^
  table[0x100 | ((d >>> 16) & 255)]! ^
  table[d >>> 24]!;
