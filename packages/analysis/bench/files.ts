import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { seeded } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';

/** Where large files of benchmarks stay between runs. */
export const benchFolder = join(process.env.ESPALIER_CACHE ?? join(homedir(), '.cache', 'espalier'), 'bench');

export const SIDE = 4096;
export const TENSOR_BYTES_F32 = 4 * SIDE * SIDE;

/** A safetensors file of `tensors` matrices of 4096 × 4096 normal weights of scale 0.02, 2 % of them zero. Made once. */
export function weightsFile(dtype: 'F32' | 'F16' | 'BF16', tensors: number): string {
  const width = dtype === 'F32' ? 4 : 2;
  const path = join(benchFolder, `${dtype.toLowerCase()}-${tensors}.safetensors`);
  const each = width * SIDE * SIDE;
  const header = headerOf(dtype, tensors, SIDE, SIDE, each);
  if (existsSync(path) && statSync(path).size === header.length + tensors * each) return path;
  mkdirSync(benchFolder, { recursive: true });
  const weights = weightBytes(dtype, SIDE * SIDE);
  const partial = `${path}.partial`;
  const file = openSync(partial, 'w');
  writeSync(file, header);
  for (let tensor = 0; tensor < tensors; tensor++) {
    // The same weights from another place on, so that no two tensors are equal.
    const from = (tensor * 65_536 * width) % each;
    writeAll(file, weights.subarray(from));
    writeAll(file, weights.subarray(0, from));
  }
  closeSync(file);
  renameSync(partial, path);
  return path;
}

/** A safetensors file with one f32 matrix that is a hole on disk. */
export function sparseFile(bytes: number): string {
  const rows = Math.floor(bytes / 4 / SIDE);
  const path = join(benchFolder, `hole-${bytes}.safetensors`);
  mkdirSync(benchFolder, { recursive: true });
  const header = headerOf('F32', 1, rows, SIDE, 4 * rows * SIDE);
  const file = openSync(path, 'w');
  writeSync(file, header);
  ftruncateSync(file, header.length + 4 * rows * SIDE);
  closeSync(file);
  return path;
}

function headerOf(dtype: string, tensors: number, rows: number, columns: number, each: number): Buffer {
  const entries = Array.from({ length: tensors }, (_, i) => [
    `layers.${i}.weight`,
    { dtype, shape: [rows, columns], data_offsets: [i * each, (i + 1) * each] },
  ]);
  let text = JSON.stringify(Object.fromEntries(entries));
  text += ' '.repeat((4096 - ((text.length + 8) % 4096)) % 4096);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, Buffer.from(text)]);
}

/** Bytes before the values of a file made here. */
export function dataBegin(path: string): number {
  const file = openSync(path, 'r');
  const length = Buffer.alloc(8);
  readSync(file, length, 0, 8, 0);
  closeSync(file);
  return 8 + Number(length.readBigUInt64LE());
}

function weightBytes(dtype: 'F32' | 'F16' | 'BF16', elements: number): Uint8Array {
  const rng = seeded(20);
  const values = Float32Array.from({ length: elements }, () => (rng.next() < 0.02 ? 0 : 0.02 * rng.normal()));
  const words = new Uint32Array(values.buffer);
  if (dtype === 'F32') return new Uint8Array(values.buffer);
  const halves = new Uint16Array(elements);
  for (let i = 0; i < elements; i++) halves[i] = dtype === 'BF16' ? words[i]! >>> 16 : toHalf(values[i]!);
  return new Uint8Array(halves.buffer);
}

/** Nearest half of a small number, by way of its scaled integer: |x| < 2⁻² here. */
function toHalf(x: number): number {
  const size = Math.abs(x);
  const sign = x < 0 ? 0x8000 : 0;
  if (size < 2 ** -14) return sign | Math.round(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  return sign | (((exponent + 15) << 10) + Math.round((size / 2 ** exponent - 1) * 1024));
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done);
}

/** A file read as the worker threads of the product read it: straight into the target, without changing threads. */
export function blockingSource(path: string): ByteSource {
  const file = openSync(path, 'r');
  const readInto = async (target: Uint8Array, begin: number): Promise<void> => {
    for (let done = 0; done < target.length; ) {
      const got = readSync(file, target, done, target.length - done, begin + done);
      if (got === 0) throw new Error(`${path} ends at ${begin + done}`);
      done += got;
    }
  };
  return {
    name: basename(path),
    sizeBytes: statSync(path).size,
    readInto,
    async read(begin, length) {
      const bytes = new Uint8Array(length);
      await readInto(bytes, begin);
      return bytes;
    },
    sibling: async () => ({ ok: false, fault: { code: 'path/not-found', message: 'There is no other file.' } }),
    siblingNames: async () => [],
    close: async () => closeSync(file),
  };
}
