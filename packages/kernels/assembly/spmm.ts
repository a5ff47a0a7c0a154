/** Columns of a strip: eight accumulators, and a strip of B that is read from the second-level cache. */
const STRIP: i32 = 32;

/**
 * C = A B with A in compressed rows: `starts` has rows + 1 offsets into `columnOf` and `values`. B and C are row-major with `columns` columns.
 */
export function csrFloat32(
  starts: usize, columnOf: usize, values: usize, b: usize, c: usize, rows: i32, columns: i32,
): void {
  if (columns == 1) return csrVector(starts, columnOf, values, b, c, rows);
  const stride = <usize>columns << 2;
  let column = 0;
  for (; column + STRIP <= columns; column += STRIP) csrStrip(starts, columnOf, values, b, c, rows, stride, column);
  for (; column + 8 <= columns; column += 8) csrEight(starts, columnOf, values, b, c, rows, stride, column);
  for (; column < columns; column++) csrColumn(starts, columnOf, values, b, c, rows, stride, column);
}

function csrStrip(
  starts: usize, columnOf: usize, values: usize, b: usize, c: usize, rows: i32, stride: usize, column: i32,
): void {
  const from = b + (<usize>column << 2);
  let to = c + (<usize>column << 2);
  for (let row = 0; row < rows; row++, starts += 4, to += stride) {
    const end = load<i32>(starts, 4);
    let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
    for (let t = load<i32>(starts); t < end; t++) {
      const at = <usize>t << 2, value = v128.load32_splat(values + at);
      const x = from + <usize>load<i32>(columnOf + at) * stride;
      c0 = f32x4.add(c0, f32x4.mul(value, v128.load(x)));
      c1 = f32x4.add(c1, f32x4.mul(value, v128.load(x, 16)));
      c2 = f32x4.add(c2, f32x4.mul(value, v128.load(x, 32)));
      c3 = f32x4.add(c3, f32x4.mul(value, v128.load(x, 48)));
      c4 = f32x4.add(c4, f32x4.mul(value, v128.load(x, 64)));
      c5 = f32x4.add(c5, f32x4.mul(value, v128.load(x, 80)));
      c6 = f32x4.add(c6, f32x4.mul(value, v128.load(x, 96)));
      c7 = f32x4.add(c7, f32x4.mul(value, v128.load(x, 112)));
    }
    v128.store(to, c0); v128.store(to, c1, 16); v128.store(to, c2, 32); v128.store(to, c3, 48);
    v128.store(to, c4, 64); v128.store(to, c5, 80); v128.store(to, c6, 96); v128.store(to, c7, 112);
  }
}

function csrEight(
  starts: usize, columnOf: usize, values: usize, b: usize, c: usize, rows: i32, stride: usize, column: i32,
): void {
  const from = b + (<usize>column << 2);
  let to = c + (<usize>column << 2);
  for (let row = 0; row < rows; row++, starts += 4, to += stride) {
    const end = load<i32>(starts, 4);
    let c0 = f32x4.splat(0), c1 = c0;
    for (let t = load<i32>(starts); t < end; t++) {
      const at = <usize>t << 2, value = v128.load32_splat(values + at);
      const x = from + <usize>load<i32>(columnOf + at) * stride;
      c0 = f32x4.add(c0, f32x4.mul(value, v128.load(x)));
      c1 = f32x4.add(c1, f32x4.mul(value, v128.load(x, 16)));
    }
    v128.store(to, c0); v128.store(to, c1, 16);
  }
}

function csrColumn(
  starts: usize, columnOf: usize, values: usize, b: usize, c: usize, rows: i32, stride: usize, column: i32,
): void {
  const from = b + (<usize>column << 2);
  let to = c + (<usize>column << 2);
  for (let row = 0; row < rows; row++, starts += 4, to += stride) {
    const end = load<i32>(starts, 4);
    let sum: f32 = 0;
    for (let t = load<i32>(starts); t < end; t++) {
      const at = <usize>t << 2;
      sum += load<f32>(values + at) * load<f32>(from + <usize>load<i32>(columnOf + at) * stride);
    }
    store<f32>(to, sum);
  }
}

