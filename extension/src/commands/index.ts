import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cancelScans, forgetFacts, scanFully } from '@espalier/protocol';
import { commands, type ExtensionContext, env, l10n, ProgressLocation, Uri, window, workspace } from 'vscode';
import type { Client } from '../client.js';
import { selectTensor } from '../editors/checkpointEditor.js';
import type { ComparePanels, Side } from '../panels/comparePanel.js';
import { removeCopies } from '../storage/copies.js';
import { versionAtHead } from '../storage/gitHead.js';
import { localPath } from '../storage/localCopy.js';
import { copyDiagnostics } from './copyDiagnostics.js';
import { measureSpeed } from './measureSpeed.js';
import { activeCheckpoint, pickCheckpoint } from './pickCheckpoint.js';
import { previousCheckpoint } from './previousCheckpoint.js';
import { register } from './register.js';
import { byVersion } from './versionOrder.js';

/** Every command, one entry each. A command given no file asks for one. */
export function registerCommands(context: ExtensionContext, client: Client, compare: ComparePanels): void {
  let selected: Uri | null = null;

  const sideOf = async (uri: Uri): Promise<Side> => ({ path: await localPath(context, uri), name: basename(uri.path) });
  const openPair = async (before: Uri, after: Uri): Promise<void> => {
    if (before.toString() === after.toString()) {
      void window.showInformationMessage(l10n.t('Both are the same file. Choose another one to compare with.'));
      return;
    }
    compare.open(await Promise.all([sideOf(before), sideOf(after)]));
  };

  const all: Readonly<Record<string, (...args: never[]) => unknown>> = {
    'espalier.inspect': async (target?: Uri | string, tensor?: string) => {
      const uri = toUri(target) ?? (await pickCheckpoint(l10n.t('Checkpoint to inspect')));
      if (uri === undefined) return;
      const path = await localPath(context, uri);
      if (typeof tensor === 'string') selectTensor(path, tensor);
      await commands.executeCommand('vscode.openWith', uri, viewTypeOf(uri));
    },
    'espalier.compareFiles': async (target?: Uri | string, other?: Uri | string) => {
      const before = toUri(target) ?? activeCheckpoint() ?? (await pickCheckpoint(l10n.t('Earlier checkpoint')));
      if (before === undefined) return;
      const after =
        toUri(other) ?? (await pickCheckpoint(l10n.t('Checkpoint to compare {0} with', basename(before.path)), before));
      if (after !== undefined) await openPair(before, after);
    },
    'espalier.selectForCompare': (target?: Uri) => {
      selected = target ?? activeCheckpoint() ?? null;
      void commands.executeCommand('setContext', 'espalier.hasSelection', selected !== null);
      if (selected !== null)
        window.setStatusBarMessage(l10n.t('{0} is selected for compare', basename(selected.path)), 3000);
    },
    'espalier.compareWithSelected': async (target?: Uri) => {
      const uri = target ?? activeCheckpoint();
      if (selected !== null && uri !== undefined) await openPair(selected, uri);
    },
    'espalier.compareSelected': async (_clicked: Uri, chosen?: Uri[]) => {
      if (chosen === undefined || chosen.length < 2) return;
      // Names tell which is earlier better than the order of clicks.
      const inOrder = [...chosen].sort((a, b) => byVersion(a.path, b.path));
      compare.open(await Promise.all(inOrder.map(sideOf)));
    },
    'espalier.compareWithHead': async (target?: Uri) => {
      const uri = target ?? activeCheckpoint();
      if (uri === undefined) return;
      // Git runs what the repository's own configuration names.
      if (!workspace.isTrusted) {
        void window.showInformationMessage(l10n.t('Git is asked only in a trusted workspace.'));
        return;
      }
      const path = await localPath(context, uri);
      const name = basename(uri.path);
      await window.withProgress(
        { location: ProgressLocation.Notification, title: l10n.t('Fetching {0} at HEAD', name), cancellable: true },
        async (_, token) => {
          const controller = new AbortController();
          token.onCancellationRequested(() => controller.abort());
          try {
            const before = await versionAtHead(path, context.globalStorageUri.fsPath, controller.signal);
            compare.open([
              { path: before, name: `${name} (HEAD)` },
              { path, name },
            ]);
          } catch (error) {
            if (!controller.signal.aborted)
              void window.showWarningMessage(`${name}: ${error instanceof Error ? error.message : String(error)}`);
          }
        },
      );
    },
    'espalier.compareWithPrevious': async (target?: Uri | string) => {
      const uri = toUri(target) ?? activeCheckpoint();
      if (uri === undefined) return;
      const previous = await previousCheckpoint(uri);
      if (previous === null) await commands.executeCommand('espalier.compareFiles', uri);
      else await openPair(previous, uri);
    },
    'espalier.scanFully': async (target?: Uri | string) => {
      const uri = toUri(target) ?? activeCheckpoint();
      if (uri !== undefined) client.notify(scanFully, { path: await localPath(context, uri) });
    },
    'espalier.measureSpeed': async (target?: Uri | string, tensor?: string) => {
      const uri = toUri(target) ?? activeCheckpoint() ?? (await pickCheckpoint(l10n.t('Checkpoint to measure')));
      if (uri !== undefined) await measureSpeed(client, await localPath(context, uri), tensor);
    },
    'espalier.cancelScans': () => client.notify(cancelScans, {}),
    'espalier.restartServer': () => client.restart(),
    'espalier.showLog': () => client.log.show(),
    'espalier.clearCache': async () => {
      const storage = context.globalStorageUri.fsPath;
      await rm(join(storage, 'facts'), { recursive: true, force: true });
      await removeCopies(storage);
      client.notify(forgetFacts, {});
      window.setStatusBarMessage(l10n.t('Cached facts are cleared'), 3000);
    },
    // Run by the light bulb alone: the command that fetches what a pointer stands for.
    'espalier.copyText': async (text?: unknown) => {
      if (typeof text !== 'string') return;
      await env.clipboard.writeText(text);
      window.setStatusBarMessage(`$(check) ${l10n.t('Copied')}`, 2000);
    },
    'espalier.copyDiagnostics': () => copyDiagnostics(context, client),
  };
  register(context, client, all);
}

function toUri(target: Uri | string | undefined): Uri | undefined {
  if (target === undefined || target === null) return undefined;
  if (typeof target !== 'string') return target instanceof Uri ? target : Uri.from(target);
  return /^[a-z][a-z0-9+.-]{1,}:/i.test(target) ? Uri.parse(target) : Uri.file(target);
}

const CERTAIN = /\.(?:safetensors|gguf|onnx|tflite|pt|pth|npy|keras|ckpt)$|\.safetensors\.index\.json$/i;

/** Opening explicitly works for every file, whatever its extension. */
const viewTypeOf = (uri: Uri): string => (CERTAIN.test(uri.path) ? 'espalier.checkpoint' : 'espalier.checkpointOption');
