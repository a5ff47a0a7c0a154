import { renameStep, stepNameAt } from '@espalier/recipe';
import {
  ErrorCodes,
  PrepareRenameRequest,
  type PrepareRenameResult,
  RenameRequest,
  ResponseError,
  type WorkspaceEdit,
} from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import type { Feature } from './feature.js';
import { isRecipe, recipeOf } from './ourDocuments.js';
import { registerForOurs } from './registerForOurs.js';

/** Names of steps, with the axes of a sweep that refer to them. */
export const renaming: Feature = (context) => {
  const { connection, documents } = context;
  connection.onRequest(PrepareRenameRequest.type, ({ textDocument: { uri }, position }, token) =>
    guarded(connection, 'textDocument/prepareRename', token, async (): Promise<PrepareRenameResult | null> => {
      const document = isRecipe(uri) ? documents.get(uri)?.document : undefined;
      if (document === undefined) return null;
      const found = stepNameAt(recipeOf(document.getText()), document.offsetAt(position));
      if (found === null) return null;
      const range = { start: document.positionAt(found.from), end: document.positionAt(found.to) };
      return { range, placeholder: found.id };
    }),
  );
  connection.onRequest(RenameRequest.type, async ({ textDocument: { uri }, position, newName }, token) => {
    const edits = await guarded(connection, 'textDocument/rename', token, async () => {
      const document = isRecipe(uri) ? documents.get(uri)?.document : undefined;
      if (document === undefined) return null;
      const found = renameStep(recipeOf(document.getText()), document.offsetAt(position), newName);
      if (typeof found === 'string') return found;
      const changes = found.map(({ from, to, text }) => ({
        range: { start: document.positionAt(from), end: document.positionAt(to) },
        newText: text,
      }));
      return { changes: { [uri]: changes } } satisfies WorkspaceEdit;
    });
    // Why a name cannot be taken is shown to the person who typed it.
    if (typeof edits === 'string') throw new ResponseError(ErrorCodes.InvalidParams, edits);
    return edits;
  });
  return registerForOurs(context, 'rename', { prepareProvider: true });
};
