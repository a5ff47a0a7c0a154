/** The name closest to what was written, if it is close enough to be meant; ties go to the first in order. */
export function nearestName(written: string, names: readonly string[]): string | null {
  const stem = (name: string): string => name.replace(/\.[^.]*$/, '').toLowerCase();
  const sameStem = names.filter((name) => stem(name) === stem(written) && MODEL_FILE.test(name));
  if (sameStem.length > 0) return sameStem.sort()[0]!;
  const limit = Math.max(1, Math.floor(written.length / 5));
  let best: { name: string; distance: number } | null = null;
  for (const name of [...names].sort()) {
    if (Math.abs(name.length - written.length) > limit || !MODEL_FILE.test(name)) continue;
    const distance = editDistance(name.toLowerCase(), written.toLowerCase());
    if (distance <= limit && (best === null || distance < best.distance)) best = { name, distance };
  }
  return best?.name ?? null;
}

const MODEL_FILE = /\.(?:safetensors|pt|pth|bin|ckpt|onnx|tflite|gguf|h5|keras|npy|npz|pb|json|index)$/i;

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
