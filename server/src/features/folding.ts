import { yamlFolds } from '@espalier/recipe';
import { type FoldingRange, FoldingRangeKind, FoldingRangeRequest } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import type { Feature } from './feature.js';
import { isOurs, ourTree } from './ourDocuments.js';
import { registerForOurs } from './registerForOurs.js';

/** Steps, lists and comments of recipes and budgets. */
export const folding: Feature = (context) => {
  context.connection.onRequest(FoldingRangeRequest.type, ({ textDocument: { uri } }, token) =>
    guarded(context.connection, 'textDocument/foldingRange', token, async (): Promise<FoldingRange[] | null> => {
      const document = isOurs(uri) ? context.documents.get(uri)?.document : undefined;
      if (document === undefined) return null;
      return yamlFolds(ourTree(uri, document.getText())).map(({ kind, from, to }) => ({
        startLine: document.positionAt(from).line,
        endLine: document.positionAt(to).line,
        ...(kind === 'comment' ? { kind: FoldingRangeKind.Comment } : {}),
      }));
    }),
  );
  return registerForOurs(context, 'foldingRange', {});
};
