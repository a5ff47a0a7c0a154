import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';

type Ranges = Pick<ByteSource, 'name' | 'sizeBytes' | 'read' | 'readInto'>;

/** `sizeBytes` bytes of another source, from an offset that is found out at the first read. */
export function sliceSource(
  name: string,
  outer: ByteSource,
  locate: (signal?: AbortSignal) => Promise<number>,
  sizeBytes: number,
): Ranges {
  return {
    name,
    sizeBytes,
    async read(begin, length, signal) {
      raiseIfOutside(name, sizeBytes, begin, length);
      return await outer.read((await locate(signal)) + begin, length, signal);
    },
    async readInto(target, begin, signal) {
      raiseIfOutside(name, sizeBytes, begin, target.length);
      await outer.readInto(target, (await locate(signal)) + begin, signal);
    },
  };
}

export function raiseIfOutside(file: string, sizeBytes: number, begin: number, length: number): void {
  if (begin >= 0 && length >= 0 && begin + length <= sizeBytes) return;
  raise({
    code: 'checkpoint/truncated',
    file,
    offset: begin,
    expected: begin + length,
    found: sizeBytes,
    message: `The entry ends at ${sizeBytes}, ${length} bytes are needed at ${begin}.`,
  });
}
