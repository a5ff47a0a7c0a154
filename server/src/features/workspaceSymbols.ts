import { shapeText } from '@espalier/base';
import { SymbolKind, type WorkspaceSymbol, WorkspaceSymbolRequest } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import { uriOfPath } from '../lsp/uri.js';
import type { Feature } from './feature.js';

/** What an editor lists of one query. */
const MAX_SYMBOLS = 200;
/** Heads are read for this long, so that an answer comes while it is waited for. */
const PATIENCE_MS = 2000;

/** Layers of the workspace's checkpoints by name. Letters of the query in order are enough. */
export const workspaceSymbols: Feature = (context) => {
  context.connection.onRequest(WorkspaceSymbolRequest.type, ({ query }, token) =>
    guarded(context.connection, 'workspace/symbol', token, async (signal): Promise<WorkspaceSymbol[]> => {
      // An empty query would list every tensor of every model.
      if (query.trim().length < 2) return [];
      const found = new BestSymbols(query);
      const paths = await context.service.checkpointPaths(signal);
      const started = performance.now();
      for (const [done, path] of paths.entries()) {
        signal.throwIfAborted();
        if (found.isFull) break;
        if (performance.now() - started > PATIENCE_MS) {
          const rest = paths.length - done;
          context.connection.console.warn(
            `workspace/symbol: ${rest} of ${paths.length} checkpoints were not looked at.`,
          );
          break;
        }
        const head = await context.service.head(path, signal);
        if (!head.ok) continue;
        const containerName = context.service.displayName(path);
        const location = { uri: uriOfPath(path) };
        const layers = new Set<string>();
        for (const tensor of head.value.tensors) {
          if (tensor.layer !== tensor.name && !layers.has(tensor.layer) && holdsInOrder(tensor.layer, query)) {
            layers.add(tensor.layer);
            found.add({ name: tensor.layer, kind: SymbolKind.Module, containerName, location });
          }
          if (holdsInOrder(tensor.name, query)) {
            found.add({
              name: tensor.name,
              kind: SymbolKind.Field,
              containerName: `${containerName} · ${shapeText(tensor.shape)}`,
              location,
            });
          }
        }
      }
      return found.best();
    }),
  );
  return { workspaceSymbolProvider: true };
};

/** Names that hold the query as it is written come before those that hold its letters; otherwise the order stays. */
class BestSymbols {
  private readonly written: string;
  private readonly whole: WorkspaceSymbol[] = [];
  private readonly others: WorkspaceSymbol[] = [];

  constructor(query: string) {
    this.written = query.trim().toLowerCase();
  }

  get isFull(): boolean {
    return this.whole.length >= MAX_SYMBOLS;
  }

  add(symbol: WorkspaceSymbol): void {
    const list = symbol.name.toLowerCase().includes(this.written) ? this.whole : this.others;
    if (list.length < MAX_SYMBOLS) list.push(symbol);
  }

  best(): WorkspaceSymbol[] {
    return [...this.whole, ...this.others].slice(0, MAX_SYMBOLS);
  }
}

/** The letters of the query occur in this order, case aside. */
export function holdsInOrder(name: string, query: string): boolean {
  const letters = query.toLowerCase().replaceAll(' ', '');
  let at = 0;
  for (const char of name.toLowerCase()) if (char === letters[at]) at++;
  return at === letters.length;
}
