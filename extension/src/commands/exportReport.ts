import { basename } from 'node:path';
import { type ExportFormat, exportText } from '@espalier/protocol';
import { l10n, ProgressLocation, Uri, window, workspace } from 'vscode';
import { Cancelled, type Client } from '../client.js';

const ENDING: Readonly<Record<ExportFormat, string>> = { json: 'json', csv: 'csv', markdown: 'md' };

/** What a report is of: one file, or all files of a comparison with the earlier first. */
export interface ReportOf {
  readonly path: string;
  readonly format: ExportFormat;
  readonly compared?: readonly string[];
}

/** The report that the command line would print, saved where the person chooses; the folder of `uri` is offered. */
export async function exportReport(
  client: Client,
  uri: Uri,
  report: ReportOf,
): Promise<{ done: boolean; message?: string }> {
  const name = basename(uri.path);
  const offered = `${name}${report.compared === undefined ? '' : '.compared'}.${ENDING[report.format]}`;
  const target = await window.showSaveDialog({
    title: l10n.t('Export the report of {0}', name),
    defaultUri: Uri.joinPath(uri, '..', offered),
  });
  if (target === undefined) return { done: false };
  const answer = await window.withProgress(
    { location: ProgressLocation.Notification, title: l10n.t('Reading every value of {0}', name), cancellable: true },
    async (_, token) => {
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort());
      try {
        return await client.ask(exportText, report, controller.signal);
      } catch (error) {
        if (controller.signal.aborted || error instanceof Cancelled) return null;
        throw error;
      }
    },
  );
  if (answer === null) return { done: false };
  if (!answer.ok) {
    void window.showWarningMessage(answer.fault.message);
    return { done: false, message: answer.fault.message };
  }
  await workspace.fs.writeFile(target, new TextEncoder().encode(answer.value));
  window.setStatusBarMessage(`$(check) ${l10n.t('Saved as {0}', basename(target.path))}`, 3000);
  return { done: true };
}
