import { type DocumentLink, DocumentLinkRequest } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import { uriOfPath } from '../lsp/uri.js';
import type { Feature } from './feature.js';
import { fileOf } from './subject.js';

/** Paths to checkpoints are links. Outputs are links too, once they exist. */
export const documentLinks: Feature = (context) => {
  context.connection.onRequest(DocumentLinkRequest.type, ({ textDocument }, token) =>
    guarded(context.connection, 'textDocument/documentLink', token, async (signal): Promise<DocumentLink[]> => {
      const parsed = context.documents.get(textDocument.uri);
      if (parsed === null) return [];
      const links: DocumentLink[] = [];
      for (const reference of parsed.references.checkpoints) {
        signal.throwIfAborted();
        const path = await fileOf(context, reference, textDocument.uri);
        if (path === null) continue;
        const { document } = parsed;
        links.push({
          range: { start: document.positionAt(reference.begin), end: document.positionAt(reference.end) },
          target: uriOfPath(path),
          tooltip: context.service.displayName(path),
        });
      }
      return links;
    }),
  );
  return { documentLinkProvider: { resolveProvider: false } };
};
