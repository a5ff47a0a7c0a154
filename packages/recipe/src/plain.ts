import type { Document } from 'yaml';

/** The text as plain data; undefined where aliases name nothing, or name each other so often that it would grow without end. */
export function plain(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? null;
  } catch {
    return undefined;
  }
}
