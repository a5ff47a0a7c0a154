import { globMatcher } from '@espalier/base';
import type { CheckpointReference } from '@espalier/references';
import { findDoor } from '../door.js';
import type { Files } from '../ports.js';
import { hubSnapshot, isHubName } from './hub.js';
import { nearestName } from './nearestName.js';
import { baseName, isAbsolutePath, joinPath, parentOf } from './paths.js';

/** What a reference in a text turns out to be. */
export type Resolution =
  | { readonly kind: 'file'; readonly path: string }
  /**
   * Nothing is there. `suggestion` is a path as the text would write it; `pointer` is the DVC file that stands beside the empty place;
   * `elsewhere` marks an absolute path whose folder is not on this machine: it was written for another one.
   */
  | {
      readonly kind: 'missing';
      readonly tried: readonly string[];
      readonly suggestion?: string;
      readonly pointer?: string;
      readonly elsewhere?: true;
    }
  /** A model of a hub, with its local snapshot if there is one. Never "missing". */
  | { readonly kind: 'hub'; readonly name: string; readonly path?: string }
  | { readonly kind: 'ambiguous'; readonly paths: readonly string[] }
  | { readonly kind: 'none' };

export interface ResolveContext {
  /** Folder of the document, null for an unsaved one. */
  readonly documentFolder: string | null;
  /** Configured roots (absolute), tried first. */
  readonly roots: readonly string[];
  /** The workspace folder of the document first. */
  readonly workspaceFolders: readonly string[];
  /** Home folder, for `~`. */
  readonly home: string | null;
  /** Folder of the hub cache that holds `models--org--name`. */
  readonly hubCache: string | null;
}

