import { baseName } from './vocabulary/extensions.js';

/** What a piece of text is, looked at as a path. */
export interface PathText {
  /** As the program sees it: `file://` and a bundler's `?url` removed. */
  readonly path: string;
  readonly form: 'file' | 'glob';
  /** False for documentation placeholders such as `path/to/model.pt`. */
  readonly real: boolean;
}

const MOST_CHARACTERS = 1024;

/** null: a URL, a template with holes, or nothing that could be a path. */
export function readPath(text: string): PathText | null {
  if (text === '' || text.length > MOST_CHARACTERS || text.trim() !== text) return null;
  const path = withoutScheme(text);
  if (path === null || path === '' || path === '/' || path === '.') return null;
  // `tool:pkg:x.pth`, `12:30`: a colon stands in no path but behind the letter of a drive.
  if (path.indexOf(':', 2) >= 0) return null;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code < 32) return null;
    if (HOLES.includes(path[at]!)) return null;
  }
  if (hasPercentHole(path)) return null;
  return { path, form: hasWildcard(path) ? 'glob' : 'file', real: !isPlaceholder(path) };
}

/** `$VAR`, `${x}`, `{epoch}`, `<name>`, `"a" | b`: filled in later by somebody else. */
const HOLES = '{}$<>|"';

/** `model_%d.pt`, `%(here)s/x.pt`, `%s`. */
function hasPercentHole(path: string): boolean {
  for (let at = path.indexOf('%'); at >= 0; at = path.indexOf('%', at + 1)) {
    let next = at + 1;
    if (path[next] === '(') return true;
    while (next < path.length && path[next]! >= '0' && path[next]! <= '9') next++;
    const letter = path[next];
    if (letter !== undefined && 'sdifre'.includes(letter) && next - at <= 3 && !isHexPair(path, at + 1)) return true;
  }
  return false;
}

/** `%20` of a URL is an escape, not a hole. */
function isHexPair(path: string, at: number): boolean {
  const isHex = (character: string | undefined): boolean =>
    character !== undefined && '0123456789abcdefABCDEF'.includes(character);
  return isHex(path[at]) && isHex(path[at + 1]);
}

function withoutScheme(text: string): string | null {
  const colon = text.indexOf(':');
  // One letter before the colon is a Windows drive.
  if (colon <= 1) return text;
  const scheme = text.slice(0, colon);
  for (const character of scheme) {
    if (
      !(character >= 'a' && character <= 'z') &&
      !(character >= 'A' && character <= 'Z') &&
      !(character >= '0' && character <= '9') &&
      !'+.-'.includes(character)
    ) {
      return text;
    }
  }
  if (scheme.toLowerCase() === 'file' && text.startsWith('//', colon + 1)) return decodePercent(text.slice(colon + 3));
  return text.startsWith('//', colon + 1) || KNOWN_SCHEMES.has(scheme.toLowerCase()) ? null : text;
}

const KNOWN_SCHEMES = new Set([
  'data',
  'blob',
  'mailto',
  'localstorage',
  'indexeddb',
  'downloads',
  'urn',
  'javascript',
  'runs',
  'models',
]);

export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function hasWildcard(path: string): boolean {
  if (path.includes('*') || path.includes('?')) return true;
  const open = path.indexOf('[');
  return open >= 0 && path.indexOf(']', open) > open + 1;
}

/** Documentation writes `path/to/model.pt`, `/your/checkpoint.pt`, `…/x.pt`. */
function isPlaceholder(path: string): boolean {
  const lower = path.toLowerCase();
  return (
    lower.includes('path/to') ||
    lower.includes('path_to') ||
    lower.includes('path-to') ||
    lower.includes('your') ||
    lower.includes('…') ||
    lower.includes('...') ||
    lower.startsWith('~')
  );
}

/** Files that a well-known library downloads when they are absent: `yolov8n.pt`, `sam_b.pt`. */
export function isFetchedByName(path: string): boolean {
  const lower = path.toLowerCase();
  if (lower !== baseName(lower)) return false;
  return (
    ['yolo', 'sam', 'mobile_sam', 'fastsam', 'rtdetr'].some((prefix) => lower.startsWith(prefix)) &&
    lower.endsWith('.pt')
  );
}

/** Names of files that addresses in a text end with: they are fetched from there, by code or by a command of a notebook. */
export function fetchedNames(text: string): Set<string> {
  const names = new Set<string>();
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    if (text.slice(Math.max(0, at - 4), at) === 'file') continue;
    let end = at + 3;
    while (end < text.length && end - at < MOST_CHARACTERS && !ADDRESS_ENDS.includes(text[end]!)) end++;
    names.add(baseName(text.slice(at, end)));
  }
  return names;
}

const ADDRESS_ENDS = ' \t\n\r"\'`)>?#\\';
