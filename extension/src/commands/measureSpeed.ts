import { basename } from 'node:path';
import { times } from '@espalier/protocol';
import { l10n, ProgressLocation, window } from 'vscode';
import type { Client } from '../client.js';

/** Times the layers of a checkpoint, or one of them, on this machine; hovers say the result from then on. Can be cancelled. */
export async function measureSpeed(client: Client, path: string, tensor: string | undefined): Promise<void> {
  const title = tensor === undefined ? basename(path) : `${tensor} · ${basename(path)}`;
  await window.withProgress(
    { location: ProgressLocation.Notification, cancellable: true, title: l10n.t('Measuring {0}', title) },
    async (progress, token) => {
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort());
      try {
        const answer = await client.stream(
          times,
          { path, ...(tensor === undefined ? {} : { layers: [tensor] }) },
          controller.signal,
          ({ done, total, tensor: name }) =>
            progress.report({ message: l10n.t('{0} of {1}: {2}', done, total, name), increment: 100 / total }),
        );
        if (answer.ok) {
          const { summary, whole } = answer.value;
          void window.showInformationMessage(`${title}: ${summary}${whole === null ? '' : `; ${whole.text}`}`);
        } else void window.showErrorMessage(answer.fault.message);
      } catch (error) {
        if (!controller.signal.aborted) throw error;
      }
    },
  );
}
