import { type Located, locate } from './locate.js';
import { plain } from './plain.js';
import { yamlDocument } from './yamlDocument.js';

/** A word that no recipe has. */
const MARK = 'zzespalierzz';

/** The word at an offset: what a completion replaces. */
export function wordAt(text: string, offset: number): { readonly from: number; readonly to: number } {
  let from = offset;
  while (from > 0 && /[\w+.*-]/.test(text[from - 1]!)) from--;
  let to = offset;
  while (to < text.length && /[\w+.*-]/.test(text[to]!)) to++;
  return { from, to };
}

/**
 * Where the word stands. A text is mostly half-typed here: a word alone on its line is a key that lacks its colon, within braces it may be
 * either. Whichever reading has fewer errors is taken.
 */
export function siteAt(
  text: string,
  from: number,
  to: number,
): { readonly located: Located; readonly recipe: unknown } | null {
  const readings = [MARK, `${MARK}: `].map((word) => {
    const document = yamlDocument(text.slice(0, from) + word + text.slice(to), false);
    return { document, located: locate(document, from + 1), errors: document.errors.length };
  });
  const best = readings.filter(({ located }) => located !== null).sort((a, b) => a.errors - b.errors)[0];
  if (best === undefined || best.located === null) return null;
  return { located: best.located, recipe: plain(best.document) };
}
