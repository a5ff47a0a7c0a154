import { type SemanticTokens, SemanticTokensBuilder, SemanticTokensRequest } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import type { Feature } from './feature.js';
import { globsOf, isOurs } from './ourDocuments.js';
import { registerForOurs } from './registerForOurs.js';

/** Parts of names, and wildcards. */
const TYPES = ['variable', 'regexp'];

/** Globs over layers in recipes and budgets: what is name and what is wildcard. */
export const semanticTokens: Feature = (context) => {
  context.connection.onRequest(SemanticTokensRequest.type, ({ textDocument: { uri } }, token) =>
    guarded(context.connection, 'textDocument/semanticTokens/full', token, async (): Promise<SemanticTokens | null> => {
      const document = isOurs(uri) ? context.documents.get(uri)?.document : undefined;
      if (document === undefined) return null;
      const text = document.getText();
      const builder = new SemanticTokensBuilder();
      for (const { from, to } of globsOf(uri, text)) {
        // A token stays on its line.
        if (text.slice(from, to).includes('\n')) continue;
        for (const { index, 0: part, groups } of text.slice(from, to).matchAll(PARTS)) {
          const { line, character } = document.positionAt(from + index);
          builder.push(line, character, part.length, groups?.['wild'] === undefined ? 0 : 1, 0);
        }
      }
      return builder.build();
    }),
  );
  return registerForOurs(context, 'semanticTokens', {
    legend: { tokenTypes: TYPES, tokenModifiers: [] },
    full: true,
  });
};

const PARTS = /(?<wild>[*?]+|\[[^\]]*\]|[{},])|[^*?[\]{},"'\s]+/g;
