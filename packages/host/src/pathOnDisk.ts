import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** What stands in a text for bytes that are no UTF-8. */
const REPLACED = '\ufffd';

/**
 * The path by which the disk knows a file. Names on Linux are bytes, and texts that pass through Node replace what is not UTF-8: such a name is
 * looked up in its folder, and taken if it is the only one that reads like this.
 */
export async function pathOnDisk(path: string): Promise<string | Buffer> {
  const name = basename(path);
  if (!name.includes(REPLACED) || dirname(path).includes(REPLACED)) return path;
  const names = await readdir(dirname(path), { encoding: 'buffer' }).catch(() => []);
  const alike = names.filter((bytes) => bytes.toString() === name);
  return alike.length === 1 ? Buffer.concat([Buffer.from(`${dirname(path)}/`), alike[0]!]) : path;
}
