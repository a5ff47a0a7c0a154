/**
 * Unpacks a snappy block of at most `limit` bytes. null: the bytes are not a snappy block, or would be larger.
 * Source: google/snappy, format_description.txt.
 */
export function unpackSnappy(bytes: Uint8Array, limit: number): Uint8Array | null {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    if (at >= bytes.length || shift > 28) return null;
    const byte = bytes[at++]!;
    length += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  if (length > limit) return null;
  const out = new Uint8Array(length);
  let to = 0;
  while (at < bytes.length) {
    const tag = bytes[at++]!;
    const kind = tag & 3;
    if (kind === 0) {
      let run = tag >> 2;
      if (run >= 60) {
        const width = run - 59;
        run = little(bytes, at, width);
        at += width;
      }
      run++;
      if (at + run > bytes.length || to + run > length) return null;
      out.set(bytes.subarray(at, at + run), to);
      at += run;
      to += run;
      continue;
    }
    const run = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const width = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    const offset = little(bytes, at, width) + (kind === 1 ? (tag >> 5) * 256 : 0);
    at += width;
    if (at > bytes.length || offset === 0 || offset > to || to + run > length) return null;
    // Byte by byte: a reference may overlap what it writes.
    for (let i = 0; i < run; i++, to++) out[to] = out[to - offset]!;
  }
  return to === length ? out : null;
}

/** Little-endian; bytes behind the end count as 0, the caller checks. */
function little(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}
