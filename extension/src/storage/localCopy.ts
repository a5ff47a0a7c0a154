import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExtensionContext, FileType, type Uri, workspace } from 'vscode';
import { copyFolder, hasCopy } from './copies.js';

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
  const name = safeName(uri.path);
  const key = createHash('sha256').update(`${uri.toString()}@${found.mtime}:${found.size}`).digest('hex').slice(0, 24);
  const folder = copyFolder(context.globalStorageUri.fsPath, 'copies', key);
  const target = join(folder, name);
  if (await hasCopy(folder, target)) return target;
  await mkdir(folder, { recursive: true });
  await writeFile(`${target}.part`, await workspace.fs.readFile(uri));
  await rename(`${target}.part`, target);
  return target;
}

/** The last part of a path, without what a disk would take for something else. */
const safeName = (path: string): string =>
  (path.split('/').pop() ?? '').replaceAll(/[\\:*?"<>|\0]/g, '_').replace(/^\.+$/, '') || 'checkpoint';
