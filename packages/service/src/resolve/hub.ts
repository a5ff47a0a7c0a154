import type { Files } from '../ports.js';
import { joinPath } from './paths.js';

/** `org/name` or `name` as a hub spells them: no extension of a file, no climbing, at most one slash. */
export const isHubName = (text: string): boolean => /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)?$/.test(text);

/** Folder of the hub cache: `HF_HUB_CACHE`, `HF_HOME/hub`, or `~/.cache/huggingface/hub` (huggingface_hub, "Environment variables"). */
export function hubCacheFolder(env: Readonly<Record<string, string | undefined>>, home: string): string {
  return (
    env['HF_HUB_CACHE'] ?? (env['HF_HOME'] ? joinPath(env['HF_HOME'], 'hub') : joinPath(home, '.cache/huggingface/hub'))
  );
}

/** The snapshot that `refs/main` names, else the newest one; null where the model was never fetched. */
export async function hubSnapshot(files: Files, cache: string, name: string): Promise<string | null> {
  const repository = joinPath(cache, `models--${name.replaceAll('/', '--')}`);
  const snapshots = joinPath(repository, 'snapshots');
  const revisions = (await files.list(snapshots)).filter((entry) => entry.folder).map((entry) => entry.name);
  if (revisions.length === 0) return null;
  const main = await readRef(files, joinPath(repository, 'refs/main'));
  if (main !== null && revisions.includes(main)) return joinPath(snapshots, main);
  const dated = await Promise.all(
    revisions.map(async (revision) => ({
      revision,
      modifiedMs: (await files.stat(joinPath(snapshots, revision)))?.modifiedMs ?? 0,
    })),
  );
  dated.sort((a, b) => b.modifiedMs - a.modifiedMs);
  return joinPath(snapshots, dated[0]!.revision);
}

async function readRef(files: Files, path: string): Promise<string | null> {
  const source = await files.open(path);
  if (!source.ok) return null;
  try {
    const bytes = await source.value.read(0, Math.min(64, source.value.sizeBytes));
    return new TextDecoder().decode(bytes).trim();
  } finally {
    await source.value.close();
  }
}
