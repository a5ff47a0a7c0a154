const MASK = 0xffff_ffff_ffff_ffffn;

/** SplitMix64 (Steele, Lea and Flood, 2014). */
function splitMix64(seed: bigint, count: number): bigint[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return z ^ (z >> 31n);
  });
}

/** Of the digest: 64 stripes use keys 0 to 70, the last eight numbers are the lanes at the start. The seed reads ESPALIER. */
export const DIGEST_KEYS: readonly bigint[] = splitMix64(0x45_53_50_41_4c_49_45_52n, 80);
