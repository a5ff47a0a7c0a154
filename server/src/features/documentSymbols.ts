import { type YamlSymbol, yamlSymbols } from '@espalier/recipe';
import { type DocumentSymbol, DocumentSymbolRequest, SymbolKind } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import type { Feature, ParsedDocument } from './feature.js';
import { isOurs, ourTree } from './ourDocuments.js';
import { registerForOurs } from './registerForOurs.js';

const KINDS = { key: SymbolKind.Property, item: SymbolKind.Module, list: SymbolKind.Array } as const;

/** The outline of a recipe or a budget. */
export const documentSymbols: Feature = (context) => {
  context.connection.onRequest(DocumentSymbolRequest.type, ({ textDocument: { uri } }, token) =>
    guarded(context.connection, 'textDocument/documentSymbol', token, async (): Promise<DocumentSymbol[] | null> => {
      const document = isOurs(uri) ? context.documents.get(uri)?.document : undefined;
      if (document === undefined) return null;
      return yamlSymbols(ourTree(uri, document.getText())).map((symbol) => toSymbol(document, symbol));
    }),
  );
  return registerForOurs(context, 'documentSymbol', {});
};

function toSymbol(
  document: ParsedDocument['document'],
  { name, detail, kind, whole, named, children }: YamlSymbol,
): DocumentSymbol {
  return {
    name,
    detail,
    kind: KINDS[kind],
    range: { start: document.positionAt(whole.from), end: document.positionAt(whole.to) },
    selectionRange: { start: document.positionAt(named.from), end: document.positionAt(named.to) },
    children: children.map((child) => toSymbol(document, child)),
  };
}
