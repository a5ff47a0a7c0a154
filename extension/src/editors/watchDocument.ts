import { Disposable, RelativePattern, Uri, workspace } from 'vscode';
import type { Client } from '../client.js';

/** Endings that the server has the workspace watched for. */
const WATCHED = /\.(?:safetensors|gguf|onnx|tflite|pt|pth|ckpt|bin|npy|npz|keras|h5|hdf5|pb|index|json|data|dvc)$/i;

/** Watches the file of an open page where the server's own watchers do not reach: outside of the workspace, or with another ending. */
export function watchDocument(uri: Uri, client: Client): Disposable {
  if (uri.scheme !== 'file') return new Disposable(() => {});
  if (workspace.getWorkspaceFolder(uri) !== undefined && WATCHED.test(uri.path)) return new Disposable(() => {});
  const name = uri.path.split('/').pop() ?? '';
  const watcher = workspace.createFileSystemWatcher(
    // Names may hold characters that mean something in a pattern.
    new RelativePattern(Uri.joinPath(uri, '..'), name.replaceAll(/[[\]{}*?]/g, '[$&]')),
  );
  watcher.onDidCreate((file) => client.fileChanged(file.toString(), 'created'));
  watcher.onDidChange((file) => client.fileChanged(file.toString(), 'changed'));
  watcher.onDidDelete((file) => client.fileChanged(file.toString(), 'deleted'));
  return watcher;
}
