const SHIFT = 15;
const TRAILING = 2 ** SHIFT;

/** The `rank`-th smallest of the 31-bit words of some arrays together, counted from 0: by their leading 16 bits, then by the rest. */
export function selectWord(parts: readonly Uint32Array[], rank: number): number {
  const leading = new Uint32Array(65_536);
  for (const part of parts) for (let i = 0; i < part.length; i++) leading[part[i]! >>> SHIFT]!++;
  const prefix = locate(leading, rank);
  const trailing = new Uint32Array(TRAILING);
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      const word = part[i]!;
      if (word >>> SHIFT === prefix.at) trailing[word & (TRAILING - 1)]!++;
    }
  }
  return prefix.at * TRAILING + locate(trailing, rank - prefix.before).at;
}

function locate(counts: Uint32Array, rank: number): { readonly at: number; readonly before: number } {
  let before = 0;
  let at = 0;
  while (before + counts[at]! <= rank) before += counts[at++]!;
  return { at, before };
}
