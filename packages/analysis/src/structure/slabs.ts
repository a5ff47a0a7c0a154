import { kernels, type Region } from '@espalier/kernels';
import type { TensorHead } from '@espalier/model';
import type { ElementRange } from '../stats/question.js';
import { addStructure, type StructureCounts, structureOf } from './structure.js';

/** Parts of a scan with structure begin at multiples of this many rows of the first axis, for N:M groups and 16×16 blocks … */
const UNIT_ROWS = 16;
/** … and of this many elements, for the digest and whole bytes of bits. */
export const UNIT_ELEMENTS = 1024;

/** Zero bits of this many elements are held at once, 2 MB … */
export const SLAB_ELEMENTS = 2 ** 24;
/** … or of one unit, if it is not larger than this: 8 MB. */
const LARGEST_UNIT = 2 ** 26;

/** Elements of the smallest run of rows at which a scan with structure may be cut. */
export function unitOf(head: Pick<TensorHead, 'elements' | 'shape'>): number {
  const row = head.elements / head.shape[0]!;
  return leastCommonMultiple(UNIT_ROWS * row, UNIT_ELEMENTS);
}

/** True where the structure can be found out on the way, slab after slab of whole rows. */
export const hasSlabs = (head: Pick<TensorHead, 'elements' | 'shape'>): boolean =>
  head.elements <= SLAB_ELEMENTS || unitOf(head) <= LARGEST_UNIT;

/** Cuts ranges into slabs, whose zero bits are then looked at together. */
export function slabsOf(head: Pick<TensorHead, 'elements' | 'shape'>, ranges: readonly ElementRange[]): ElementRange[] {
  const unit = unitOf(head);
  const step = Math.max(1, Math.floor(SLAB_ELEMENTS / unit)) * unit;
  return ranges.flatMap(({ begin, end }) => {
    const slabs: ElementRange[] = [];
    for (let at = begin; at < end; at += step) slabs.push({ begin: at, end: Math.min(end, at + step) });
    return slabs;
  });
}

/** Collects zero bits of slab after slab, one bit an element, and the structure they have. */
export class ZeroBits {
  private readonly region: Region;
  private found: StructureCounts | null = null;
  private slab: ElementRange = { begin: 0, end: 0 };

  /** Without `wanted` the bits of a block are merely scratch. */
  constructor(
    private readonly head: TensorHead,
    private readonly wanted: boolean,
    slabs: readonly ElementRange[],
    blockElements: number,
  ) {
    const longest = wanted ? slabs.reduce((most, { begin, end }) => Math.max(most, end - begin), 0) : blockElements;
    this.region = kernels().take(Math.ceil(longest / 8) + 8);
  }

  open(slab: ElementRange): void {
    this.slab = slab;
  }

  /** Place for the bits of a block; blocks begin at multiples of 8 elements within the slab. */
  at(begin: number, count: number): Uint8Array {
    const offset = this.wanted ? (begin - this.slab.begin) / 8 : 0;
    return new Uint8Array(this.region.buffer, this.region.byteOffset + offset, Math.ceil(count / 8));
  }

  close(): void {
    if (!this.wanted) return;
    const { begin, end } = this.slab;
    const rowElements = this.head.elements / this.head.shape[0]!;
    const bits = new Uint8Array(this.region.buffer, this.region.byteOffset, Math.ceil((end - begin) / 8));
    const shape = [(end - begin) / rowElements, ...this.head.shape.slice(1)];
    const corner = [begin / rowElements, ...shape.slice(1).map(() => 0)];
    this.found = addStructure(this.found, structureOf(this.head, bits, shape, corner));
  }

  structure(): StructureCounts | null {
    return this.found;
  }

  release(): void {
    this.region.release();
  }
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
