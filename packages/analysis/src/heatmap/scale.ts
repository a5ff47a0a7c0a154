/** Smallest kept magnitude and an upper bound of the 99th percentile of kept magnitudes, of values as they come by. */
export interface ScaleFinder {
  add(values: Float32Array | Float64Array): void;
  low(): number;
  /** Within 1/128 above the true percentile: leading 16 bits are counted. */
  high(): number;
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

export function scaleFinder(): ScaleFinder {
  const counts = new Float64Array(32_768);
  let low = Number.POSITIVE_INFINITY;
  return {
    add(values) {
      for (let i = 0; i < values.length; i++) {
        const magnitude = Math.abs(values[i]!);
        if (!(magnitude > 0 && magnitude < Number.POSITIVE_INFINITY)) continue;
        if (magnitude < low) low = magnitude;
        single[0] = magnitude;
        counts[word[0]! >>> 16]!++;
      }
    },
    low: () => (low === Number.POSITIVE_INFINITY ? 0 : low),
    high() {
      const total = counts.reduce((sum, count) => sum + count, 0);
      if (total === 0) return 0;
      let rank = Math.ceil(0.99 * total);
      let prefix = 0;
      while (rank > counts[prefix]!) rank -= counts[prefix++]!;
      word[0] = (prefix << 16) | 0xffff;
      return Number.isFinite(single[0]) ? single[0]! : 3.4028234663852886e38;
    },
  };
}
