import { basename } from 'node:path';
import { l10n, Uri, window, workspace } from 'vscode';

/** A picture of a page, saved where the person chooses; the file of the page says which folder is offered. */
export async function saveImage(uri: Uri, name: string, base64: string): Promise<{ done: boolean; message?: string }> {
  const offered = name.replaceAll(/[\\/:*?"<>|]/g, '_');
  const target = await window.showSaveDialog({
    title: l10n.t('Save the picture'),
    defaultUri: Uri.joinPath(uri, '..', offered),
    filters: { PNG: ['png'] },
  });
  if (target === undefined) return { done: false };
  await workspace.fs.writeFile(target, Buffer.from(base64, 'base64'));
  window.setStatusBarMessage(`$(check) ${l10n.t('Saved as {0}', basename(target.path))}`, 3000);
  return { done: true };
}
