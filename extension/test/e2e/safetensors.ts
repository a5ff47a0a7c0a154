import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The values of an F32 tensor and its shape, read from the file by the format's definition and nothing of ours. */
export function tensorOf(
  file: string,
  tensor: string,
): { readonly shape: readonly number[]; readonly values: Float32Array } {
  const bytes = readFileSync(file);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as Record<string, Entry>;
  const entry = header[tensor];
  if (entry === undefined || entry.dtype !== 'F32') throw new Error(`${tensor} is no F32 tensor of ${file}`);
  const [begin, end] = entry.data_offsets;
  const values = Float32Array.from({ length: (end - begin) / 4 }, (_, i) =>
    bytes.readFloatLE(8 + headerBytes + begin + 4 * i),
  );
  return { shape: entry.shape, values };
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
