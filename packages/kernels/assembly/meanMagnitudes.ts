/** Of each column of `height` rows the mean |x|, in f64, block of rows after block of rows: `out` has ceil(rows / height) × columns numbers. */
export function meanMagnitudes(x: usize, rows: i32, columns: i32, height: i32, out: usize): void {
  const stride = <usize>columns << 2;
  for (let top = 0; top < rows; top += height) {
    const tall = min(height, rows - top);
    const from = x + <usize>top * stride;
    const count = f64x2.splat(<f64>tall);
    let column = 0;
    for (; column + 4 <= columns; column += 4, out += 32) {
      let low = f64x2.splat(0), high = low;
      let at = from + (<usize>column << 2);
      for (let row = 0; row < tall; row++, at += stride) {
        const sizes = f32x4.abs(v128.load(at));
        low = f64x2.add(low, f64x2.promote_low_f32x4(sizes));
        high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i64>(sizes, sizes, 1, 1)));
      }
      v128.store(out, f64x2.div(low, count));
      v128.store(out, f64x2.div(high, count), 16);
    }
    for (; column < columns; column++, out += 8) {
      let sum: f64 = 0;
      let at = from + (<usize>column << 2);
      for (let row = 0; row < tall; row++, at += stride) sum += <f64>abs(load<f32>(at));
      store<f64>(out, sum / <f64>tall);
    }
  }
}
