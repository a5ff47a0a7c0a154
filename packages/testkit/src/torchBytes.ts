import { type Picklable, pickleBytes } from './pickleBytes.js';
import { join, zipBytes } from './zipBytes.js';

/** A storage of a PyTorch file to be made. */
export interface StorageBytes {
  readonly key: string;
  /** `FloatStorage`, `HalfStorage` … */
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly elements: number;
}

/** The reference to a storage as torch.save writes it. */
export const storageRef = ({ type, key, elements }: Omit<StorageBytes, 'bytes'>): Picklable => ({
  persistent: { tuple: ['storage', { global: ['torch', type] }, key, 'cpu', elements] },
});

/** A dense tensor as torch.save writes it: a view of a storage. */
export const tensorRef = (
  storage: Omit<StorageBytes, 'bytes'>,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Picklable => ({
  call: { global: ['torch._utils', '_rebuild_tensor_v2'] },
  args: [
    storageRef(storage),
    offset,
    { tuple: shape },
    { tuple: strides },
    false,
    { call: { global: ['collections', 'OrderedDict'] }, args: [] },
  ],
});

/** A zip archive as torch.save writes it. */
export function torchZip(
  value: Picklable,
  storages: readonly StorageBytes[],
  options: { readonly root?: string; readonly byteorder?: 'little' | 'big'; readonly deflate?: boolean } = {},
): Uint8Array {
  const root = options.root ?? 'archive';
  const method = options.deflate ? 'deflated' : 'stored';
  return zipBytes([
    { name: `${root}/data.pkl`, bytes: pickleBytes(value), method },
    { name: `${root}/byteorder`, bytes: new TextEncoder().encode(options.byteorder ?? 'little') },
    ...storages.map(({ key, bytes }) => ({ name: `${root}/data/${key}`, bytes, method, padding: 7 }) as const),
    { name: `${root}/version`, bytes: new TextEncoder().encode('3\n') },
  ]);
}

/** The layout before 1.6. */
export function torchLegacy(value: Picklable, storages: readonly StorageBytes[]): Uint8Array {
  const info = new Map<Picklable, Picklable>([
    ['protocol_version', 1001],
    ['little_endian', true],
  ]);
  const heads = [
    pickleBytes(0x1950a86a20f9469cfc6cn),
    pickleBytes(1001),
    pickleBytes(info),
    pickleBytes(value),
    pickleBytes(storages.map(({ key }) => key)),
  ];
  const bodies = storages.flatMap(({ elements, bytes }) => [
    new Uint8Array(BigInt64Array.of(BigInt(elements)).buffer),
    bytes,
  ]);
  return join([...heads, ...bodies]);
}

/** The bytes of numbers as F32. */
export const f32Bytes = (numbers: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(numbers).buffer);
