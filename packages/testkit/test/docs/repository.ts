import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root folder of the repository. */
export const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** Folders that no document or source of ours lies in. */
const SKIPPED = new Set(['node_modules', 'dist', 'build', 'coverage', '.git', '.turbo', '.tmp', '.vscode-test']);

/** Files below a folder of the repository, relative to its root with forward slashes, sorted. */
export function filesBelow(folder: string, wanted: (name: string) => boolean): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name)) found.push(...filesBelow(path, wanted));
    } else if (entry.isFile() && wanted(entry.name)) found.push(relative('.', path).replaceAll('\\', '/'));
  }
  return found.sort();
}

export const readText = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Folders that have a package README of five parts. */
export const packageFolders: readonly string[] = [
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`),
  'server',
  'webviews',
].sort();

/** The parts of a Markdown text by their heading of the second level. */
export function sections(markdown: string): ReadonlyMap<string, string> {
  const parts = markdown.split(/^## /m).slice(1);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf('\n');
      return [part.slice(0, end).trim(), part.slice(end + 1)];
    }),
  );
}

/** A text whose part between two comments (`<!-- NAME: … -->` and `<!-- end of NAME -->`) is made from something else. */
export function withGenerated(path: string, name: string, generated: string): string {
  const text = readText(path);
  const begin = new RegExp(`<!-- ${name}: [^>]* -->`).exec(text);
  const end = text.indexOf(`<!-- end of ${name} -->`);
  if (begin === null || end < begin.index) throw new Error(`${path} has lost the comments around its ${name}`);
  return `${text.slice(0, begin.index + begin[0].length)}\n\n${generated}\n\n${text.slice(end)}`;
}
