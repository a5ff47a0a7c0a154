import { commands, type ExtensionContext, workspace } from 'vscode';
import { createClient } from './client.js';
import { registerCommands } from './commands/index.js';
import { registerCheckpointEditors } from './editors/checkpointEditor.js';
import { registerComparePanels } from './panels/comparePanel.js';
import { registerStatusItem } from './statusItem.js';

/** Activation only registers: the server starts in the background and is waited for by whoever asks it something. */
export function activate(context: ExtensionContext): { readonly activationMs: number } {
  const began = performance.now();
  const client = createClient(context);
  const compare = registerComparePanels(context, client);
  registerCheckpointEditors(context, client, compare);
  registerCommands(context, client, compare);
  registerStatusItem(context, client);
  context.subscriptions.push(workspace.onDidGrantWorkspaceTrust(() => client.trust()));
  void commands.executeCommand('setContext', 'espalier.hasSelection', false);
  return { activationMs: performance.now() - began };
}
