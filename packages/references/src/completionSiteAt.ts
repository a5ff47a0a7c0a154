import { siteInConfig } from './config/siteInConfig.js';
import { isLanguage } from './findReferences.js';
import { readMarkdown, siteInMarkdown } from './markdown.js';
import { readNotebook } from './notebook.js';
import { javascriptWithJsx, typescript, typescriptWithJsx } from './program/javascript.js';
import { python } from './program/python.js';
import { siteInProgram } from './program/siteInProgram.js';
import type { CompletionSite, LanguageId } from './reference.js';
import type { Segments } from './segments.js';

/** What completion is asked for at an offset: the path of a checkpoint, the name of a layer, or nothing of ours. Total. */
export function completionSiteAt(text: string, languageId: string, offset: number): CompletionSite | null {
  if (!isLanguage(languageId) || offset < 0 || offset > text.length) return null;
  return siteAt(text, languageId, offset);
}

function siteAt(text: string, language: LanguageId, offset: number): CompletionSite | null {
  switch (language) {
    case 'python':
      return siteInProgram(text, python, offset);
    case 'typescript':
      return siteInProgram(text, typescript, offset);
    case 'typescriptreact':
      return siteInProgram(text, typescriptWithJsx, offset);
    case 'javascript':
    case 'javascriptreact':
      return siteInProgram(text, javascriptWithJsx, offset);
    case 'json':
    case 'jsonc':
    case 'jsonl':
      return siteInConfig(text, 'json', offset);
    case 'yaml':
    case 'toml':
      return siteInConfig(text, language, offset);
    case 'markdown':
      return siteInParts(readMarkdown(text).code, offset) ?? siteInMarkdown(text, offset);
    case 'ipynb':
      return siteInParts(readNotebook(text), offset);
  }
}

function siteInParts(
  parts: readonly { language: LanguageId; segments: Segments }[],
  offset: number,
): CompletionSite | null {
  for (const { language, segments } of parts) {
    const located = segments.locate(offset);
    if (located === null) continue;
    const site = siteAt(segments.text, language, located);
    const range = site === null ? null : segments.range(site.begin, site.end);
    if (site !== null && range !== null) return { ...site, ...range };
  }
  return null;
}
