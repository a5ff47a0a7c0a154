import type { Block } from './block.js';

/** Where the elements of a dataset are. Addresses are relative to the base address; null: nothing was written. */
export type Layout =
  | { readonly kind: 'compact'; readonly data: Uint8Array }
  | { readonly kind: 'contiguous'; readonly address: number | null; readonly bytes: number | null }
  | {
      readonly kind: 'chunked';
      readonly chunk: readonly number[];
      readonly address: number | null;
      readonly index: ChunkIndex;
    }
  | { readonly kind: 'virtual' };

export type ChunkIndex =
  | { readonly kind: 'tree1' }
  | { readonly kind: 'single'; readonly bytes: number | null; readonly mask: number }
  | { readonly kind: 'implicit' }
  | { readonly kind: 'fixed' }
  | { readonly kind: 'extensible' }
  | { readonly kind: 'tree2' };

const CLASSES = ['compact', 'contiguous', 'chunked', 'virtual'];

/** Reads a data layout message. `rank` is that of the dataspace. Source: HDF5 File Format Specification 3.0, section IV.A.2.i. */
export function readLayout(block: Block, rank: number): Layout {
  const version = block.u8();
  if (version === 1 || version === 2) return readOld(block, rank);
  if (version < 3 || version > 5) block.unsupported(`A data layout of version ${version}`);
  const kind = CLASSES[block.u8()];
  switch (kind) {
    case 'compact':
      return { kind, data: block.take(block.u16()) };
    case 'contiguous':
      return { kind, address: block.address(), bytes: block.length() };
    case 'chunked':
      return version === 3 ? readTree1(block, rank) : readIndexed(block, rank);
    case 'virtual':
      return { kind };
    default:
      return block.malformed('A data layout has an unknown class');
  }
}

function readOld(block: Block, rank: number): Layout {
  const dimensions = block.u8();
  const kind = CLASSES[block.u8()];
  block.skip(5);
  const address = kind === 'compact' ? null : block.address();
  const sizes: number[] = [];
  for (let axis = 0; axis < dimensions; axis++) sizes.push(block.u32());
  if (kind === 'compact') return { kind, data: block.take(block.u32()) };
  if (kind === 'contiguous') return { kind, address, bytes: null };
  if (kind !== 'chunked') return block.malformed('A data layout has an unknown class');
  return { kind, chunk: chunkOf(block, sizes, rank), address, index: { kind: 'tree1' } };
}

function readTree1(block: Block, rank: number): Layout {
  const dimensions = block.u8();
  const address = block.address();
  const sizes: number[] = [];
  for (let axis = 0; axis < dimensions; axis++) sizes.push(block.u32());
  return { kind: 'chunked', chunk: chunkOf(block, sizes, rank), address, index: { kind: 'tree1' } };
}

function readIndexed(block: Block, rank: number): Layout {
  const flags = block.u8();
  const dimensions = block.u8();
  const width = block.u8();
  const sizes: number[] = [];
  for (let axis = 0; axis < dimensions; axis++) sizes.push(block.uint(Math.min(8, width)));
  const chunk = chunkOf(block, sizes, rank);
  const index = readIndex(block, flags);
  return { kind: 'chunked', chunk, address: block.address(), index };
}

function readIndex(block: Block, flags: number): ChunkIndex {
  const type = block.u8();
  switch (type) {
    case 1:
      return flags & 2
        ? { kind: 'single', bytes: block.length(), mask: block.u32() }
        : { kind: 'single', bytes: null, mask: 0 };
    case 2:
      return { kind: 'implicit' };
    case 3:
      block.skip(1);
      return { kind: 'fixed' };
    case 4:
      block.skip(5);
      return { kind: 'extensible' };
    case 5:
      block.skip(6);
      return { kind: 'tree2' };
    default:
      return block.malformed(`A data layout has a chunk index of type ${type}`);
  }
}

/** The last size is that of an element. */
function chunkOf(block: Block, sizes: readonly number[], rank: number): number[] {
  const chunk = sizes.slice(0, -1);
  if (chunk.length !== rank || chunk.some((size) => size === 0))
    block.malformed(`Chunks of ${sizes.join('×')} do not fit ${rank} axes`);
  return chunk;
}
