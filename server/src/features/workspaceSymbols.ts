import { shapeText } from '@espalier/base';
import { SymbolKind, type WorkspaceSymbol, WorkspaceSymbolRequest } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import { uriOfPath } from '../lsp/uri.js';
import type { Feature } from './feature.js';

const MAX_SYMBOLS = 200;
/** Checkpoints that are opened for one query at most. */
const MAX_CHECKPOINTS = 50;

/** Layers of the workspace's checkpoints by name. Letters of the query in order are enough. */
export const workspaceSymbols: Feature = (context) => {
  context.connection.onRequest(WorkspaceSymbolRequest.type, ({ query }, token) =>
    guarded(context.connection, 'workspace/symbol', token, async (signal): Promise<WorkspaceSymbol[]> => {
      // An empty query would list every tensor of every model.
      if (query.trim().length < 2) return [];
      const found: WorkspaceSymbol[] = [];
      const paths = await context.service.checkpointPaths(signal);
      for (const path of paths.slice(0, MAX_CHECKPOINTS)) {
        signal.throwIfAborted();
        const head = await context.service.head(path, signal);
        if (!head.ok) continue;
        const containerName = context.service.displayName(path);
        const location = { uri: uriOfPath(path) };
        const layers = new Set<string>();
        for (const tensor of head.value.tensors) {
          if (found.length >= MAX_SYMBOLS) return found;
          if (tensor.layer !== tensor.name && !layers.has(tensor.layer) && holdsInOrder(tensor.layer, query)) {
            layers.add(tensor.layer);
            found.push({ name: tensor.layer, kind: SymbolKind.Module, containerName, location });
          }
          if (holdsInOrder(tensor.name, query)) {
            found.push({
              name: tensor.name,
              kind: SymbolKind.Field,
              containerName: `${containerName} · ${shapeText(tensor.shape)}`,
              location,
            });
          }
        }
      }
      return found;
    }),
  );
  return { workspaceSymbolProvider: true };
};

/** The letters of the query occur in this order, case aside. */
export function holdsInOrder(name: string, query: string): boolean {
  const letters = query.toLowerCase().replaceAll(' ', '');
  let at = 0;
  for (const char of name.toLowerCase()) if (char === letters[at]) at++;
  return at === letters.length;
}
