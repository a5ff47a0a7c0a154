import { basename, dirname } from 'node:path';
import { type PageStart, pageAction, pageRecipe, pageStart, QUESTIONS } from '@espalier/protocol';
import {
  commands,
  type ExtensionContext,
  env,
  l10n,
  Range,
  Selection,
  type TextDocument,
  TextEditorRevealType,
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

/** A recipe is planned again this long after the last keystroke. */
const DEBOUNCE_MS = 250;

/** Where the paths of a recipe start: beside its file; of a text without one, in the first folder of the workspace. */
export function folderOf(document: TextDocument): string {
  if (document.uri.scheme === 'file') return dirname(document.uri.fsPath);
  return workspace.workspaceFolders?.[0]?.uri.fsPath ?? '/';
}

export const isRecipe = ({ uri }: TextDocument): boolean => /\.espalier\.ya?ml$/i.test(uri.path);

/** What a recipe would do, beside its text. The page follows the text. */
export function registerPreviewPanels(
  context: ExtensionContext,
  client: Client,
  compare: ComparePanels,
): { open(document: TextDocument): void } {
  const open = new Map<string, { readonly panel: WebviewPanel; tell(): void }>();

  function show(document: TextDocument): void {
    const key = document.uri.toString();
    const known = open.get(key);
    if (known !== undefined) {
      known.panel.reveal(undefined, true);
      return;
    }
    const title = l10n.t('Preview of {0}', basename(document.uri.path));
    const panel = window.createWebviewPanel(
      'espalier.preview',
      title,
      { viewColumn: ViewColumn.Beside, preserveFocus: true },
      { ...pageOptions(context.extensionUri), retainContextWhenHidden: true },
    );
    panel.iconPath = Uri.joinPath(context.extensionUri, 'media', 'icon.png');
    const channel = new Channel(panel.webview, client);
    const tell = (): void =>
      channel.send(pageRecipe, {
        recipe: document.getText(),
        folder: folderOf(document),
        trusted: workspace.isTrusted,
      });
    channel
      .forward(...QUESTIONS.preview)
      .answer(pageStart, async (): Promise<PageStart> => {
        // The page listens once it has its answer.
        setTimeout(tell);
        return {
          kind: 'preview',
          paths: [document.uri.toString()],
          names: [basename(document.uri.path)],
          locale: env.language,
          scanAutomatically: true,
        };
      })
      .answer(pageAction, async (action) => {
        if (action.action === 'run-recipe') {
          await commands.executeCommand('espalier.runRecipe', document.uri);
          return { done: true };
        }
        if (action.action === 'reveal-in-recipe') {
          const range = new Range(document.positionAt(action.from), document.positionAt(action.to));
          const editor = await window.showTextDocument(document, { viewColumn: ViewColumn.One });
          editor.selection = new Selection(range.start, range.end);
          editor.revealRange(range, TextEditorRevealType.InCenterIfOutsideViewport);
          return { done: true };
        }
        return runPageAction(action, document.uri, compare, client);
      });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const subscriptions = [
      workspace.onDidChangeTextDocument((event) => {
        if (event.document !== document || event.contentChanges.length === 0) return;
        clearTimeout(timer);
        timer = setTimeout(tell, DEBOUNCE_MS);
      }),
      workspace.onDidCloseTextDocument((closed) => {
        if (closed === document) panel.dispose();
      }),
      workspace.onDidGrantWorkspaceTrust(tell),
    ];
    panel.onDidDispose(() => {
      clearTimeout(timer);
      channel.dispose();
      for (const subscription of subscriptions) subscription.dispose();
      open.delete(key);
    });
    open.set(key, { panel, tell });
    panel.webview.html = pageHtml(panel.webview, context.extensionUri, 'report', title);
  }
  return { open: show };
}
