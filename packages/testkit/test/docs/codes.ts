import { filesBelow, readText } from './repository.js';

/** Folders whose sources speak of faults and findings. */
const FOLDERS = [
  ...['base', 'tensor', 'kernels', 'checkpoint', 'model', 'analysis'].map((name) => `packages/${name}/src`),
  ...['pruning', 'quantization', 'recipe', 'jobs', 'service', 'host', 'cli'].map((name) => `packages/${name}/src`),
  ...['server/src', 'extension/src', 'webviews/src'],
];

/** Areas of codes. A code of a new area is found where it is written `code: 'area/name'`. */
const AREAS =
  'budget|checkpoint|engine|file|hdf5|heatmap|host|job|leveldb|option|output|page|path|pickle|prune|quantize|recipe|regroup|remove|runtime|tensor|zip';
const QUOTED = new RegExp(`'((?:${AREAS})/[a-z][a-z0-9-]*)'`, 'g');
const WRITTEN = /\bcode: '([a-z][a-z0-9]*\/[a-z][a-z0-9-]*)'/g;

/** Names every code again, for the command line; it must not count as a use. */
const LIST = 'packages/recipe/src/budget/findingCodes.ts';

/** Codes of faults and findings in the sources, with the files that use them. */
export function codesInSources(messages: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const path of FOLDERS.flatMap((folder) =>
    filesBelow(folder, (name) => /\.ts$/.test(name) && !/\.test\.ts$/.test(name)),
  )) {
    if (path === LIST) continue;
    const text = readText(path).replaceAll(/^\s*(?:\*|\/\/|\/\*).*$/gm, '');
    const codes = [...text.matchAll(QUOTED), ...text.matchAll(WRITTEN)].map((match) => match[1]!);
    // Findings of values are added by their name alone.
    if (path === 'packages/analysis/src/findings.ts')
      codes.push(...[...text.matchAll(/\badd\(\s*'([a-z-]+)'/g)].map((match) => `checkpoint/${match[1]}`));
    for (const code of codes) {
      if (messages.has(code)) continue;
      const paths = found.get(code) ?? new Set();
      found.set(code, paths.add(path));
    }
  }
  return new Map([...found].sort().map(([code, paths]) => [code, [...paths]]));
}

/** The anchor of a code, as the editor links to it. */
export const anchorOfCode = (code: string): string => code.replaceAll(/[^\w-]/g, '');
