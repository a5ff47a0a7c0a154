import type { ByteSource } from '@espalier/tensor';
import { type Attribute, type AttributeHandle, readAttributes } from './attribute.js';
import { type Dataset, readDataset } from './dataset.js';
import type { Hdf5Bytes } from './file.js';
import { GlobalHeaps } from './globalHeap.js';
import { readLinks } from './group.js';
import type { Link } from './link.js';
import { type Message, readObjectHeader } from './objectHeader.js';
import { readSuperblock } from './superblock.js';

/**
 * An HDF5 file, read by ranges: superblock versions 0 to 3, both kinds of groups, attributes, and datasets that are compact, contiguous or
 * chunked with deflate, shuffle, fletcher32 and lzf. Nothing of a dataset is read before its values are asked for.
 *
 * ```ts
 * const file = await openHdf5(source);
 * const root = await file.root();
 * const names = (await root.attribute('layer_names'))?.texts;
 * ```
 *
 * Faults: `hdf5/malformed`, `hdf5/unsupported`, `checkpoint/truncated`, `checkpoint/too-complex`.
 */
export interface Hdf5 {
  readonly bytes: Hdf5Bytes;
  root(): Promise<Hdf5Object>;
  /** The object whose header is at an address. */
  object(address: number): Promise<Hdf5Object>;
}

/** A group, a dataset or a committed type. */
export interface Hdf5Object {
  readonly address: number;
  /** null: not a group. */
  links(): Promise<readonly Link[] | null>;
  /** null: not a dataset. */
  dataset(): Promise<Dataset | null>;
  attributeNames(): Promise<readonly string[]>;
  attribute(name: string): Promise<Attribute | undefined>;
}

export async function openHdf5(source: ByteSource, signal?: AbortSignal): Promise<Hdf5> {
  const { bytes, root } = await readSuperblock(source, signal);
  const heaps = new GlobalHeaps(bytes);
  const object = async (address: number): Promise<Hdf5Object> =>
    createObject(bytes, heaps, address, await readObjectHeader(bytes, address));
  return { bytes, object, root: () => object(root) };
}

function createObject(bytes: Hdf5Bytes, heaps: GlobalHeaps, address: number, messages: readonly Message[]): Hdf5Object {
  let handles: Promise<AttributeHandle[]> | undefined;
  const attributes = (): Promise<AttributeHandle[]> => (handles ??= readAttributes(bytes, heaps, messages));
  const rewound = (): readonly Message[] => {
    for (const { block } of messages) block.at = 0;
    return messages;
  };
  return {
    address,
    links: () => readLinks(bytes, rewound()),
    dataset: () => readDataset(bytes, rewound()),
    attributeNames: async () => (await attributes()).map(({ name }) => name),
    attribute: async (name) => (await attributes()).find((handle) => handle.name === name)?.read(),
  };
}
