import { globMatcher, nearest } from '@espalier/base';

/** Names below which something lies, and the names themselves: `layer1.0`, `layer1`. */
function withParents(names: readonly string[]): string[] {
  const all = new Set<string>();
  for (const name of names) {
    const parts = name.split(/(?<=[./])/);
    for (let i = 1; i <= parts.length; i++) all.add(parts.slice(0, i).join('').replace(/[./]$/, ''));
  }
  return [...all];
}

/**
 * The glob that was likely meant: its wildcards stay, what stands before them becomes the nearest name that there is, and where one level is too few `*` becomes `**`;
 * undefined where nothing near would match.
 */
export function nearestGlob(glob: string, names: readonly string[]): string | undefined {
  const wild = glob.search(/[*?[{]/);
  const fixed = wild < 0 ? glob : glob.slice(0, wild).replace(/[./]$/, '');
  const rest = glob.slice(fixed.length);
  if (fixed === '') return undefined;
  const parents = withParents(names);
  const word = parents.includes(fixed) ? fixed : nearest(fixed, parents);
  if (word === undefined) return undefined;
  const deeper = rest.replace(/(?<!\*)\*(?=[./]|$)/g, '**');
  return [word + rest, word + deeper].find((meant) => meant !== glob && names.some(globMatcher(meant)));
}
