import { kernels, type Region, type TileSums } from '@espalier/kernels';
import type { Values } from '@espalier/tensor';
import type { TileQuery } from '../heatmap.js';
import type { Run } from './box.js';
import { breakLine, type Placement } from './layout.js';

/** Lines shorter than this are added one value at a time. */
const KERNEL_LENGTH = 32;
/** Tiles narrower than this as well. */
const KERNEL_STEP = 4;

/** Inner axes of up to this many elements together are gone through with tables of where their elements stand. */
const BLOCK_ELEMENTS = 2 ** 16;

/** Sums for every tile of a window. */
export class WindowSums {
  readonly rows: number;
  readonly columns: number;
  readonly tiles: TileSums;
  /** Sums of the tiles that one line crosses, where the kernel works on them in place. */
  private readonly line: TileSums;
  private readonly region: Region;
  /** True where the innermost axis runs along a row or a column of the matrix, and tiles are wide enough for the kernel. */
  private readonly straight: boolean;
  private readonly block: InnerBlock;
  /** Tile number that each row of the window begins at, and each column adds. */
  private readonly tileOfRow: Int32Array;
  private readonly tileOfColumn: Int32Array;

  constructor(
    private readonly query: TileQuery,
    private readonly placement: Placement,
    private readonly shape: readonly number[],
  ) {
    const { rowBegin, rowEnd, columnBegin, columnEnd, step } = query;
    this.rows = Math.ceil((rowEnd - rowBegin) / step);
    this.columns = Math.ceil((columnEnd - columnBegin) / step);
    this.tiles = emptySums(this.rows * this.columns);
    const longest = Math.max(this.rows, this.columns) + 1;
    this.region = kernels().take(4 * 8 * longest);
    this.line = sumsIn(this.region, longest);
    const last = shape.length - 1;
    const steps = last < 0 ? 0 : placement.rowSteps[last]! + placement.columnSteps[last]!;
    const unbroken = placement.lineColumns === Number.POSITIVE_INFINITY;
    this.straight = unbroken && steps === 1 && (shape[last] ?? 0) >= KERNEL_LENGTH && step >= KERNEL_STEP;
    this.block = innerBlock(shape, placement);
    this.tileOfRow = Int32Array.from({ length: rowEnd - rowBegin }, (_, row) => Math.floor(row / step) * this.columns);
    this.tileOfColumn = Int32Array.from({ length: columnEnd - columnBegin }, (_, column) => Math.floor(column / step));
  }

  release(): void {
    this.region.release();
  }

  /** Adds the elements of a run. */
  addRun(values: Values, run: Run): void {
    const { shape, placement } = this;
    const axes = this.straight ? 1 : this.block.axes;
    const outer = shape.length - axes;
    const size = this.straight ? shape[shape.length - 1]! : this.block.rows.length;
    const index = [...run.index];
    let from = 0;
    for (let axis = outer; axis < shape.length; axis++) from = from * shape[axis]! + index[axis]!;
    for (let done = 0; done < values.length; ) {
      const length = Math.min(size - from, values.length - done);
      let row = 0;
      let column = 0;
      for (let axis = 0; axis < outer; axis++) {
        row += index[axis]! * placement.rowSteps[axis]!;
        column += index[axis]! * placement.columnSteps[axis]!;
      }
      if (this.straight) this.addLine(values, done, length, row, column, from);
      else this.addBlock(values, done, length, row, column, from);
      done += length;
      from = 0;
      for (let axis = outer - 1; axis >= 0; axis--) {
        if (++index[axis]! < shape[axis]!) break;
        index[axis] = 0;
      }
    }
  }

  /** Adds values along the innermost axis, from its index `first` on. */
  private addLine(values: Values, from: number, length: number, row: number, column: number, first: number): void {
    const { rowBegin, rowEnd, columnBegin, columnEnd, step } = this.query;
    if (this.placement.columnSteps[this.shape.length - 1] === 1) {
      if (row < rowBegin || row >= rowEnd) return;
      const tile = Math.floor((row - rowBegin) / step) * this.columns;
      this.addStraight(values, from, length, column + first, columnBegin, columnEnd, tile, 1);
    } else {
      if (column < columnBegin || column >= columnEnd) return;
      const tile = Math.floor((column - columnBegin) / step);
      this.addStraight(values, from, length, row + first, rowBegin, rowEnd, tile, this.columns);
    }
  }