/** One column: two sums, since each addition waits for the one before it. */
function csrVector(starts: usize, columnOf: usize, values: usize, x: usize, y: usize, rows: i32): void {
  for (let row = 0; row < rows; row++, starts += 4, y += 4) {
    const end = load<i32>(starts, 4);
    let even: f32 = 0, odd: f32 = 0, t = load<i32>(starts);
    for (; t + 2 <= end; t += 2) {
      const at = <usize>t << 2;
      even += load<f32>(values + at) * load<f32>(x + (<usize>load<i32>(columnOf + at) << 2));
      odd += load<f32>(values + at, 4) * load<f32>(x + (<usize>load<i32>(columnOf + at, 4) << 2));
    }
    if (t < end) even += load<f32>(values + (<usize>t << 2)) * load<f32>(x + (<usize>load<i32>(columnOf + (<usize>t << 2)) << 2));
    store<f32>(y, even + odd);
  }
}

/**
 * C = A B with A in blocks of four rows and one column: `starts` has groups + 1 offsets into `columnOf`; `values` has four numbers for each block. C has
 * rows for every group.
 */
export function blocks4x1Float32(
  starts: usize, columnOf: usize, values: usize, b: usize, c: usize, groups: i32, columns: i32,
): void {
  const stride = <usize>columns << 2;
  let column = 0;
  for (; column + 8 <= columns; column += 8) blocksEight(starts, columnOf, values, b, c, groups, stride, column);
  for (; column < columns; column++) blocksColumn(starts, columnOf, values, b, c, groups, stride, column);
}

function blocksEight(
  starts: usize, columnOf: usize, values: usize, b: usize, c: usize, groups: i32, stride: usize, column: i32,
): void {
  const from = b + (<usize>column << 2);
  let to = c + (<usize>column << 2);
  for (let group = 0; group < groups; group++, starts += 4, to += 4 * stride) {
    const end = load<i32>(starts, 4);
    const zero = f32x4.splat(0);
    let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
    for (let t = load<i32>(starts); t < end; t++) {
      const x = from + <usize>load<i32>(columnOf + (<usize>t << 2)) * stride, w = values + (<usize>t << 4);
      const b0 = v128.load(x), b1 = v128.load(x, 16);
      let a = v128.load32_splat(w);
      c00 = f32x4.add(c00, f32x4.mul(a, b0)); c01 = f32x4.add(c01, f32x4.mul(a, b1));
      a = v128.load32_splat(w, 4);
      c10 = f32x4.add(c10, f32x4.mul(a, b0)); c11 = f32x4.add(c11, f32x4.mul(a, b1));
      a = v128.load32_splat(w, 8);
      c20 = f32x4.add(c20, f32x4.mul(a, b0)); c21 = f32x4.add(c21, f32x4.mul(a, b1));
      a = v128.load32_splat(w, 12);
      c30 = f32x4.add(c30, f32x4.mul(a, b0)); c31 = f32x4.add(c31, f32x4.mul(a, b1));
    }
    let at = to;
    v128.store(at, c00); v128.store(at, c01, 16); at += stride;
    v128.store(at, c10); v128.store(at, c11, 16); at += stride;
    v128.store(at, c20); v128.store(at, c21, 16); at += stride;
    v128.store(at, c30); v128.store(at, c31, 16);
  }
}

/** The four rows of a group are the four lanes. */
function blocksColumn(
  starts: usize, columnOf: usize, values: usize, b: usize, c: usize, groups: i32, stride: usize, column: i32,
): void {
  const from = b + (<usize>column << 2);
  let to = c + (<usize>column << 2);
  for (let group = 0; group < groups; group++, starts += 4, to += 4 * stride) {
    const end = load<i32>(starts, 4);
    let sum = f32x4.splat(0);
    for (let t = load<i32>(starts); t < end; t++) {
      const x = v128.load32_splat(from + <usize>load<i32>(columnOf + (<usize>t << 2)) * stride);
      sum = f32x4.add(sum, f32x4.mul(x, v128.load(values + (<usize>t << 4))));
    }
    store<f32>(to, f32x4.extract_lane(sum, 0));
    store<f32>(to + stride, f32x4.extract_lane(sum, 1));
    store<f32>(to + 2 * stride, f32x4.extract_lane(sum, 2));
    store<f32>(to + 3 * stride, f32x4.extract_lane(sum, 3));
  }
}
