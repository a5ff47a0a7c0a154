/** Paths of either style, without Node: the engines' side of the house never learns which system it runs on. */

export const isWindowsPath = (path: string): boolean => /^[a-z]:[\\/]/i.test(path) || path.startsWith('\\\\');

export const isAbsolutePath = (path: string): boolean => path.startsWith('/') || isWindowsPath(path);

/** Joins and normalises `.` and `..`; the style is that of `folder`. An absolute `path` stands for itself. */
export function joinPath(folder: string, path: string): string {
  const windows = isWindowsPath(folder) || isWindowsPath(path);
  const whole = isAbsolutePath(path) ? path : `${folder}/${path}`;
  const unified = windows ? whole.replaceAll('\\', '/') : whole;
  const prefix = /^(?:[a-z]:\/|\/\/[^/]+\/[^/]+\/?|\/)/i.exec(unified)?.[0] ?? '';
  const parts: string[] = [];
  for (const part of unified.slice(prefix.length).split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  const joined = prefix + parts.join('/');
  return windows ? joined.replaceAll('/', '\\') : joined;
}

export const baseName = (path: string): string => path.split(/[\\/]/).pop() ?? path;

/** `/a/b` of `/a/b/c`. */
export const parentOf = (path: string): string => joinPath(path, '..');

/** `path` as seen from `folder`, with forward slashes; the path itself when it lies elsewhere. */
export function relativeTo(folder: string, path: string): string {
  const unify = (text: string): string => (isWindowsPath(text) ? text.replaceAll('\\', '/') : text);
  const from = `${unify(folder).replace(/\/+$/, '')}/`;
  const to = unify(path);
  return to.startsWith(from) ? to.slice(from.length) : to;
}
