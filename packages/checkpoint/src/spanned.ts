import { type Fault, fail, type Result, raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';

/** Several files read as one, in order: weights that run from one shard into the next stay a plain range. */
export function spannedSource(name: string, parts: readonly ByteSource[]): ByteSource {
  const begins: number[] = [];
  let sizeBytes = 0;
  for (const part of parts) {
    begins.push(sizeBytes);
    sizeBytes += part.sizeBytes;
  }

  const raiseIfOutside = (begin: number, length: number): void => {
    if (begin >= 0 && length >= 0 && begin + length <= sizeBytes) return;
    raise({
      code: 'checkpoint/truncated',
      file: name,
      offset: begin,
      expected: begin + length,
      found: sizeBytes,
      message: `The shards end at byte ${sizeBytes}, ${length} bytes are needed at ${begin}.`,
    });
  };

  async function readInto(target: Uint8Array, begin: number, signal?: AbortSignal): Promise<void> {
    raiseIfOutside(begin, target.length);
    const end = begin + target.length;
    for (let index = lastAtOrBefore(begins, begin); index < parts.length; index++) {
      const partBegin = begins[index]!;
      if (partBegin >= end) break;
      const from = Math.max(begin, partBegin);
      const to = Math.min(end, partBegin + parts[index]!.sizeBytes);
      if (to > from) await parts[index]!.readInto(target.subarray(from - begin, to - begin), from - partBegin, signal);
    }
  }

  return {
    name,
    sizeBytes,
    readInto,
    async read(begin, length, signal) {
      raiseIfOutside(begin, length);
      const bytes = new Uint8Array(length);
      await readInto(bytes, begin, signal);
      return bytes;
    },
    sibling: async (other): Promise<Result<ByteSource, Fault>> =>
      parts[0] === undefined
        ? fail({ code: 'path/not-found', message: `${other} does not exist.`, file: name })
        : parts[0].sibling(other),
    siblingNames: async () => (parts[0] === undefined ? [] : parts[0].siblingNames()),
    async close() {
      await Promise.all([...new Set(parts)].map((part) => part.close()));
    },
  };
}

/** Index of the last begin ≤ offset. `begins` ascends and starts at 0. */
function lastAtOrBefore(begins: readonly number[], offset: number): number {
  let low = 0;
  let high = begins.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (begins[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}