  /** A line along one row or column of the matrix: its part within the window goes through the kernel. */
  private addStraight(
    values: Values,
    from: number,
    length: number,
    place: number,
    begin: number,
    end: number,
    firstTile: number,
    tileStep: number,
  ): void {
    const { step, signed } = this.query;
    const first = Math.max(place, begin);
    const last = Math.min(place + length, end);
    if (last <= first) return;
    const x = values.subarray(from + first - place, from + last - place);
    const tile = Math.floor((first - begin) / step);
    // Up to the next border of tiles, then whole tiles.
    const head = Math.min(x.length, (tile + 1) * step - (first - begin));
    const count = 1 + Math.ceil((x.length - head) / step);
    const { line, tiles } = this;
    for (const field of FIELDS) line[field].fill(0, 0, count);
    const k = kernels();
    k.reduceTiles(x.subarray(0, head) as Float32Array, head, signed, line, 0);
    if (head < x.length) k.reduceTiles(x.subarray(head) as Float32Array, step, signed, line, 1);
    for (const field of FIELDS) {
      const [sums, parts] = [tiles[field], line[field]];
      for (let i = 0, at = firstTile + tile * tileStep; i < count; i++, at += tileStep) sums[at]! += parts[i]!;
    }
  }

  /** Adds values of the inner axes, from position `first` among them on. */
  private addBlock(values: Values, from: number, length: number, row: number, column: number, first: number): void {
    const { placement, tileOfRow, tileOfColumn } = this;
    const { rowBegin, rowEnd, columnBegin, columnEnd, signed } = this.query;
    const { rows, columns } = this.block;
    const { sum, zeros, kept, nonFinite } = this.tiles;
    const breaks = placement.lineColumns !== Number.POSITIVE_INFINITY;
    for (let i = 0; i < length; i++) {
      let r = row + rows[first + i]!;
      let c = column + columns[first + i]!;
      if (breaks) [r, c] = breakLine(placement, r, c);
      if (r < rowBegin || r >= rowEnd || c < columnBegin || c >= columnEnd) continue;
      const tile = tileOfRow[r - rowBegin]! + tileOfColumn[c - columnBegin]!;
      const value = values[from + i]!;
      if (value === 0) zeros[tile]!++;
      else if (Number.isFinite(value)) {
        kept[tile]!++;
        sum[tile]! += signed ? value : Math.abs(value);
      } else nonFinite[tile]!++;
    }
  }
}

/** Where the elements of the innermost axes stand, relative to the first of them. */
interface InnerBlock {
  /** How many axes. */
  readonly axes: number;
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

function innerBlock(shape: readonly number[], placement: Placement): InnerBlock {
  let axes = 0;
  let size = 1;
  while (axes < shape.length && (axes === 0 || size * shape[shape.length - 1 - axes]! <= BLOCK_ELEMENTS)) {
    size *= shape[shape.length - 1 - axes]!;
    axes++;
  }
  const rows = new Int32Array(size);
  const columns = new Int32Array(size);
  let inner = 1;
  for (let axis = shape.length - 1; axis >= shape.length - axes; axis--) {
    const [rowStep, columnStep, length] = [placement.rowSteps[axis]!, placement.columnSteps[axis]!, shape[axis]!];
    for (let i = 0; i < size; i++) {
      const at = Math.floor(i / inner) % length;
      rows[i]! += at * rowStep;
      columns[i]! += at * columnStep;
    }
    inner *= length;
  }
  return { axes, rows, columns };
}

const FIELDS = ['sum', 'zeros', 'kept', 'nonFinite'] as const;

const emptySums = (tiles: number): TileSums => ({
  sum: new Float64Array(tiles),
  zeros: new Float64Array(tiles),
  kept: new Float64Array(tiles),
  nonFinite: new Float64Array(tiles),
});

function sumsIn(region: Region, tiles: number): TileSums {
  const [sum, zeros, kept, nonFinite] = [0, 1, 2, 3].map(
    (field) => new Float64Array(region.buffer, region.byteOffset + 8 * field * tiles, tiles),
  );
  return { sum: sum!, zeros: zeros!, kept: kept!, nonFinite: nonFinite! };
}
