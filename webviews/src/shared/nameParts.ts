/** A tensor name in three parts, so that a page can dim what repeats: `layer4.1.` `conv2` `.weight`. */
export interface NameParts {
  /** Where it is. Gives way first when room is short. */
  readonly prefix: string;
  /** The module, or the whole name where there is no other part. */
  readonly module: string;
  /** What it is in the module. */
  readonly suffix: string;
}

/** Splits at dots, or at slashes in names that have them (TensorFlow, ONNX graphs). An index stays with its module: `downsample.0`. */
export function nameParts(name: string): NameParts {
  const separator = name.includes('/') ? '/' : '.';
  const end = name.lastIndexOf(separator);
  if (end <= 0) return { prefix: '', module: name, suffix: '' };
  const suffix = name.slice(end);
  let begin = name.lastIndexOf(separator, end - 1) + 1;
  const isIndex = /^\d+$/.test(name.slice(begin, end));
  if (isIndex && begin > 1) {
    const owner = name.lastIndexOf(separator, begin - 2) + 1;
    // `layers.0.weight` names layer 0; `1.0.weight` has no word to keep the index company.
    if (!/^\d+$/.test(name.slice(owner, begin - 1))) begin = owner;
  }
  return { prefix: name.slice(0, begin), module: name.slice(begin, end), suffix };
}
