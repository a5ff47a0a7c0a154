import { basename } from 'node:path';
import type { PageAction } from '@espalier/protocol';
import { commands, env, l10n, Uri, window, workspace } from 'vscode';
import type { Client } from '../client.js';
import { exportReport } from '../commands/exportReport.js';
import { saveChangeReport } from '../commands/saveChangeReport.js';
import { saveImage } from '../commands/saveImage.js';
import { useOutput } from '../commands/useOutput.js';
import type { ComparePanels } from '../panels/comparePanel.js';

/** Where a finding's code is explained. */
const DOCUMENTATION = 'https://github.com/espalier-dev/espalier/blob/main/docs/findings.md';

/** What only the editor can do for a page. */
export async function runPageAction(
  action: PageAction,
  uri: Uri,
  compare: ComparePanels,
  client: Client,
): Promise<{ done: boolean; message?: string }> {
  switch (action.action) {
    case 'compare':
      await commands.executeCommand('espalier.compareFiles', uri);
      return { done: true };
    case 'swap':
      compare.swapActive();
      return { done: true };
    case 'export': {
      const { path, format, compared } = action;
      return exportReport(client, uri, { path, format, ...(compared === undefined ? {} : { compared }) });
    }
    case 'open-file':
      await commands.executeCommand('espalier.inspect', Uri.file(action.path));
      return { done: true };
    case 'save-image':
      return saveImage(uri, action.name, action.base64);
    case 'copy':
      await env.clipboard.writeText(action.text);
      void window.setStatusBarMessage(`$(check) ${l10n.t('Copied')}`, 2000);
      return { done: true };
    case 'documentation':
      return { done: await env.openExternal(Uri.parse(`${DOCUMENTATION}#${action.code.replaceAll(/[^\w-]/g, '')}`)) };
    case 'compare-files':
      compare.open([action.before, action.after].map((path) => ({ path, name: basename(path) })));
      return { done: true };
    case 'open-recipe': {
      const document = await workspace.openTextDocument({ language: 'yaml', content: action.text });
      await window.showTextDocument(document);
      return { done: true };
    }
    case 'open-report':
      await commands.executeCommand('espalier.openReport', { state: { kind: 'finished', reportPath: action.path } });
      return { done: true };
    case 'reveal-file':
      await commands.executeCommand('revealInExplorer', Uri.file(action.path));
      return { done: true };
    case 'use-output':
      return useOutput(action.input, action.output);
    case 'export-report':
      return saveChangeReport(client, action.path, action.format);
    case 'run-recipe':
    case 'reveal-in-recipe':
      // Answered by the panel that shows a recipe.
      return { done: false, message: 'No recipe is shown here.' };
    default: {
      const _never: never = action;
      return { done: false, message: `Unknown action ${JSON.stringify(_never)}` };
    }
  }
}
