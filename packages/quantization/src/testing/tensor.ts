/** Numbers as the tables of the specification draw them. For tests. */
export function uniform(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bell-shaped numbers: four uniform ones each. */
export function tensor(seed: number, length: number): Float32Array {
  const next = uniform(seed);
  return Float32Array.from({ length }, () => {
    const [a, b, c, d] = [next(), next(), next(), next()];
    return a + b + c + d - 2;
  });
}
