import { formatYaml } from '@espalier/recipe';
import { DocumentFormattingRequest, type TextEdit } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import type { Feature } from './feature.js';
import { isOurs } from './ourDocuments.js';
import { registerForOurs } from './registerForOurs.js';

/** Recipes and budgets in even form, comments kept. A text that is no YAML stays as it is. */
export const formatting: Feature = (context) => {
  context.connection.onRequest(DocumentFormattingRequest.type, ({ textDocument: { uri } }, token) =>
    guarded(context.connection, 'textDocument/formatting', token, async (): Promise<TextEdit[] | null> => {
      const document = isOurs(uri) ? context.documents.get(uri)?.document : undefined;
      if (document === undefined) return null;
      const text = document.getText();
      const formatted = formatYaml(text);
      if (formatted === null || formatted === text) return [];
      const range = { start: document.positionAt(0), end: document.positionAt(text.length) };
      return [{ range, newText: formatted }];
    }),
  );
  return registerForOurs(context, 'formatting', {});
};
