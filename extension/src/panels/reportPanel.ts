import { basename, dirname } from 'node:path';
import { type PageStart, pageAction, pageStart, QUESTIONS } from '@espalier/protocol';
import { type ExtensionContext, env, l10n, Uri, ViewColumn, type WebviewPanel, window } from 'vscode';
import type { Client } from '../client.js';
import { Channel } from '../webview/channel.js';
import { pageHtml, pageOptions } from '../webview/page.js';
import { runPageAction } from '../webview/pageActions.js';
import type { ComparePanels } from './comparePanel.js';

const VIEW_TYPE = 'espalier.report';

/** The comparison in the folder of a sweep is shown by a page of its own. */
const isSweep = (path: string): boolean => basename(path) === 'sweep.json';

function titleOf(path: string): string {
  if (isSweep(path)) return l10n.t('Sweep of {0}', basename(dirname(path)).replace(/\.sweep$/, ''));
  return l10n.t('Report of {0}', basename(path).replace(/\.report\.json$/, ''));
}

/** Reports of finished jobs, and comparisons of sweeps. They come back after a reload of the window. */
export function registerReportPanels(
  context: ExtensionContext,
  client: Client,
  compare: ComparePanels,
): { open(path: string): void } {
  const open = new Map<string, WebviewPanel>();

  function show(panel: WebviewPanel, path: string): void {
    const title = titleOf(path);
    const kind = isSweep(path) ? 'sweep' : 'report';
    open.set(path, panel);
    panel.iconPath = Uri.joinPath(context.extensionUri, 'media', 'icon.png');
    panel.title = title;
    const channel = new Channel(panel.webview, client);
    channel
      .forward(...QUESTIONS[kind])
      .answer(
        pageStart,
        async (): Promise<PageStart> => ({
          kind,
          paths: [path],
          names: [basename(path)],
          locale: env.language,
          scanAutomatically: true,
        }),
      )
      .answer(pageAction, (action) => runPageAction(action, Uri.file(path), compare, client));
    panel.onDidDispose(() => {
      channel.dispose();
      if (open.get(path) === panel) open.delete(path);
    });
    panel.webview.html = pageHtml(panel.webview, context.extensionUri, kind, title);
  }

  context.subscriptions.push(
    window.registerWebviewPanelSerializer(VIEW_TYPE, {
      async deserializeWebviewPanel(panel, state: unknown) {
        const path = (state as { paths?: unknown[] } | null)?.paths?.[0];
        if (typeof path !== 'string') return panel.dispose();
        panel.webview.options = pageOptions(context.extensionUri);
        show(panel, path);
      },
    }),
  );
  return {
    open(path) {
      const known = open.get(path);
      if (known !== undefined) return known.reveal();
      const panel = window.createWebviewPanel(VIEW_TYPE, '', ViewColumn.Active, {
        ...pageOptions(context.extensionUri),
        retainContextWhenHidden: true,
      });
      show(panel, path);
    },
  };
}
