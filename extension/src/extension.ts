import { commands, type ExtensionContext, l10n, window, workspace } from 'vscode';
import { createClient } from './client.js';
import { registerChangeCommands } from './commands/changeCommands.js';
import { registerCommands } from './commands/index.js';
import { registerCheckpointEditors } from './editors/checkpointEditor.js';
import { createJobList } from './jobs/jobList.js';
import { registerJobsView } from './jobs/jobsView.js';
import { registerComparePanels } from './panels/comparePanel.js';
import { registerDoctorPanel } from './panels/doctorPanel.js';
import { registerPreviewPanels } from './panels/previewPanel.js';
import { registerReportPanels } from './panels/reportPanel.js';
import { registerSettings } from './settings.js';
import { registerStatusItem } from './statusItem.js';
import { removeOldCopies } from './storage/copies.js';

let stop: () => Promise<void> = async () => {};

/** Activation only registers: the server starts in the background and is waited for by whoever asks it something. */
export function activate(context: ExtensionContext): { readonly activationMs: number } {
  const began = performance.now();
  const client = createClient(context);
  stop = () => client.stop();
  const compare = registerComparePanels(context, client);
  registerCheckpointEditors(context, client, compare);
  registerCommands(context, client, compare);
  const jobs = createJobList(context, client);
  registerJobsView(context, jobs);
  registerChangeCommands(context, client, jobs, {
    compare,
    preview: registerPreviewPanels(context, client, compare),
    report: registerReportPanels(context, client, compare),
  });
  registerDoctorPanel(context, client, compare);
  registerStatusItem(context, client);
  context.subscriptions.push(
    registerSettings(client),
    workspace.onDidGrantWorkspaceTrust(() => client.trust()),
    client.onRestarted(() =>
      window.setStatusBarMessage(l10n.t('$(info) The Espalier language server was started again'), 5000),
    ),
  );
  void commands.executeCommand('setContext', 'espalier.hasSelection', false);
  void removeOldCopies(context.globalStorageUri.fsPath).catch((error) => client.log.warn(String(error)));
  const activationMs = performance.now() - began;
  client.log.info(`Activated in ${activationMs.toFixed(1)} ms.`);
  return { activationMs };
}

export const deactivate = (): Promise<void> => stop();
