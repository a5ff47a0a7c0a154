import { type CodeLens, CodeLensRefreshRequest, CodeLensRequest } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import type { Feature } from './feature.js';
import { isRecipe } from './ourDocuments.js';
import { fileOf } from './subject.js';

/** Inspect, Compare and Prune above lines that name a checkpoint. Only where the client runs our commands. */
export const codeLens: Feature = (context) => {
  const { connection, documents, settings, client } = context;
  if (!client.commands) return {};
  context.onChange((path) => {
    // A change of files or settings moves lenses; the progress of a scan does not.
    if (path === null && client.codeLensRefresh) connection.sendRequest(CodeLensRefreshRequest.type).catch(() => {});
  });
  connection.onRequest(CodeLensRequest.type, ({ textDocument }, token) =>
    guarded(connection, 'textDocument/codeLens', token, async (signal): Promise<CodeLens[]> => {
      const parsed = documents.get(textDocument.uri);
      if (parsed === null || !settings().codeLens) return [];
      if (isRecipe(textDocument.uri)) return recipeLenses(textDocument.uri);
      const lenses: CodeLens[] = [];
      const seen = new Set<string>();
      for (const reference of parsed.references.checkpoints) {
        signal.throwIfAborted();
        // Inline code is prose: a lens above it would tear the paragraph apart.
        if (reference.direction === 'output' || reference.via === 'code') continue;
        const path = await fileOf(context, reference, textDocument.uri);
        if (path === null) continue;
        const { line } = parsed.document.positionAt(reference.begin);
        if (seen.has(`${line}:${path}`)) continue;
        seen.add(`${line}:${path}`);
        const range = { start: { line, character: 0 }, end: { line, character: 0 } };
        lenses.push({ range, command: { title: 'Inspect', command: 'espalier.inspect', arguments: [path] } });
        // The page says what is wrong with a file without a readable head; nothing else can be done with it.
        if (!(await context.service.head(path, signal)).ok) continue;
        lenses.push({
          range,
          command: { title: 'Compare with previous', command: 'espalier.compareWithPrevious', arguments: [path] },
        });
        lenses.push({ range, command: { title: 'Prune…', command: 'espalier.prune', arguments: [path] } });
      }
      return lenses;
    }),
  );
  return { codeLensProvider: { resolveProvider: false } };
};

/** What can be done with a recipe, above its first line. */
function recipeLenses(uri: string): CodeLens[] {
  const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
  const lens = (title: string, command: string): CodeLens => ({ range, command: { title, command, arguments: [uri] } });
  return [
    lens('Preview', 'espalier.previewRecipe'),
    lens('Run', 'espalier.runRecipe'),
    lens('Compare last run', 'espalier.compareLastRun'),
  ];
}
