import type { MatrixSize } from '@espalier/protocol';

/** Tiles along each side of a request. */
export const TILE_CELLS = 128;
/** The picture of the whole matrix has at most this many tiles along its longer side. */
export const OVERVIEW_CELLS = 192;

/** A window of the matrix that is asked for at once. */
export interface TileWindow {
  readonly rowBegin: number;
  readonly rowEnd: number;
  readonly columnBegin: number;
  readonly columnEnd: number;
  readonly step: number;
}

/** The windows that cover a part of the matrix at a step, on a fixed grid, so that the same window is asked for once. Nearest to the middle first. */
export function tilesFor(
  part: {
    readonly rowBegin: number;
    readonly rowEnd: number;
    readonly columnBegin: number;
    readonly columnEnd: number;
  },
  size: MatrixSize,
  step: number,
): TileWindow[] {
  const side = TILE_CELLS * step;
  const windows: TileWindow[] = [];
  for (let row = Math.floor(part.rowBegin / side) * side; row < part.rowEnd; row += side) {
    for (let column = Math.floor(part.columnBegin / side) * side; column < part.columnEnd; column += side) {
      windows.push({
        rowBegin: row,
        rowEnd: Math.min(size.rows, row + side),
        columnBegin: column,
        columnEnd: Math.min(size.columns, column + side),
        step,
      });
    }
  }
  const middleRow = (part.rowBegin + part.rowEnd) / 2;
  const middleColumn = (part.columnBegin + part.columnEnd) / 2;
  const distance = (window: TileWindow): number =>
    Math.hypot(
      (window.rowBegin + window.rowEnd) / 2 - middleRow,
      (window.columnBegin + window.columnEnd) / 2 - middleColumn,
    );
  return windows.sort((a, b) => distance(a) - distance(b));
}

/** The whole matrix, coarse enough for the small map. It also stands in for finer tiles until they arrive. */
export function overviewWindow(size: MatrixSize): TileWindow {
  const step = Math.max(1, Math.ceil(Math.max(size.rows, size.columns) / OVERVIEW_CELLS));
  return { rowBegin: 0, rowEnd: size.rows, columnBegin: 0, columnEnd: size.columns, step };
}

export const tileKey = ({ rowBegin, columnBegin, rowEnd, step }: TileWindow): string =>
  `${step}:${rowBegin}-${rowEnd}:${columnBegin}`;
