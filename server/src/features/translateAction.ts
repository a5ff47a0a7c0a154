import { translateRecipe } from '@espalier/recipe';
import { type CodeAction, CodeActionKind } from 'vscode-languageserver/node';
import type { ParsedDocument } from './feature.js';
import { isOurs } from './ourDocuments.js';

/** A recipe of SparseML or llm-compressor as one of ours, in a new file beside it; null for other texts, and where nothing of it has an equivalent. */
export function translateAction({ document }: ParsedDocument): CodeAction | null {
  const { uri } = document;
  const [, stem] = /^(.*)\.(?:ya?ml|md)$/i.exec(uri) ?? [];
  if (stem === undefined || isOurs(uri)) return null;
  const text = document.getText();
  // Looking for a word is much quicker than parsing.
  if (!/modifiers/i.test(text)) return null;
  const recipe = translateRecipe(text)?.recipe ?? null;
  if (recipe === null) return null;
  const made = `${stem}.espalier.yaml`;
  const start = { line: 0, character: 0 };
  return {
    title: 'Translate to an Espalier recipe',
    kind: CodeActionKind.RefactorRewrite,
    edit: {
      documentChanges: [
        { kind: 'create', uri: made, options: { ignoreIfExists: false, overwrite: false } },
        { textDocument: { uri: made, version: null }, edits: [{ range: { start, end: start }, newText: recipe }] },
      ],
    },
  };
}
