import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The F32 value at an index, read from the file by the format's definition and nothing of ours. */
export function valueAt(file: string, tensor: string, index: readonly number[]): number {
  const bytes = readFileSync(file);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as Record<string, Entry>;
  const entry = header[tensor];
  if (entry === undefined || entry.dtype !== 'F32') throw new Error(`${tensor} is no F32 tensor of ${file}`);
  const flat = entry.shape.reduce((at, length, axis) => at * length + index[axis]!, 0);
  return bytes.readFloatLE(8 + headerBytes + entry.data_offsets[0] + 4 * flat);
}

/** A file of `tensors` × `bytesEach` zeros that takes no room on disk. */
export function writeSparse(file: string, tensors: number, bytesEach: number): void {
  const columns = 4096;
  const rows = bytesEach / 4 / columns;
  const entries = Array.from({ length: tensors }, (_, i) => [
    `layers.${i}.weight`,
    { dtype: 'F32', shape: [rows, columns], data_offsets: [i * bytesEach, (i + 1) * bytesEach] },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  const handle = openSync(file, 'w');
  try {
    writeSync(handle, size);
    writeSync(handle, header);
  } finally {
    closeSync(handle);
  }
  truncateSync(file, 8 + header.length + tensors * bytesEach);
}
