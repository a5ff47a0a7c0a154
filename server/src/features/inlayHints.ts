import { hintText } from '@espalier/service';
import { type InlayHint, InlayHintRefreshRequest, InlayHintRequest, MarkupKind } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import type { Feature } from './feature.js';
import { checkpointHover } from './hover.js';
import { fileOf } from './subject.js';

/** Scans report often; hints are drawn again at most this often. */
const REFRESH_MS = 400;

/** Size and sparsity after a path, at once from the header, complete when the scan ends. */
export const inlayHints: Feature = (context) => {
  const { connection, documents, service, settings, client } = context;
  let timer: NodeJS.Timeout | null = null;
  context.onChange(() => {
    if (!client.inlayHintRefresh || timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      connection.sendRequest(InlayHintRefreshRequest.type).catch(() => {});
    }, REFRESH_MS);
  });
  connection.onRequest(InlayHintRequest.type, ({ textDocument, range }, token) =>
    guarded(connection, 'textDocument/inlayHint', token, async (signal): Promise<InlayHint[]> => {
      const parsed = documents.get(textDocument.uri);
      if (parsed === null || !settings().inlayHints) return [];
      const { document, references } = parsed;
      const [begin, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
      const hints: InlayHint[] = [];
      for (const reference of references.checkpoints) {
        if (reference.end < begin || reference.begin > end) continue;
        signal.throwIfAborted();
        const path = await fileOf(context, reference, textDocument.uri);
        if (path === null) continue;
        const head = await service.head(path, signal);
        if (!head.ok) continue;
        service.requestScan(path);
        const facts = await service.facts(path, signal);
        if (facts === null) continue;
        const value = await checkpointHover(context, { kind: 'checkpoint', parsed, reference }, signal);
        // The hint stands behind the closing quote or bracket, not inside the string.
        const closing = /^["'`)\]]/.test(document.getText().slice(reference.end, reference.end + 1)) ? 1 : 0;
        hints.push({
          position: document.positionAt(reference.end + closing),
          label: hintText(facts, client.locale),
          paddingLeft: true,
          ...(value === null ? {} : { tooltip: { kind: MarkupKind.Markdown, value } }),
        });
      }
      return hints;
    }),
  );
  return { inlayHintProvider: true };
};
