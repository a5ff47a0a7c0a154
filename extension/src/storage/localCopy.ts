import { createHash } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExtensionContext, FileType, type Uri, workspace } from 'vscode';

/** A virtual file is copied whole, so it must fit in memory. */
const MAX_COPY_BYTES = 1_000_000_000;

/** The path that the server can read: of the file itself, or of a copy of a virtual one. */
export async function localPath(context: ExtensionContext, uri: Uri): Promise<string> {
  if (uri.scheme === 'file') return uri.fsPath;
  const found = await workspace.fs.stat(uri);
  if (found.type === FileType.Directory)
    throw new Error('A folder of a virtual workspace cannot be opened as a checkpoint.');
  if (found.size > MAX_COPY_BYTES)
    throw new Error(`The virtual file has ${found.size} bytes; only up to ${MAX_COPY_BYTES} are copied.`);
  const name = uri.path.split('/').pop() ?? 'checkpoint';
  const key = createHash('sha256').update(`${uri.toString()}@${found.mtime}:${found.size}`).digest('hex').slice(0, 24);
  const folder = join(context.globalStorageUri.fsPath, 'copies', key);
  const target = join(folder, name);
  if (await stat(target).catch(() => null)) return target;
  await mkdir(folder, { recursive: true });
  await writeFile(`${target}.part`, await workspace.fs.readFile(uri));
  await rename(`${target}.part`, target);
  return target;
}
