/** Rows of a tile; with `COLUMNS` eight accumulators, which is what x64 keeps in registers beside the operands. */
const ROWS: i32 = 4;
/** Columns of a panel. */
const COLUMNS: i32 = 8;
/** Steps of the inner dimension that are packed at once: a panel of each side stays in the first-level cache. */
const DEPTH: i32 = 256;
/** Columns that are packed at once: their panels stay in the second-level cache. */
const BREADTH: i32 = 512;
/** Bytes of the packed rows, and of the tile beside them. */
const ROW_PANEL: usize = 4096;
const TILE: usize = 128;
/** Elements of a column that is copied to be contiguous. */
const COLUMN: i32 = 131072;

/**
 * C = A B of row-major matrices: A has rows × inner elements, B inner × columns. Scratch: 528,512 bytes.
 */
export function gemmFloat32(
  a: usize, b: usize, c: usize, rows: i32, inner: i32, columns: i32, scratch: usize,
): void {
  if (inner == 0) return memory.fill(c, 0, (<usize>rows * <usize>columns) << 2);
  if (columns < COLUMNS) return fewColumns(a, b, c, rows, inner, columns, scratch);
  const panels = scratch + ROW_PANEL + TILE, tile = scratch + ROW_PANEL, stride = <usize>columns << 2;
  for (let left = 0; left < columns; left += BREADTH) {
    const wide = min(BREADTH, columns - left);
    for (let top = 0; top < inner; top += DEPTH) {
      const deep = min(DEPTH, inner - top), later = top > 0;
      packColumns(b + (<usize>top * columns + left << 2), stride, deep, wide, panels);
      for (let row = 0; row < rows; row += ROWS) {
        const tall = min(ROWS, rows - row);
        packRows(a + (<usize>row * inner + top << 2), <usize>inner << 2, deep, tall, scratch);
        let panel = panels;
        let at = c + (<usize>row * columns + left << 2);
        for (let column = 0; column < wide; column += COLUMNS, panel += <usize>deep << 5, at += 32) {
          const whole = min(COLUMNS, wide - column);
          if (tall == ROWS && whole == COLUMNS) multiplyTile(deep, scratch, panel, at, stride, later);
          else {
            multiplyTile(deep, scratch, panel, tile, 32, false);
            copyTile(tile, at, stride, tall, whole, later);
          }
        }
      }
    }
  }
}

/**
 * C += A B for a dense block within a larger product: row i of the block is row `rowOf[i]` of C, its column k meets row `columnOf[k]` of B. The
 * block's `height` × `breadth` values are row-major; B and C have `columns` columns. Scratch as above.
 */
export function gatherGemmFloat32(
  values: usize, rowOf: usize, columnOf: usize, height: i32, breadth: i32,
  b: usize, c: usize, columns: i32, scratch: usize,
): void {
  const panels = scratch + ROW_PANEL + TILE, tile = scratch + ROW_PANEL, stride = <usize>columns << 2;
  for (let left = 0; left < columns; left += BREADTH) {
    const wide = min(BREADTH, columns - left);
    for (let top = 0; top < breadth; top += DEPTH) {
      const deep = min(DEPTH, breadth - top);
      gatherColumns(b + (<usize>left << 2), stride, columnOf + (<usize>top << 2), deep, wide, panels);
      for (let row = 0; row < height; row += ROWS) {
        const tall = min(ROWS, height - row);
        packRows(values + (<usize>row * breadth + top << 2), <usize>breadth << 2, deep, tall, scratch);
        let panel = panels;
        for (let column = 0; column < wide; column += COLUMNS, panel += <usize>deep << 5) {
          multiplyTile(deep, scratch, panel, tile, 32, false);
          for (let r = 0; r < tall; r++) {
            const at = c + <usize>load<i32>(rowOf + (<usize>(row + r) << 2)) * stride + (<usize>(left + column) << 2);
            copyTile(tile + (<usize>r << 5), at, stride, 1, min(COLUMNS, wide - column), true);
          }
        }
      }
    }
  }
}

/** Panels of eight columns, one row of eight after the other; what is missing of the last panel is 0. */
function packColumns(b: usize, stride: usize, deep: i32, wide: i32, panels: usize): void {
  for (let column = 0; column < wide; column += COLUMNS) {
    let from = b + (<usize>column << 2);
    const there = min(COLUMNS, wide - column);
    for (let k = 0; k < deep; k++, from += stride, panels += 32) packEight(from, there, panels);
  }
}

function gatherColumns(b: usize, stride: usize, rowOf: usize, deep: i32, wide: i32, panels: usize): void {
  for (let column = 0; column < wide; column += COLUMNS) {
    const from = b + (<usize>column << 2);
    const there = min(COLUMNS, wide - column);
    for (let k = 0; k < deep; k++, panels += 32)
      packEight(from + <usize>load<i32>(rowOf + (<usize>k << 2)) * stride, there, panels);
  }
}

