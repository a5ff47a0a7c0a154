import { findInConfig } from './config/findInConfig.js';
import { readMarkdown } from './markdown.js';
import { readNotebook } from './notebook.js';
import { findInProgram } from './program/findInProgram.js';
import { javascriptWithJsx, typescript, typescriptWithJsx } from './program/javascript.js';
import { python } from './program/python.js';
import { LANGUAGES, type LanguageId, type References } from './reference.js';
import { baseName } from './vocabulary/extensions.js';

const NONE: References = { checkpoints: [], layers: [] };

export function isLanguage(languageId: string): languageId is LanguageId {
  return (LANGUAGES as readonly string[]).includes(languageId);
}

/**
 * Finds what a text says about checkpoints and layers. Total: any text of any length gives an answer, half-typed ones too;
 * a language that is not understood gives none. Ranges are ordered, and lie inside the text.
 */
export function findReferences(text: string, languageId: string): References {
  return isLanguage(languageId) ? ordered(find(text, languageId)) : NONE;
}

function find(text: string, language: LanguageId): References {
  switch (language) {
    case 'python':
      return findInProgram(text, python);
    case 'typescript':
      return findInProgram(text, typescript);
    case 'typescriptreact':
      return findInProgram(text, typescriptWithJsx);
    case 'javascript':
    case 'javascriptreact':
      return findInProgram(text, javascriptWithJsx);
    case 'json':
    case 'jsonc':
    case 'jsonl':
      return findInConfig(text, 'json');
    case 'yaml':
    case 'toml':
      return findInConfig(text, language);
    case 'markdown': {
      const { checkpoints, layers, code } = readMarkdown(text);
      // Code in prose explains; nothing in it needs to exist.
      const inner = code.map((part) =>
        part.segments.translate(find(part.segments.text, part.language), (reference) => ({
          ...reference,
          certain: false,
        })),
      );
      return joined([{ checkpoints, layers }, ...inner]);
    }
    case 'ipynb':
      return joined(
        readNotebook(text).map(({ segments, language: inner, commands }) =>
          segments.translate(find(segments.text, inner), (reference) =>
            isNamedIn(commands, reference.path) ? { ...reference, certain: false } : reference,
          ),
        ),
      );
  }
}

/** Does a command name the file, or the folder it is in? */
function isNamedIn(commands: string, path: string): boolean {
  if (commands === '') return false;
  const folder = path.split('/').find((part) => part !== '' && part !== '.' && part !== '..') ?? '';
  return commands.includes(baseName(path)) || (folder.length > 3 && commands.includes(folder));
}

function joined(parts: readonly References[]): References {
  return { checkpoints: parts.flatMap((part) => part.checkpoints), layers: parts.flatMap((part) => part.layers) };
}

function ordered({ checkpoints, layers }: References): References {
  const byBegin = (a: { begin: number; end: number }, b: { begin: number; end: number }): number =>
    a.begin - b.begin || a.end - b.end;
  return { checkpoints: [...checkpoints].sort(byBegin), layers: [...layers].sort(byBegin) };
}
