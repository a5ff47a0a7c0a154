import { Uri, workspace } from 'vscode';

/** The newest older checkpoint of the same kind in the same folder; null when there is none. */
export async function previousCheckpoint(uri: Uri): Promise<Uri | null> {
  const folder = Uri.joinPath(uri, '..');
  const ending = /\.[^./]+$/.exec(uri.path)?.[0] ?? '';
  const own = await workspace.fs.stat(uri);
  const entries = await workspace.fs.readDirectory(folder);
  const others = await Promise.all(
    entries
      .filter(([name]) => name.endsWith(ending) && !uri.path.endsWith(`/${name}`))
      .map(async ([name]) => {
        const other = Uri.joinPath(folder, name);
        return { other, mtime: (await workspace.fs.stat(other)).mtime };
      }),
  );
  const older = others.filter(({ mtime }) => mtime <= own.mtime).sort((a, b) => b.mtime - a.mtime);
  return older[0]?.other ?? null;
}
