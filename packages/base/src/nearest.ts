/** Levenshtein distance with neighbouring letters swapped counted once (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let twoAgo: number[] = [];
  let ago = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const now = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      now[j] = Math.min(ago[j]! + 1, now[j - 1]! + 1, ago[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        now[j] = Math.min(now[j]!, twoAgo[j - 2]! + 1);
    }
    twoAgo = ago;
    ago = now;
  }
  return ago[b.length]!;
}

/** The word of a list that was likely meant: at most a third of the letters differ; ties go to the first. */
export function nearest(written: string, words: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(written.length / 3));
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const word of words) {
    const distance = editDistance(word.toLowerCase(), written.toLowerCase());
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { word, distance };
  }
  return best?.word;
}
