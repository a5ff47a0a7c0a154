import type { ByteSource } from '@espalier/tensor';

/** Bytes read at once while hopping from prefix to prefix. */
const WINDOW_BYTES = 64 * 1024;

/**
 * Bytes that `count` texts take from `begin` on: each is a 4-byte little-endian length and that many bytes.
 * null when they run past the end. Reads windows, never the texts that are longer than one.
 */
export async function walkStrings(
  source: ByteSource,
  begin: number,
  count: number,
  signal?: AbortSignal,
): Promise<number | null> {
  // Each text takes at least its prefix, so a count that cannot fit is refused before walking.
  if (count * 4 > source.sizeBytes - begin) return null;
  let window: DataView = new DataView(new ArrayBuffer(0));
  let windowBegin = begin;
  let at = begin;
  for (let done = 0; done < count; done++) {
    if (at + 4 > source.sizeBytes) return null;
    if (at < windowBegin || at + 4 > windowBegin + window.byteLength) {
      const bytes = await source.read(at, Math.min(WINDOW_BYTES, source.sizeBytes - at), signal);
      window = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      windowBegin = at;
    }
    at += 4 + window.getUint32(at - windowBegin, true);
  }
  return at > source.sizeBytes ? null : at - begin;
}
