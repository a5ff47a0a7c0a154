import type { Files } from './ports.js';

/** Folder part of a path, in the path's own style. */
export const folderOf = (path: string): string => path.replace(/[\\/][^\\/]*$/, '') || '/';

/** Size and modification time of the path and of every companion: equal stamps mean unchanged bytes. */
export async function stampOf(files: Files, path: string, companions: readonly string[] = []): Promise<string> {
  const own = await files.stat(path);
  if (own === null) return 'missing';
  const folder = own.kind === 'folder' ? path.replace(/[\\/]+$/, '') : folderOf(path);
  const separator = path.includes('\\') ? '\\' : '/';
  const others = await Promise.all(
    companions.map(async (name) => {
      const stat = await files.stat(`${folder}${separator}${name.replaceAll(/[\\/]/g, separator)}`);
      return stat === null ? 'missing' : `${stat.sizeBytes}@${stat.modifiedMs}`;
    }),
  );
  const mine = own.kind === 'folder' ? 'folder' : `${own.sizeBytes}@${own.modifiedMs}`;
  return [mine, ...others].join(',');
}
