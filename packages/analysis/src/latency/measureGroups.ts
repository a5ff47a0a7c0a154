import { seeded, type Work } from '@espalier/base';
import { type ColumnBlocks, type CompressedRows, compressBlocks, compressRows, type Kernels } from '@espalier/kernels';
import { KernelMemory } from './kernelMemory.js';
import type { ProductPart } from './layerProduct.js';
import { livingPart, ofWhole, type Way, type WayTiming } from './measureLayer.js';
import { type RaceOptions, type Runner, raceTimings } from './race.js';

/** How the dense time of a convolution in groups came about. */
export type DenseBy = 'a product for each group' | 'every weight one by one';

/**
 * Times a convolution in groups, or a depthwise one, as `measureLayer` times a product: every group has weights of its own and its own `inner` rows of the
 * inputs. `weights` is groups × rows × inner. Dense is the quicker of two ways: the dense kernel group by group, and all weights, zeros too, one after the other
 * by the kernel of compressed rows, which is what a depthwise kernel does; groups of a row or two would make the dense kernel a baseline that is easily
 * beaten. Blocks of 4 × 1 are there where groups have whole blocks. Channels are removed as runtimes need it: whole groups, and as many from each of the others.
 */
export async function measureGroups(
  weights: Float32Array,
  part: ProductPart,
  kernels: Kernels,
  options: RaceOptions,
  work: Work,
): Promise<{ readonly ways: WayTiming[]; readonly denseBy: DenseBy }> {
  const { rows, inner, columns, times, groups = 1 } = part;
  const size = rows * inner;
  const memory = new KernelMemory(kernels);
  try {
    const rng = seeded(1);
    const b = memory.place(Float32Array.from({ length: groups * inner * columns }, () => rng.normal()));
    const c = memory.place(new Float32Array(groups * rows * columns));
    const full = memory.place(weights);
    const ofGroup = (group: number): Float32Array => weights.subarray(group * size, (group + 1) * size);
    const each = Array.from({ length: groups }, (_, group) => group);
    const dense = (count: number, shape: { readonly rows: number; readonly inner: number }): (() => void) => {
      const own = { ...shape, columns };
      const operands = each
        .slice(0, count)
        .map((group) => [
          full.subarray(group * size, group * size + shape.rows * shape.inner),
          b.subarray(group * inner * columns, (group * inner + shape.inner) * columns),
          c.subarray(group * rows * columns, (group * rows + shape.rows) * columns),
        ]) as [Float32Array, Float32Array, Float32Array][];
      return () => {
        for (const [a, x, y] of operands) kernels.gemmFloat32(a, x, y, own);
      };
    };
    const oneByOne = (count: number, shape: { readonly rows: number; readonly inner: number }): (() => void) => {
      const all = compressRows(new Float32Array(shape.rows * shape.inner).fill(1), shape.rows, shape.inner);
      const csr = memory.placeAll(
        joinRows(
          each.slice(0, count).map(() => all),
          inner,
        ),
      );
      csr.values.set(weights.subarray(0, csr.values.length));
      const y = c.subarray(0, count * shape.rows * columns);
      return () => kernels.csrFloat32(csr, b, y, columns);
    };
    const runners: (Runner & { readonly name: Way })[] = [];
    const twice = (name: Way, count: number, shape: { readonly rows: number; readonly inner: number }): void => {
      runners.push({ name, run: dense(count, shape) }, { name, run: oneByOne(count, shape) });
    };
    twice('dense', groups, part);
    if (weights.includes(0)) {
      const csr = memory.placeAll(
        joinRows(
          each.map((group) => compressRows(ofGroup(group), rows, inner)),
          inner,
        ),
      );
      runners.push({ name: 'csr', run: () => kernels.csrFloat32(csr, b, c, columns) });
      if (rows % 4 === 0) {
        const blocks = memory.placeAll(
          joinBlocks(
            each.map((group) => compressBlocks(ofGroup(group), rows, inner)),
            inner,
          ),
        );
        runners.push({ name: 'block-4x1', run: () => kernels.blocks4x1Float32(blocks, b, c, columns) });
      }
      const living = each.map((group) => livingPart(ofGroup(group), rows, inner)).filter((alive) => alive.rows > 0);
      const shape = {
        rows: Math.max(0, ...living.map((alive) => alive.rows)),
        inner: Math.max(0, ...living.map((alive) => alive.inner)),
      };
      if (living.length < groups || shape.rows < rows || shape.inner < inner)
        twice('channels-removed', living.length, shape);
    }
    const bytes = (length: number): Int8Array => Int8Array.from({ length }, () => rng.below(255) - 127);
    const [x, y] = [memory.place(bytes(groups * size)), memory.place(bytes(groups * inner * columns))];
    const z = memory.place(new Int32Array(groups * rows * columns));
    const operands = each.map(
      (group) =>
        [
          x.subarray(group * size, (group + 1) * size),
          y.subarray(group * inner * columns, (group + 1) * inner * columns),
          z.subarray(group * rows * columns, (group + 1) * rows * columns),
        ] as const,
    );
    const int8 = (): void => {
      for (const [a, from, to] of operands) kernels.gemmInt8(a, from, to, part);
    };
    runners.push({ name: 'int8', run: int8 });
    const timings = await raceTimings(runners, options, work);
    const ways = timings.map((timing, i) => ofWhole(runners[i]!.name, timing, times));
    const denseBy = ways[0]!.medianMs <= ways[1]!.medianMs ? 'a product for each group' : 'every weight one by one';
    return { ways: quickestOfEach(ways), denseBy };
  } finally {
    memory.release();
  }
}

/** Where a way was computed in two manners, the quicker one. */
function quickestOfEach(ways: readonly WayTiming[]): WayTiming[] {
  const best = new Map<Way, WayTiming>();
  for (const way of ways) {
    const known = best.get(way.name);
    if (known === undefined || way.medianMs < known.medianMs) best.set(way.name, way);
  }
  return [...best.values()];
}

/** Matrices below each other, each with its own `inner` inputs: the blocks of a diagonal. */
function joinRows(parts: readonly CompressedRows[], inner: number): CompressedRows {
  return { ...joined(parts, inner), values: joinedValues(parts) };
}

function joinBlocks(parts: readonly ColumnBlocks[], inner: number): ColumnBlocks {
  return { ...joined(parts, inner), values: joinedValues(parts) };
}

function joined(
  parts: readonly Pick<CompressedRows, 'starts' | 'columnOf'>[],
  inner: number,
): Pick<CompressedRows, 'starts' | 'columnOf'> {
  const length = parts.reduce((sum, { columnOf }) => sum + columnOf.length, 0);
  const starts = new Int32Array(parts.reduce((sum, part) => sum + part.starts.length - 1, 1));
  const columnOf = new Int32Array(length);
  let [row, at] = [0, 0];
  for (const [group, part] of parts.entries()) {
    for (let i = 1; i < part.starts.length; i++) starts[++row] = at + part.starts[i]!;
    for (const column of part.columnOf) columnOf[at++] = group * inner + column;
  }
  return { starts, columnOf };
}

function joinedValues(parts: readonly Pick<CompressedRows, 'values'>[]): Float32Array {
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.values.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  return values;
}
