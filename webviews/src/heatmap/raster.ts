import { type Colour, EMPTY, type Tile } from './shade.js';

/** Where the device pixels of a map lie in its matrix: for each pixel column and row an index, or −1 for gaps and margins. */
export interface PixelGrid {
  readonly columns: Int32Array;
  readonly rows: Int32Array;
}

/** Pixels of one map, row-major, on which layers are painted from the coarsest to the finest. */
export interface Raster extends PixelGrid {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

export interface Paper {
  readonly paper: Colour;
  /** What is not loaded yet. */
  readonly unknown: Colour;
  /** Lines over exact zeros; null: zeros are flat paper. */
  readonly hatch: {
    readonly colour: Colour;
    readonly periodPixels: number;
    readonly linePixels: number;
    readonly phase: number;
  } | null;
}

/** Fresh pixels: paper in the margins and gaps, the colour for what is unknown where the matrix is. */
export function createRaster(grid: PixelGrid, { paper, unknown }: Paper, pixels?: Uint32Array): Raster {
  const width = grid.columns.length;
  const height = grid.rows.length;
  const target = pixels?.length === width * height ? pixels : new Uint32Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    const inside = grid.rows[y]! >= 0;
    for (let x = 0; x < width; x++, at++) target[at] = inside && grid.columns[x]! >= 0 ? unknown : paper;
  }
  return { ...grid, width, height, pixels: target };
}

/** Paints the part of a tile that the raster shows. `colours` come from `shade`. */
export function paintTile(raster: Raster, tile: Tile, colours: Uint32Array, paper: Paper): void {
  const xs = range(raster.columns, tile.columnBegin, tile.columnBegin + tile.columns * tile.step);
  const ys = range(raster.rows, tile.rowBegin, tile.rowBegin + tile.rows * tile.step);
  if (xs === null || ys === null) return;
  const { hatch } = paper;
  const along = new Int32Array(xs.end - xs.begin);
  for (let x = xs.begin; x < xs.end; x++) {
    const column = raster.columns[x]!;
    along[x - xs.begin] = column < 0 ? -1 : Math.floor((column - tile.columnBegin) / tile.step);
  }
  for (let y = ys.begin; y < ys.end; y++) {
    const row = raster.rows[y]!;
    if (row < 0) continue;
    const base = Math.floor((row - tile.rowBegin) / tile.step) * tile.columns;
    let at = y * raster.width + xs.begin;
    for (let x = xs.begin; x < xs.end; x++, at++) {
      const cell = along[x - xs.begin]!;
      if (cell < 0) continue;
      const colour = colours[base + cell]!;
      if (colour !== EMPTY) raster.pixels[at] = colour;
      else
        raster.pixels[at] =
          hatch !== null && (x + y + hatch.phase) % hatch.periodPixels < hatch.linePixels ? hatch.colour : paper.paper;
    }
  }
}

/**
 * Paints a whole tile set into a picture of any size. A pixel shows the tile in its middle, and where that one is all zero, any
 * other under it that is not: a pixel is empty only if everything under it is zero.
 */
export function paintWhole(
  { pixels, width, height }: { readonly pixels: Uint32Array; readonly width: number; readonly height: number },
  tile: Pick<Tile, 'rows' | 'columns'>,
  colours: Uint32Array,
  paper: Colour,
): void {
  const under = (at: number, all: number, count: number) => {
    const begin = Math.floor((at * count) / all);
    return { begin, end: Math.max(begin + 1, Math.ceil(((at + 1) * count) / all)) };
  };
  for (let y = 0; y < height; y++) {
    const rows = under(y, height, tile.rows);
    const middle = Math.floor(((y + 0.5) * tile.rows) / height) * tile.columns;
    for (let x = 0; x < width; x++) {
      let colour = colours[middle + Math.floor(((x + 0.5) * tile.columns) / width)]!;
      const columns = under(x, width, tile.columns);
      for (let row = rows.begin; colour === EMPTY && row < rows.end; row++) {
        for (let column = columns.begin; colour === EMPTY && column < columns.end; column++)
          colour = colours[row * tile.columns + column]!;
      }
      pixels[y * width + x] = colour === EMPTY ? paper : colour;
    }
  }
}

/** First and one past the last pixel whose index is in [begin, end). Indices grow along the pixels; −1 may stand between. */
function range(indices: Int32Array, begin: number, end: number): { begin: number; end: number } | null {
  let first = -1;
  let last = -1;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (index < begin || index >= end) continue;
    if (first < 0) first = i;
    last = i;
  }
  return first < 0 ? null : { begin: first, end: last + 1 };
}
