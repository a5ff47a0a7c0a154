import { type PageStart, pageAction, pageReload, pageStart, QUESTIONS } from '@espalier/protocol';
import {
  commands,
  type ExtensionContext,
  env,
  l10n,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from 'vscode';
import type { Client } from '../client.js';
import { Channel } from '../webview/channel.js';
import { pageHtml, pageOptions } from '../webview/page.js';
import { runPageAction } from '../webview/pageActions.js';
import type { ComparePanels } from './comparePanel.js';

const VIEW_TYPE = 'espalier.doctor';

/** What this machine and the optional tools are; one page for the window. It comes back after a reload. */
export function registerDoctorPanel(context: ExtensionContext, client: Client, compare: ComparePanels): void {
  let open: WebviewPanel | undefined;

  function show(panel: WebviewPanel): void {
    open = panel;
    const title = l10n.t('Espalier Doctor');
    panel.title = title;
    panel.iconPath = Uri.joinPath(context.extensionUri, 'media', 'icon.png');
    const channel = new Channel(panel.webview, client);
    channel
      .forward(...QUESTIONS.doctor)
      .answer(
        pageStart,
        async (): Promise<PageStart> => ({
          kind: 'doctor',
          paths: [],
          names: [],
          locale: env.language,
          scanAutomatically: true,
        }),
      )
      .answer(pageAction, (action) => runPageAction(action, context.extensionUri, compare, client));
    const trust = workspace.onDidGrantWorkspaceTrust(() => channel.send(pageReload, {}));
    panel.onDidDispose(() => {
      trust.dispose();
      channel.dispose();
      if (open === panel) open = undefined;
    });
    panel.webview.html = pageHtml(panel.webview, context.extensionUri, 'doctor', title);
  }

  context.subscriptions.push(
    commands.registerCommand('espalier.doctor', () => {
      if (open !== undefined) return open.reveal();
      show(
        window.createWebviewPanel(VIEW_TYPE, '', ViewColumn.Active, {
          ...pageOptions(context.extensionUri),
          retainContextWhenHidden: true,
        }),
      );
    }),
    window.registerWebviewPanelSerializer(VIEW_TYPE, {
      async deserializeWebviewPanel(panel) {
        panel.webview.options = pageOptions(context.extensionUri);
        show(panel);
      },
    }),
  );
}
