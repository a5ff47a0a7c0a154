import { basename } from 'node:path';
import { exportReport, type ReportFormat } from '@espalier/protocol';
import { l10n, Uri, window, workspace } from 'vscode';
import type { Client } from '../client.js';

const ENDING: Readonly<Record<ReportFormat, string>> = { markdown: 'md', html: 'html', csv: 'csv', json: 'json' };

/** The report of a run as text, saved where the person chooses; its own folder is offered. */
export async function saveChangeReport(
  client: Client,
  path: string,
  format: ReportFormat,
): Promise<{ done: boolean; message?: string }> {
  const uri = Uri.file(path);
  const name = basename(path).replace(/\.json$/, '');
  const target = await window.showSaveDialog({
    title: l10n.t('Export the report of {0}', name),
    defaultUri: Uri.joinPath(uri, '..', format === 'json' ? `${name}.export.json` : `${name}.${ENDING[format]}`),
  });
  if (target === undefined) return { done: false };
  const answer = await client.ask(exportReport, { path, format }, new AbortController().signal);
  if (!answer.ok) {
    void window.showWarningMessage(answer.fault.message);
    return { done: false, message: answer.fault.message };
  }
  await workspace.fs.writeFile(target, new TextEncoder().encode(answer.value));
  window.setStatusBarMessage(`$(check) ${l10n.t('Saved as {0}', basename(target.path))}`, 3000);
  return { done: true };
}
