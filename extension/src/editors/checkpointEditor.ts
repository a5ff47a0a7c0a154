import { basename } from 'node:path';
import {
  changed,
  type PageStart,
  pageAction,
  pageReload,
  pageSelect,
  pageStart,
  pageStore,
  QUESTIONS,
} from '@espalier/protocol';
import {
  type CustomDocument,
  type CustomReadonlyEditorProvider,
  type ExtensionContext,
  env,
  type Uri,
  type WebviewPanel,
  window,
  workspace,
} from 'vscode';
import type { Client } from '../client.js';
import type { ComparePanels } from '../panels/comparePanel.js';
import { samePath } from '../samePath.js';
import { localPath } from '../storage/localCopy.js';
import { Channel } from '../webview/channel.js';
import { pageHtml, pageOptions } from '../webview/page.js';
import { runPageAction } from '../webview/pageActions.js';
import { watchDocument } from './watchDocument.js';

/** A document that holds no bytes: only the path that the server reads. */
class CheckpointDocument implements CustomDocument {
  constructor(
    readonly uri: Uri,
    readonly path: string,
  ) {}
  dispose(): void {}
}

const STORED_KEY = 'espalier.inspector';
/** Tensor to select when the editor of a checkpoint opens next, by path: set by links in hovers. */
const pendingSelection = new Map<string, string>();
const openChannels = new Map<string, Set<Channel>>();

/** Opens the page of a checkpoint; with `tensor`, at that tensor. */
export function selectTensor(path: string, tensor: string): void {
  const channels = openChannels.get(path);
  if (channels === undefined || channels.size === 0) pendingSelection.set(path, tensor);
  else for (const channel of channels) channel.send(pageSelect, { tensor });
}

/** The inspector: a read-only custom editor. Default for files that are certainly checkpoints, an option for shared extensions. */
export function registerCheckpointEditors(context: ExtensionContext, client: Client, compare: ComparePanels): void {
  const provider: CustomReadonlyEditorProvider<CheckpointDocument> = {
    openCustomDocument: async (uri) => new CheckpointDocument(uri, await localPath(context, uri)),
    resolveCustomEditor: (document, panel) => showCheckpoint(context, client, compare, document, panel),
  };
  for (const viewType of ['espalier.checkpoint', 'espalier.checkpointOption']) {
    context.subscriptions.push(
      window.registerCustomEditorProvider(viewType, provider, {
        supportsMultipleEditorsPerDocument: true,
        webviewOptions: { retainContextWhenHidden: true },
      }),
    );
  }
}

function showCheckpoint(
  context: ExtensionContext,
  client: Client,
  compare: ComparePanels,
  document: CheckpointDocument,
  panel: WebviewPanel,
): void {
  const { webview } = panel;
  webview.options = pageOptions(context.extensionUri);
  const channel = new Channel(webview, client);
  const channels = openChannels.get(document.path) ?? new Set();
  openChannels.set(document.path, channels.add(channel));
  const name = documentName(document.uri);

  const forget = (): void => {
    channels.delete(channel);
    if (channels.size === 0) openChannels.delete(document.path);
  };
  channel
    .forward(...QUESTIONS.checkpoint)
    .answer(pageStart, async (): Promise<PageStart> => {
      const select = pendingSelection.get(document.path);
      pendingSelection.delete(document.path);
      return {
        kind: 'checkpoint',
        paths: [document.path],
        names: [name],
        locale: env.language,
        scanAutomatically: workspace.getConfiguration('espalier').get('scan.automatic', true),
        stored: context.workspaceState.get<Record<string, unknown>>(STORED_KEY, {}),
        ...(select === undefined ? {} : { select }),
      };
    })
    .answer(pageAction, (action) => runPageAction(action, document.uri, compare, client))
    .onEvent(pageStore, ({ key, value }) => {
      void context.workspaceState.update(STORED_KEY, {
        ...context.workspaceState.get<Record<string, unknown>>(STORED_KEY, {}),
        [key]: value,
      });
    });

  const subscriptions = [
    channel,
    client.on(changed, (body) => {
      if (samePath(body.path, document.path)) channel.send(changed, { ...body, path: document.path });
    }),
    watchDocument(document.uri, client),
    // Links that lead out of the workspace are followed from now on.
    workspace.onDidGrantWorkspaceTrust(() => channel.send(pageReload, {})),
  ];
  panel.onDidDispose(() => {
    for (const subscription of subscriptions) subscription.dispose();
    forget();
  });
  webview.html = pageHtml(webview, context.extensionUri, 'checkpoint', name);
}

/** The file's name; of a version that Git holds, with the version: `resnet.safetensors (HEAD)`. */
function documentName(uri: Uri): string {
  const name = basename(uri.path);
  if (uri.scheme !== 'git') return name;
  try {
    const { ref } = JSON.parse(uri.query) as { ref?: unknown };
    return typeof ref === 'string' ? `${name} (${/^~?$/.test(ref) ? 'index' : ref})` : name;
  } catch {
    return name;
  }
}
