const names = new Intl.Collator('en', { numeric: true });

/** Orders file names as versions of a model: `net` before `net-80`, `epoch-2` before `epoch-10`. Endings do not count. */
export function byVersion(a: string, b: string): number {
  return names.compare(stem(a), stem(b)) || names.compare(a, b);
}

const stem = (name: string): string => name.replace(/\.[^./]+$/, '');
