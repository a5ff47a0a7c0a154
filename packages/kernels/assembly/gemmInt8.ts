/** As in `gemm.ts`; two steps of the inner dimension are one, since products are summed in pairs. */
const ROWS: i32 = 4;
const COLUMNS: i32 = 8;
const PAIRS: i32 = 256;
const BREADTH: i32 = 512;
const ROW_PANEL: usize = 4096;
const TILE: usize = 128;

/**
 * C = A B of row-major matrices of signed bytes, in 32 bits, which wrap: rows × inner and inner × columns. Scratch: 528,512 bytes.
 */
export function gemmInt8(a: usize, b: usize, c: usize, rows: i32, inner: i32, columns: i32, scratch: usize): void {
  if (inner == 0) return memory.fill(c, 0, (<usize>rows * <usize>columns) << 2);
  const panels = scratch + ROW_PANEL + TILE, tile = scratch + ROW_PANEL, stride = <usize>columns << 2;
  for (let left = 0; left < columns; left += BREADTH) {
    const wide = min(BREADTH, columns - left);
    for (let top = 0; top < inner; top += 2 * PAIRS) {
      const deep = min(2 * PAIRS, inner - top), pairs = (deep + 1) >> 1, later = top > 0;
      packColumns(b + <usize>top * columns + left, columns, deep, wide, panels);
      for (let row = 0; row < rows; row += ROWS) {
        const tall = min(ROWS, rows - row);
        packRows(a + <usize>row * inner + top, inner, deep, tall, scratch);
        let panel = panels;
        let at = c + (<usize>row * columns + left << 2);
        for (let column = 0; column < wide; column += COLUMNS, panel += <usize>pairs << 5, at += 32) {
          const whole = min(COLUMNS, wide - column);
          if (tall == ROWS && whole == COLUMNS) multiplyTile(pairs, scratch, panel, at, stride, later);
          else {
            multiplyTile(pairs, scratch, panel, tile, 32, false);
            copyTile(tile, at, stride, tall, whole, later);
          }
        }
      }
    }
  }
}

/** Panels of eight columns: for each pair of rows eight pairs of 16-bit numbers. What is missing is 0. */
function packColumns(b: usize, stride: i32, deep: i32, wide: i32, panels: usize): void {
  for (let column = 0; column < wide; column += COLUMNS) {
    const there = min(COLUMNS, wide - column);
    for (let k = 0; k < deep; k += 2, panels += 32) {
      const first = b + <usize>k * stride + column, second = first + stride;
      if (there == COLUMNS && k + 1 < deep) {
        const x = v128.load8x8_s(first), y = v128.load8x8_s(second);
        v128.store(panels, i16x8.shuffle(x, y, 0, 8, 1, 9, 2, 10, 3, 11));
        v128.store(panels, i16x8.shuffle(x, y, 4, 12, 5, 13, 6, 14, 7, 15), 16);
        continue;
      }
      for (let i = 0; i < COLUMNS; i++) {
        store<i16>(panels + (<usize>i << 2), i < there ? <i16>load<i8>(first + i) : 0);
        store<i16>(panels + (<usize>i << 2), i < there && k + 1 < deep ? <i16>load<i8>(second + i) : 0, 2);
      }
    }
  }
}

function packRows(a: usize, stride: i32, deep: i32, tall: i32, panel: usize): void {
  memory.fill(panel, 0, <usize>((deep + 1) >> 1) << 4);
  for (let row = 0; row < tall; row++) {
    const from = a + <usize>row * stride;
    let to = panel + (<usize>row << 2);
    for (let k = 0; k < deep; k += 2, to += 16) {
      store<i16>(to, <i16>load<i8>(from + k));
      if (k + 1 < deep) store<i16>(to, <i16>load<i8>(from + k + 1), 2);
    }
  }
}

function multiplyTile(pairs: i32, rows: usize, columns: usize, c: usize, stride: usize, add: bool): void {
  const zero = i32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  const end = rows + (<usize>pairs << 4);
  while (rows < end) {
    const b0 = v128.load(columns), b1 = v128.load(columns, 16);
    let a = v128.load32_splat(rows);
    c00 = i32x4.add(c00, i32x4.dot_i16x8_s(a, b0)); c01 = i32x4.add(c01, i32x4.dot_i16x8_s(a, b1));
    a = v128.load32_splat(rows, 4);
    c10 = i32x4.add(c10, i32x4.dot_i16x8_s(a, b0)); c11 = i32x4.add(c11, i32x4.dot_i16x8_s(a, b1));
    a = v128.load32_splat(rows, 8);
    c20 = i32x4.add(c20, i32x4.dot_i16x8_s(a, b0)); c21 = i32x4.add(c21, i32x4.dot_i16x8_s(a, b1));
    a = v128.load32_splat(rows, 12);
    c30 = i32x4.add(c30, i32x4.dot_i16x8_s(a, b0)); c31 = i32x4.add(c31, i32x4.dot_i16x8_s(a, b1));
    rows += 16;
    columns += 32;
  }
  storeEight(c, c00, c01, add);
  storeEight(c + stride, c10, c11, add);
  storeEight(c + 2 * stride, c20, c21, add);
  storeEight(c + 3 * stride, c30, c31, add);
}

@inline function storeEight(c: usize, low: v128, high: v128, add: bool): void {
  v128.store(c, add ? i32x4.add(low, v128.load(c)) : low);
  v128.store(c, add ? i32x4.add(high, v128.load(c, 16)) : high, 16);
}

function copyTile(tile: usize, c: usize, stride: usize, tall: i32, whole: i32, add: bool): void {
  for (let row = 0; row < tall; row++, tile += 32, c += stride) {
    for (let column = 0; column < whole; column++) {
      const at = c + (<usize>column << 2), value = load<i32>(tile + (<usize>column << 2));
      store<i32>(at, add ? load<i32>(at) + value : value);
    }
  }
}