/** Configured roots, the document's folder, then the workspace folders: the first place where it exists wins. */
export async function resolveReference(
  files: Files,
  reference: CheckpointReference,
  context: ResolveContext,
): Promise<Resolution> {
  const path = expandHome(reference.path, context.home);
  if (path === '' || /^[a-z][a-z0-9+.-]+:\/\//i.test(path)) return { kind: 'none' };
  if (reference.repository !== undefined) return inRepository(files, reference.repository, path, context.hubCache);
  const bases = isAbsolutePath(path) ? [''] : basesOf(context);
  if (reference.form === 'glob') return resolveGlob(files, path, bases);
  const tried: string[] = [];
  for (const base of bases) {
    const candidate = base === '' ? joinPath(path, '') : joinPath(base, path);
    if (tried.includes(candidate)) continue;
    tried.push(candidate);
    const stat = await files.stat(candidate);
    if (stat?.kind === 'file') return { kind: 'file', path: candidate };
    if (stat?.kind === 'folder' && (await isModelFolder(files, candidate))) return { kind: 'file', path: candidate };
    // `tf.train.Checkpoint.restore("run/ckpt-3")` names a bundle by its prefix.
    if (stat === null && (await files.stat(`${candidate}.index`))?.kind === 'file')
      return { kind: 'file', path: `${candidate}.index` };
  }
  if (reference.form === 'folder') {
    if (!isHubName(path)) return { kind: 'none' };
    const snapshot = context.hubCache === null ? null : await hubSnapshot(files, context.hubCache, path);
    return { kind: 'hub', name: path, ...(snapshot === null ? {} : { path: snapshot }) };
  }
  for (const candidate of tried) {
    const pointer = `${candidate}.dvc`;
    if ((await files.stat(pointer))?.kind === 'file') return { kind: 'missing', tried, pointer };
  }
  if (isAbsolutePath(path) && (await files.stat(parentOf(tried[0]!)))?.kind !== 'folder') {
    return { kind: 'missing', tried, elsewhere: true };
  }
  const suggestion = await suggest(files, path, tried);
  return { kind: 'missing', tried, ...(suggestion === null ? {} : { suggestion }) };
}

/** A file that a program takes from a hub repository (`hf_hub_download`): in the local cache or nowhere. */
async function inRepository(
  files: Files,
  repository: string,
  path: string,
  hubCache: string | null,
): Promise<Resolution> {
  if (!isHubName(repository) || isAbsolutePath(path)) return { kind: 'none' };
  const name = `${repository}/${path}`;
  const snapshot = hubCache === null ? null : await hubSnapshot(files, hubCache, repository);
  if (snapshot === null) return { kind: 'hub', name };
  const candidate = joinPath(snapshot, path);
  return (await files.stat(candidate))?.kind === 'file'
    ? { kind: 'hub', name, path: candidate }
    : { kind: 'hub', name };
}

const basesOf = (context: ResolveContext): string[] => [
  ...context.roots,
  ...(context.documentFolder === null ? [] : [context.documentFolder]),
  ...context.workspaceFolders,
];

const expandHome = (path: string, home: string | null): string =>
  home !== null && /^~(?=$|[\\/])/.test(path) ? joinPath(home, path.slice(1).replace(/^[\\/]/, '')) : path;

async function isModelFolder(files: Files, path: string): Promise<boolean> {
  return findDoor(files, path).then(
    () => true,
    () => false,
  );
}

/** A near name in the folder that the path points into: a typing mistake, or another extension. */
async function suggest(files: Files, path: string, tried: readonly string[]): Promise<string | null> {
  for (const candidate of tried) {
    const names = (await files.list(parentOf(candidate))).filter((entry) => !entry.folder).map((entry) => entry.name);
    const near = nearestName(baseName(candidate), names);
    if (near !== null) return path.replace(/[^\\/]*$/, () => near);
  }
  return null;
}

/** Entries visited for one glob at most: a pattern over a whole disk ends here. */
const MAX_GLOB_ENTRIES = 5_000;

async function resolveGlob(files: Files, pattern: string, bases: readonly string[]): Promise<Resolution> {
  const segments = pattern.split(/[\\/]/).filter((segment) => segment !== '' && segment !== '.');
  for (const base of bases) {
    const start = base === '' ? (/^(?:[a-z]:)?[\\/]/i.exec(pattern)?.[0] ?? '/') : base;
    const found: string[] = [];
    const budget = { left: MAX_GLOB_ENTRIES };
    await expand(files, start, base === '' && /^[a-z]:/i.test(pattern) ? segments.slice(1) : segments, found, budget);
    const unique = [...new Set(found)].sort();
    if (unique.length === 1) return { kind: 'file', path: unique[0]! };
    if (unique.length > 1) return { kind: 'ambiguous', paths: unique.slice(0, 20) };
  }
  return { kind: 'none' };
}

async function expand(
  files: Files,
  folder: string,
  segments: readonly string[],
  found: string[],
  budget: { left: number },
): Promise<void> {
  const [segment, ...rest] = segments;
  if (segment === undefined || budget.left <= 0) return;
  if (segment === '..') return expand(files, parentOf(folder), rest, found, budget);
  if (segment === '**') await expand(files, folder, rest, found, budget);
  const matches = segment === '**' ? () => true : segmentMatcher(segment);
  for (const entry of await files.list(folder)) {
    if (budget.left-- <= 0) return;
    if (!matches(entry.name) || (entry.name.startsWith('.') && !segment.startsWith('.'))) continue;
    const path = joinPath(folder, entry.name);
    if (segment === '**') {
      if (entry.folder && entry.name !== 'node_modules') await expand(files, path, segments, found, budget);
    } else if (rest.length > 0) {
      if (entry.folder) await expand(files, path, rest, found, budget);
    } else if (!entry.folder) found.push(path);
  }
}

/** Wildcards of one path segment, in which a dot is an ordinary character. */
function segmentMatcher(segment: string): (name: string) => boolean {
  if (!/[*?[{]/.test(segment)) return (name) => name === segment;
  // `*` of the name globs stops at dots; within a file name it does not.
  return globMatcher(segment.replaceAll('*', '**').replaceAll('****', '**'));
}
