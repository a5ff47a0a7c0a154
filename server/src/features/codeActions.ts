import { type CodeAction, CodeActionKind, CodeActionRequest } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import { type DiagnosticData, SOURCE } from './diagnostics.js';
import type { Feature } from './feature.js';
import { fileOf, subjectAt } from './subject.js';
import { translateAction } from './translateAction.js';

/** Fixes of diagnostics, and what can be done with the checkpoint under the cursor. */
export const codeActions: Feature = (context) => {
  const { connection, client } = context;
  connection.onRequest(CodeActionRequest.type, ({ textDocument, range, context: asked }, token) =>
    guarded(connection, 'textDocument/codeAction', token, async (signal): Promise<CodeAction[]> => {
      const actions: CodeAction[] = [];
      const run = (title: string, command: string, ...args: unknown[]): CodeAction => ({
        title,
        kind: CodeActionKind.Empty,
        command: { title, command, arguments: args },
      });
      for (const diagnostic of asked.diagnostics.filter((candidate) => candidate.source === SOURCE)) {
        const data = (diagnostic.data ?? {}) as DiagnosticData;
        if (data.suggestion !== undefined && data.replacement !== undefined) {
          actions.push({
            title: data.title ?? `Replace by ${data.suggestion}`,
            kind: CodeActionKind.QuickFix,
            isPreferred: true,
            diagnostics: [diagnostic],
            edit: {
              changes: { [textDocument.uri]: [{ range: data.edit ?? diagnostic.range, newText: data.replacement }] },
            },
          });
        }
        if (data.command !== undefined && client.commands) {
          actions.push({
            ...run(`Copy “${data.command}”`, 'espalier.copyText', data.command),
            kind: CodeActionKind.QuickFix,
            diagnostics: [diagnostic],
          });
        }
      }
      const subject = subjectAt(context, textDocument.uri, range.start);
      if (subject?.kind === 'checkpoint' && client.commands) {
        const path = await fileOf(context, subject.reference, textDocument.uri);
        signal.throwIfAborted();
        if (path !== null) {
          actions.push(
            run('Inspect checkpoint', 'espalier.inspect', path),
            run('Compare checkpoint…', 'espalier.compareFiles', path),
            run('Prune…', 'espalier.prune', path),
            run('Make 2:4', 'espalier.make24', path),
            run('Re-fill channels', 'espalier.refill', path),
            run('Re-group…', 'espalier.regroup', path),
            run('Take out channels…', 'espalier.takeOutChannels', path),
            run('Quantize…', 'espalier.quantize', path),
            run('Create recipe', 'espalier.createRecipe', path),
            run('Measure speed', 'espalier.measureSpeed', path),
          );
          const facts = await context.service.facts(path, signal);
          if (facts !== null && (!facts.complete || facts.sampled))
            actions.push(run('Scan checkpoint fully', 'espalier.scanFully', path));
        }
      }
      const parsed = client.createsFiles ? context.documents.get(textDocument.uri) : null;
      const translation = parsed === null ? null : translateAction(parsed);
      if (translation !== null) actions.push(translation);
      const only = asked.only;
      return only === undefined
        ? actions
        : actions.filter((action) =>
            only.some((kind) => kind === '' || action.kind === kind || action.kind?.startsWith(`${kind}.`)),
          );
    }),
  );
  return {
    codeActionProvider: {
      codeActionKinds: [CodeActionKind.QuickFix, CodeActionKind.RefactorRewrite, CodeActionKind.Empty],
    },
  };
};