@inline function packEight(from: usize, there: i32, panels: usize): void {
  if (there == COLUMNS) {
    v128.store(panels, v128.load(from));
    v128.store(panels, v128.load(from, 16), 16);
    return;
  }
  for (let i = 0; i < there; i++) store<f32>(panels + (<usize>i << 2), load<f32>(from + (<usize>i << 2)));
  for (let i = there; i < COLUMNS; i++) store<f32>(panels + (<usize>i << 2), 0);
}

/** A panel of four rows, one column of four after the other; rows that are missing are 0. */
function packRows(a: usize, stride: usize, deep: i32, tall: i32, panel: usize): void {
  if (tall < ROWS) memory.fill(panel, 0, <usize>deep << 4);
  for (let row = 0; row < tall; row++) {
    let to = panel + (<usize>row << 2);
    let from = a + <usize>row * stride;
    for (let k = 0; k < deep; k++, from += 4, to += 16) store<f32>(to, load<f32>(from));
  }
}

/** The product of two panels: four rows by eight columns, stored or added. */
function multiplyTile(deep: i32, rows: usize, columns: usize, c: usize, stride: usize, add: bool): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  const end = rows + (<usize>deep << 4);
  while (rows < end) {
    const b0 = v128.load(columns), b1 = v128.load(columns, 16);
    let a = v128.load32_splat(rows);
    c00 = f32x4.add(c00, f32x4.mul(a, b0)); c01 = f32x4.add(c01, f32x4.mul(a, b1));
    a = v128.load32_splat(rows, 4);
    c10 = f32x4.add(c10, f32x4.mul(a, b0)); c11 = f32x4.add(c11, f32x4.mul(a, b1));
    a = v128.load32_splat(rows, 8);
    c20 = f32x4.add(c20, f32x4.mul(a, b0)); c21 = f32x4.add(c21, f32x4.mul(a, b1));
    a = v128.load32_splat(rows, 12);
    c30 = f32x4.add(c30, f32x4.mul(a, b0)); c31 = f32x4.add(c31, f32x4.mul(a, b1));
    rows += 16;
    columns += 32;
  }
  storeEight(c, c00, c01, add);
  storeEight(c + stride, c10, c11, add);
  storeEight(c + 2 * stride, c20, c21, add);
  storeEight(c + 3 * stride, c30, c31, add);
}

@inline function storeEight(c: usize, low: v128, high: v128, add: bool): void {
  v128.store(c, add ? f32x4.add(low, v128.load(c)) : low);
  v128.store(c, add ? f32x4.add(high, v128.load(c, 16)) : high, 16);
}

/** The part of a tile that lies within the matrix. */
function copyTile(tile: usize, c: usize, stride: usize, tall: i32, whole: i32, add: bool): void {
  for (let row = 0; row < tall; row++, tile += 32, c += stride) {
    for (let column = 0; column < whole; column++) {
      const at = c + (<usize>column << 2), value = load<f32>(tile + (<usize>column << 2));
      store<f32>(at, add ? load<f32>(at) + value : value);
    }
  }
}

/** Each column by itself, as products of vectors: a tile would be mostly padding. */
function fewColumns(a: usize, b: usize, c: usize, rows: i32, inner: i32, columns: i32, scratch: usize): void {
  for (let column = 0; column < columns; column++) {
    for (let top = 0; top < inner; top += COLUMN) {
      const deep = min(COLUMN, inner - top);
      let x = b + (<usize>top << 2);
      if (columns > 1) {
        x = scratch;
        let from = b + (<usize>top * columns + column << 2);
        for (let k = 0; k < deep; k++, from += <usize>columns << 2) store<f32>(x + (<usize>k << 2), load<f32>(from));
      }
      for (let row = 0; row < rows; row++) {
        const at = c + (<usize>row * columns + column << 2);
        const sum = dot(a + (<usize>row * inner + top << 2), x, deep);
        store<f32>(at, top > 0 ? load<f32>(at) + sum : sum);
      }
    }
  }
}

function dot(a: usize, b: usize, length: i32): f32 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let i = 0;
  for (; i + 16 <= length; i += 16, a += 64, b += 64) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a, 32), v128.load(b, 32)));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(a, 48), v128.load(b, 48)));
  }
  s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  let sum = f32x4.extract_lane(s0, 0) + f32x4.extract_lane(s0, 1) + f32x4.extract_lane(s0, 2) + f32x4.extract_lane(s0, 3);
  for (; i < length; i++, a += 4, b += 4) sum += load<f32>(a) * load<f32>(b);
  return sum;
}
