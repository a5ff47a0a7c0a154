import type { Block } from './block.js';

/** null: a null dataspace, which has no elements and no shape. */
export type Extent = readonly number[] | null;

export interface Dataspace {
  readonly shape: Extent;
  /** How far each axis may grow; beyond the safe integers where it may without end. */
  readonly limits: readonly number[];
}

/** Reads a dataspace message. Source: HDF5 File Format Specification 3.0, section IV.A.2.b. */
export function readDataspace(block: Block): Dataspace {
  const version = block.u8();
  const rank = block.u8();
  const flags = block.u8();
  if (version !== 1 && version !== 2) block.unsupported(`A dataspace of version ${version}`);
  if (rank > 32) block.malformed(`A dataspace has ${rank} axes`);
  const type = version === 1 ? 1 : block.u8();
  if (version === 1) block.skip(5);
  if (type === 2) return { shape: null, limits: [] };
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) shape.push(block.length());
  let elements = 1;
  for (const length of shape) elements *= length;
  // 16 bytes is the widest element; beyond this not even its offsets could be told apart.
  if (!shape.every(Number.isSafeInteger) || !Number.isSafeInteger(elements * 16))
    block.malformed(`A dataspace of ${shape.join('×')} is too large`);
  return { shape, limits: flags & 1 ? shape.map(() => block.length()) : shape };
}
