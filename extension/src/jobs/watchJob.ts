import { cancelJob, type Job } from '@espalier/protocol';
import { commands, l10n, ProgressLocation, window } from 'vscode';
import type { Client } from '../client.js';
import type { JobList } from './jobList.js';
import { progressWords } from './jobsView.js';

/** The editor's own progress of a job, with its cancel button; at the end what became of it. */
export async function watchJob(job: Job, list: JobList, client: Client): Promise<void> {
  const stateOf = (): Job['state'] | undefined => list.jobs.find(({ id }) => id === job.id)?.state;
  const ended = await window.withProgress(
    { location: ProgressLocation.Notification, title: job.request.title, cancellable: true },
    (progress, token) =>
      new Promise<Job['state'] | undefined>((resolve) => {
        let shown = 0;
        token.onCancellationRequested(() => void client.ask(cancelJob, { id: job.id }, new AbortController().signal));
        const look = (): void => {
          const state = stateOf();
          if (state?.kind === 'running') {
            const { done, total } = state.progress;
            const percent = total > 0 ? (100 * done) / total : 0;
            progress.report({ message: progressWords(state), increment: Math.max(0, percent - shown) });
            shown = Math.max(shown, percent);
          } else if (state?.kind !== 'queued') {
            subscription.dispose();
            resolve(state);
          }
        };
        const subscription = list.onChange(look);
        void list.refresh().then(look);
      }),
  );
  switch (ended?.kind) {
    case 'finished': {
      const open = l10n.t('Open Report');
      const chosen = await window.showInformationMessage(`${job.request.title}: ${ended.verdict}`, open);
      if (chosen === open) await commands.executeCommand('espalier.openReport', { id: job.id, state: ended });
      return;
    }
    case 'failed':
      void window.showErrorMessage(
        `${job.request.title}: ${ended.fault.message}${ended.fault.hint === undefined ? '' : ` ${ended.fault.hint}`}`,
      );
      return;
    case 'crashed':
      void window.showErrorMessage(`${job.request.title}: ${ended.message}`);
      return;
    default:
      return;
  }
}
