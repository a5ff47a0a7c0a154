import { Uri, workspace } from 'vscode';
import { byVersion } from './versionOrder.js';

/** The newest older checkpoint of the same kind in the same folder; null when there is none. */
export async function previousCheckpoint(uri: Uri): Promise<Uri | null> {
  const folder = Uri.joinPath(uri, '..');
  const ownName = uri.path.split('/').pop() ?? '';
  const ending = /\.[^./]+$/.exec(ownName)?.[0] ?? '';
  const own = await workspace.fs.stat(uri);
  const entries = await workspace.fs.readDirectory(folder);
  const others = await Promise.all(
    entries
      .filter(([name]) => name.endsWith(ending) && name !== ownName)
      .map(async ([name]) => {
        const other = Uri.joinPath(folder, name);
        return { name, other, mtime: (await workspace.fs.stat(other)).mtime };
      }),
  );
  // A checkout gives all files one time: then their names say which is earlier.
  const older = others
    .filter(({ name, mtime }) => mtime < own.mtime || (mtime === own.mtime && byVersion(name, ownName) < 0))
    .sort((a, b) => b.mtime - a.mtime || byVersion(b.name, a.name));
  return older[0]?.other ?? null;
}
