/** Seeded chance. The same seed gives the same numbers on every machine. */
export interface Rng {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number;
  /** Uniform integer in [0, bound). */
  below(bound: number): number;
  /** Standard normal deviate (Box and Muller, 1958). */
  normal(): number;
  /** The same numbers as `next`, as whole ones in [0, 2³²): for many at once. */
  fill(numbers: Uint32Array): void;
}

/** xoshiro128** 1.1 (Blackman and Vigna, 2018), its state filled by SplitMix32 from the seed. */
export function seeded(seed: number): Rng {
  let fill = seed >>> 0;
  const split = (): number => {
    fill = (fill + 0x9e3779b9) >>> 0;
    let z = fill;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let a = split();
  let b = split();
  let c = split();
  let d = split();
  const rotate = (x: number, k: number): number => ((x << k) | (x >>> (32 - k))) >>> 0;
  const bits = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5) >>> 0, 7), 9) >>> 0;
    const t = (b << 9) >>> 0;
    c = (c ^ a) >>> 0;
    d = (d ^ b) >>> 0;
    b = (b ^ c) >>> 0;
    a = (a ^ d) >>> 0;
    c = (c ^ t) >>> 0;
    d = rotate(d, 11);
    return result;
  };
  const next = (): number => bits() / 2 ** 32;
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    fill(numbers) {
      // Variables of the loop's own are several times as fast as captured ones.
      let [e, f, g, h] = [a, b, c, d];
      for (let i = 0; i < numbers.length; i++) {
        const five = Math.imul(f, 5);
        numbers[i] = Math.imul((five << 7) | (five >>> 25), 9);
        const t = f << 9;
        g ^= e;
        h ^= f;
        f ^= g;
        e ^= h;
        g ^= t;
        h = (h << 11) | (h >>> 21);
      }
      [a, b, c, d] = [e >>> 0, f >>> 0, g >>> 0, h >>> 0];
    },
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}
