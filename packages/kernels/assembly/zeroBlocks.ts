import { bits32, lowest } from './bits';

/**
 * Whole zero blocks of a bit matrix without padding. `out` receives four f64: 4×1, 1×4, 4×4, 16×16. Up to 8 bytes after the last bit must be
 * readable.
 */
export function zeroBlocks(bits: usize, rowCount: f64, columnCount: f64, out: usize): void {
  const rows = <usize>rowCount;
  const columns = <usize>columnCount;
  const fours = columns & ~3;
  const sixteens = columns & ~15;
  let b4x1: f64 = 0, b1x4: f64 = 0, b4x4: f64 = 0, b16x16: f64 = 0;
  for (let band: usize = 0; band < rows; band += 16) {
    const height = min<usize>(16, rows - band);
    for (let c: usize = 0; c < columns; c += 32) {
      const valid = lowest(columns - c);
      const inFours = c < fours ? lowest(fours - c) & 0x11111111 : 0;
      let all: u32 = 0xffffffff;
      let n4x1: u32 = 0, n1x4: u32 = 0, n4x4: u32 = 0;
      let at = band * columns + c;
      for (let r: usize = 0; r < height; ) {
        let four: u32 = 0xffffffff;
        const end = min<usize>(r + 4, height);
        const complete = end - r == 4;
        for (; r < end; r++, at += columns) {
          const w = bits32(bits, at);
          n1x4 += popcnt(nibbles(w) & inFours);
          four &= w;
        }
        all &= four;
        if (complete) {
          n4x1 += popcnt(four & valid);
          n4x4 += popcnt(nibbles(four) & inFours);
        }
      }
      b4x1 += <f64>n4x1;
      b1x4 += <f64>n1x4;
      b4x4 += <f64>n4x4;
      if (height == 16 && c < sixteens) {
        if ((all & 0xffff) == 0xffff) b16x16 += 1;
        if (c + 16 < sixteens && all >>> 16 == 0xffff) b16x16 += 1;
      }
    }
  }
  store<f64>(out, b4x1);
  store<f64>(out, b1x4, 8);
  store<f64>(out, b4x4, 16);
  store<f64>(out, b16x16, 24);
}

/** The lowest bit of each group of four is set where all four are. */
// @ts-ignore: decorator
@inline
function nibbles(w: u32): u32 {
  const pairs = w & (w >> 1);
  return pairs & (pairs >> 2);
}
