import { type CheckpointReference, endingOf } from '@espalier/references';
import { type DocumentLink, DocumentLinkRequest } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import { uriOfPath } from '../lsp/uri.js';
import type { Feature, FeatureContext } from './feature.js';
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
          target: targetOf(context, reference, path),
          tooltip: context.service.displayName(path),
        });
      }
      return links;
    }),
  );
  return { documentLinkProvider: { resolveProvider: false } };
};

/** Editors open folders and files of shared endings as what they are for everybody; our own command opens them as checkpoints. */
function targetOf({ client }: FeatureContext, reference: CheckpointReference, path: string): string {
  if (!client.commands || (reference.form !== 'folder' && endingOf(path) === 'certain')) return uriOfPath(path);
  return `command:espalier.inspect?${encodeURIComponent(JSON.stringify([path]))}`;
}
