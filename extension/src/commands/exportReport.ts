import { basename } from 'node:path';
import { type ExportFormat, exportText } from '@espalier/protocol';
import { l10n, Uri, window, workspace } from 'vscode';
import type { Client } from '../client.js';

const ENDING: Readonly<Record<ExportFormat, string>> = { json: 'json', csv: 'csv', markdown: 'md' };

/** The report that the command line would print, saved where the person chooses. */
export async function exportReport(
  client: Client,
  path: string,
  format: ExportFormat,
): Promise<{ done: boolean; message?: string }> {
  const target = await window.showSaveDialog({
    title: l10n.t('Export the report of {0}', basename(path)),
    defaultUri: Uri.file(`${path}.${ENDING[format]}`),
  });
  if (target === undefined) return { done: false };
  const answer = await client.ask(exportText, { path, format }, new AbortController().signal);
  if (!answer.ok) return { done: false, message: answer.fault.message };
  await workspace.fs.writeFile(target, new TextEncoder().encode(answer.value));
  return { done: true, message: l10n.t('Saved as {0}', basename(target.path)) };
}
