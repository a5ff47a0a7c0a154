import { editDistance } from '@espalier/base';

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
