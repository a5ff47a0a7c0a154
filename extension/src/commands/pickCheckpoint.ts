import { TabInputCustom, type Uri, window, workspace } from 'vscode';

const PATTERN = '**/*.{safetensors,gguf,onnx,tflite,pt,pth,npy,npz,keras,h5,ckpt}';
const INDEXES = '**/*.index.json';
const MAX_LISTED = 1000;

/** The checkpoint whose inspector is in front. */
export function activeCheckpoint(): Uri | undefined {
  const input = window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof TabInputCustom && input.viewType.startsWith('espalier.checkpoint') ? input.uri : undefined;
}

/** Lets a person choose among the workspace's checkpoints, or any file. */
export async function pickCheckpoint(title: string, except?: Uri): Promise<Uri | undefined> {
  const found = (
    await Promise.all([
      workspace.findFiles(PATTERN, undefined, MAX_LISTED),
      workspace.findFiles(INDEXES, undefined, 100),
    ])
  ).flat();
  const folderOf = (uri: Uri): string => except?.path.replace(/[^/]*$/, '') ?? uri.path;
  const choices = found
    .filter((uri) => uri.toString() !== except?.toString())
    // Files of the same folder first: they are most often versions of one model.
    .sort(
      (a, b) =>
        Number(b.path.startsWith(folderOf(b))) - Number(a.path.startsWith(folderOf(a))) || a.path.localeCompare(b.path),
    )
    .map((uri) => ({
      label: uri.path.split('/').pop() ?? uri.path,
      description: workspace.asRelativePath(uri),
      uri: uri as Uri | null,
    }));
  const other = { label: '$(folder-opened) Another file…', description: '', uri: null };
  const choice = await window.showQuickPick([...choices, other], {
    title,
    matchOnDescription: true,
    placeHolder: 'Type to filter',
  });
  if (choice === undefined) return undefined;
  if (choice.uri !== null) return choice.uri;
  return (await window.showOpenDialog({ title, canSelectMany: false }))?.[0];
}
