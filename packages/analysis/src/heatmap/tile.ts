import { attempt, breathe, type Fault, fail, type Result, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { HeatmapTile, TileQuery } from '../heatmap.js';
import { noValues } from '../stats/tensorStats.js';
import { boxOfWindow, readsOf } from './box.js';
import { DisplayReader } from './displayValues.js';
import { type Placement, placementOf } from './layout.js';
import { scaleFinder } from './scale.js';
import { WindowSums } from './tileSums.js';

/** Elements looked at between turns of the event loop. */
const ELEMENTS_PER_BREATH = 2 ** 23;
/** More tiles than any screen has pixels are not made. */
const MAX_TILES = 1 << 24;

/**
 * A window of the kernel matrix as pixels. Reads only the bytes that the window needs (gaps of a few kilobytes are read through). The scale
 * comes from `scale` (the statistics' `kept`) where it is known, else from the window. A tile without any element (behind the last kernel of the layout
 * `channel`) has level 0 and zero share 0. Faults: those of the source, `tensor/no-values`, `heatmap/window` for a window that is not
 * inside the matrix.
 */
export async function heatmapTile(
  entry: TensorEntry,
  head: TensorHead,
  query: TileQuery,
  scale: { readonly absmin: number | null; readonly abs99: number | null } | undefined,
  work: Work,
): Promise<Result<HeatmapTile, Fault>> {
  if (entry.data.kind === 'none') return fail(noValues(entry));
  const placement = placementOf(head, query.layout, query.channel ?? 0);
  const wrong = checkWindow(placement, query);
  if (wrong !== null) return fail({ code: 'heatmap/window', message: wrong });
  return attempt(async () => {
    const sums = new WindowSums(query, placement, entry.shape);
    const known = scale?.abs99 != null && scale.absmin != null;
    const finder = known ? null : scaleFinder();
    const reader = new DisplayReader(entry);
    try {
      let sinceBreath = 0;
      for (const read of readsOf(boxOfWindow(placement, entry.shape, query), entry.shape, reader.maxElements)) {
        work.signal.throwIfAborted();
        const values = await reader.read(read.begin, read.count, work.signal);
        for (const run of read.runs) {
          const part = values.subarray(run.begin - read.begin, run.begin - read.begin + run.count);
          finder?.add(part);
          sums.addRun(part, run);
        }
        sinceBreath += read.count;
        if (sinceBreath < ELEMENTS_PER_BREATH) continue;
        sinceBreath = 0;
        await breathe();
      }
    } finally {
      reader.release();
      sums.release();
    }
    const low = known ? scale.absmin! : finder!.low();
    const high = known ? scale.abs99! : finder!.high();
    return toTile(sums, query.signed, low, high);
  });
}

function checkWindow(placement: Placement, query: TileQuery): string | null {
  const { rowBegin, rowEnd, columnBegin, columnEnd, step } = query;
  const inside = (begin: number, end: number, length: number): boolean =>
    Number.isInteger(begin) && Number.isInteger(end) && begin >= 0 && end > begin && end <= length;
  if (!inside(rowBegin, rowEnd, placement.rows) || !inside(columnBegin, columnEnd, placement.columns)) {
    return `Rows ${rowBegin} to ${rowEnd} and columns ${columnBegin} to ${columnEnd} are not inside a matrix of ${placement.rows} × ${placement.columns}.`;
  }
  if (!Number.isInteger(step) || step < 1) return `A tile stands for at least one row and column, not ${step}.`;
  const tiles = Math.ceil((rowEnd - rowBegin) / step) * Math.ceil((columnEnd - columnBegin) / step);
  return tiles > MAX_TILES ? `${tiles} tiles are more than ${MAX_TILES}.` : null;
}

function toTile({ rows, columns, tiles }: WindowSums, signed: boolean, low: number, high: number): HeatmapTile {
  const { sum, zeros, kept, nonFinite } = tiles;
  const levels = new Uint8Array(sum.length);
  const zeroShare = new Uint8Array(sum.length);
  const marked: number[] = [];
  for (let tile = 0; tile < sum.length; tile++) {
    const count = zeros[tile]! + kept[tile]!;
    const all = count + nonFinite[tile]!;
    const mean = count === 0 || high === 0 ? 0 : sum[tile]! / count / high;
    if (signed) levels[tile] = count === 0 ? (all === 0 ? 0 : 128) : clamp(128 + Math.round(127 * mean), 1, 255);
    else levels[tile] = kept[tile] === 0 ? 0 : clamp(Math.round(255 * mean), 1, 255);
    if (nonFinite[tile]! > 0) marked.push(tile);
    if (zeros[tile] === 0) continue;
    zeroShare[tile] = zeros[tile] === all ? 255 : clamp(Math.round((255 * zeros[tile]!) / all), 1, 254);
  }
  return { rows, columns, levels, zeroShare, nonFinite: marked, low, high };
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
