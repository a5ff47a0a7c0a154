import { seeded, type Work } from '@espalier/base';
import { compressBlocks, compressRows, type Kernels } from '@espalier/kernels';
import { denseGroups } from './denseGroups.js';
import { KernelMemory } from './kernelMemory.js';
import type { ProductPart } from './layerProduct.js';
import { type RaceOptions, type Runner, raceTimings, type Timing } from './race.js';

/** Ways to compute a layer. */
export const WAYS = ['dense', 'csr', 'block-4x1', 'regrouped', 'channels-removed', 'int8'] as const;
export type Way = (typeof WAYS)[number];

export interface WayTiming extends Timing {
  readonly name: Way;
}

/**
 * Times the product of a layer in the kernels of this machine, on one thread: dense as it was before, and in every way that its zeros allow: skipping
 * them one by one (compressed rows) or by fours (blocks of 4 × 1), as dense blocks of rows that share their columns, and without the rows and columns that hold nothing else. As bytes it is timed dense.
 * `weights` is the part's rows × inner matrix after the change, with its zeros; inputs are random. Unfolding the inputs of a convolution is no part of it.
 * Times are of the whole product. Aborts fly between laps.
 */
export async function measureLayer(
  weights: Float32Array,
  part: ProductPart,
  kernels: Kernels,
  options: RaceOptions,
  work: Work,
): Promise<WayTiming[]> {
  const { rows, inner, columns, times } = part;
  const memory = new KernelMemory(kernels);
  try {
    const rng = seeded(1);
    const b = memory.place(Float32Array.from({ length: inner * columns }, () => rng.normal()));
    // Blocks come in fours of rows.
    const c = memory.place(new Float32Array(4 * Math.ceil(rows / 4) * columns));
    const zeros = weights.reduce((count, weight) => count + (weight === 0 ? 1 : 0), 0);
    // Zeros take a dense kernel as long as other numbers.
    const full = memory.place(weights);
    const runners: (Runner & { readonly name: Way })[] = [
      { name: 'dense', run: () => kernels.gemmFloat32(full, b, c, part) },
    ];
    if (zeros > 0) {
      const csr = memory.placeAll(compressRows(weights, rows, inner));
      runners.push({ name: 'csr', run: () => kernels.csrFloat32(csr, b, c, columns) });
      const blocks = memory.placeAll(compressBlocks(weights, rows, inner));
      runners.push({ name: 'block-4x1', run: () => kernels.blocks4x1Float32(blocks, b, c, columns) });
      const groups = denseGroups(weights, rows, inner)?.map((group) => memory.placeAll({ ...group }));
      if (groups !== undefined) {
        const run = (): void => {
          // Blocks add to what is there.
          c.fill(0);
          for (const group of groups) kernels.gatherGemmFloat32(group, b, c, columns);
        };
        runners.push({ name: 'regrouped', run });
      }
      const alive = livingPart(weights, rows, inner);
      if (alive.rows < rows || alive.inner < inner) {
        const shape = { ...alive, columns };
        runners.push({ name: 'channels-removed', run: () => kernels.gemmFloat32(full, b, c, shape) });
      }
    }
    const bytes = (length: number): Int8Array => Int8Array.from({ length }, () => rng.below(255) - 127);
    const [x, y] = [memory.place(bytes(rows * inner)), memory.place(bytes(inner * columns))];
    const z = memory.place(new Int32Array(rows * columns));
    runners.push({ name: 'int8', run: () => kernels.gemmInt8(x, y, z, part) });
    const timings = await raceTimings(runners, options, work);
    return timings.map((timing, i) => ofWhole(runners[i]!.name, timing, times));
  } finally {
    memory.release();
  }
}

/** The time of a part as that of the whole. */
export const ofWhole = (name: Way, { medianMs, lowMs, highMs, runs }: Timing, times: number): WayTiming => ({
  name,
  medianMs: medianMs * times,
  lowMs: lowMs * times,
  highMs: highMs * times,
  runs,
});

/** Rows and columns that have something other than zeros. */
export function livingPart(weights: Float32Array, rows: number, inner: number): { rows: number; inner: number } {
  const [aliveRows, aliveColumns] = [new Uint8Array(rows), new Uint8Array(inner)];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < inner; column++) {
      if (weights[row * inner + column] === 0) continue;
      aliveRows[row] = 1;
      aliveColumns[column] = 1;
    }
  }
  const count = (alive: Uint8Array): number => alive.reduce((sum, one) => sum + one, 0);
  return { rows: count(aliveRows), inner: count(aliveColumns) };
}
