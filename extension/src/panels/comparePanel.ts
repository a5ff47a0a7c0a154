import { basename } from 'node:path';
import { changed, type PageStart, pageAction, pageReload, pageStart, pageStore, QUESTIONS } from '@espalier/protocol';
import { type ExtensionContext, env, Uri, ViewColumn, type WebviewPanel, window, workspace } from 'vscode';
import type { Client } from '../client.js';
import { samePath } from '../samePath.js';
import { Channel } from '../webview/channel.js';
import { pageHtml, pageOptions } from '../webview/page.js';
import { runPageAction } from '../webview/pageActions.js';

/** One side of a comparison. */
export interface Side {
  readonly path: string;
  readonly name: string;
}

export interface ComparePanels {
  /** Two sides, the earlier first; three or more show the trend. */
  open(sides: readonly Side[]): void;
  swapActive(): void;
}

const VIEW_TYPE = 'espalier.compare';
const STORED_KEY = 'espalier.compare';

/** Panels that compare checkpoints. They come back after a reload of the window. */
export function registerComparePanels(context: ExtensionContext, client: Client): ComparePanels {
  let active: { readonly panel: WebviewPanel; readonly sides: readonly Side[] } | null = null;

  const panels: ComparePanels = {
    open(sides) {
      const panel = window.createWebviewPanel(VIEW_TYPE, titleOf(sides), ViewColumn.Active, {
        ...pageOptions(context.extensionUri),
        retainContextWhenHidden: true,
      });
      show(panel, sides);
    },
    swapActive() {
      if (active === null) return;
      const { panel, sides } = active;
      panel.dispose();
      panels.open([...sides].reverse());
    },
  };

  function show(panel: WebviewPanel, sides: readonly Side[]): void {
    const { webview } = panel;
    panel.iconPath = Uri.joinPath(context.extensionUri, 'media', 'icon.png');
    const channel = new Channel(webview, client);
    active = { panel, sides };
    channel
      .forward(...QUESTIONS.compare)
      .answer(
        pageStart,
        async (): Promise<PageStart> => ({
          kind: 'compare',
          paths: sides.map((side) => side.path),
          names: sides.map((side) => side.name),
          locale: env.language,
          scanAutomatically: true,
          stored: context.workspaceState.get<Record<string, unknown>>(STORED_KEY, {}),
        }),
      )
      .answer(pageAction, (action) => runPageAction(action, Uri.file(sides.at(-1)!.path), panels, client))
      .onEvent(pageStore, ({ key, value }) => {
        void context.workspaceState.update(STORED_KEY, {
          ...context.workspaceState.get<Record<string, unknown>>(STORED_KEY, {}),
          [key]: value,
        });
      });
    const subscriptions = [
      channel,
      client.on(changed, (body) => {
        const side = sides.find(({ path }) => samePath(path, body.path));
        if (side !== undefined) channel.send(changed, { ...body, path: side.path });
      }),
      workspace.onDidGrantWorkspaceTrust(() => channel.send(pageReload, {})),
    ];
    panel.onDidChangeViewState(() => {
      if (panel.active) active = { panel, sides };
    });
    panel.onDidDispose(() => {
      for (const subscription of subscriptions) subscription.dispose();
      if (active?.panel === panel) active = null;
    });
    webview.html = pageHtml(webview, context.extensionUri, 'compare', titleOf(sides));
  }

  context.subscriptions.push(
    window.registerWebviewPanelSerializer(VIEW_TYPE, {
      async deserializeWebviewPanel(panel, state: unknown) {
        const sides = sidesOf(state);
        if (sides === null) return panel.dispose();
        panel.webview.options = pageOptions(context.extensionUri);
        show(panel, sides);
      },
    }),
  );
  return panels;
}

const titleOf = (sides: readonly Side[]): string => sides.map((side) => side.name).join(' ↔ ');

/** The page stores its paths with `setState`. */
function sidesOf(state: unknown): Side[] | null {
  const paths = (state as { paths?: unknown } | null)?.paths;
  const names = (state as { names?: unknown } | null)?.names;
  if (!Array.isArray(paths) || paths.length < 2 || !paths.every((path) => typeof path === 'string')) return null;
  return paths.map((path: string, i) => ({
    path,
    name: Array.isArray(names) && typeof names[i] === 'string' ? names[i] : basename(path),
  }));
}
