import { type Disposable, l10n, window, workspace } from 'vscode';
import type { Client } from './client.js';

/** The server hears of settings by itself, except of those that it needs before it starts. */
export function registerSettings(client: Client): Disposable {
  return workspace.onDidChangeConfiguration(async (change) => {
    if (!change.affectsConfiguration('espalier.threads')) return;
    const restart = l10n.t('Restart');
    const choice = await window.showInformationMessage(
      l10n.t('The number of reading threads changes when the language server is started again.'),
      restart,
    );
    if (choice === restart) await client.restart();
  });
}
