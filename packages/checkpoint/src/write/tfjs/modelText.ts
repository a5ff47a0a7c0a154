import { asRecord, isRecord, own } from '../../json.js';
import { jsonMembers } from './jsonMembers.js';

/**
 * Names for the shards of an output. They stay where the model keeps its name, for it then lies in another folder; else they bear the new name, so that they do not meet the old
 * ones. Folders in them go: an output is one folder.
 */
export function shardNames(paths: readonly string[], before: string, after: string): ReadonlyMap<string, string> {
  const stem = after.replace(/\.json$/i, '');
  return new Map(
    paths.map((path) => {
      const plain = path.replaceAll(/[\\/]/g, '-');
      return [path, before === after ? plain : `${stem}-${plain}`];
    }),
  );
}

/**
 * The text of model.json, or of a bare manifest, with other names of shards and with the provenance in `userDefinedMetadata`; a manifest has no place for that. Everything else
 * is kept character by character.
 */
export function modelText(
  text: string,
  names: ReadonlyMap<string, string>,
  metadata: Readonly<Record<string, string>>,
): string {
  const json = JSON.parse(text) as unknown;
  if (!isRecord(json)) return renamed(json, names) === null ? text : `${JSON.stringify(renamed(json, names))}\n`;
  const changes: { readonly begin: number; readonly end: number; readonly value: string }[] = [];
  const members = jsonMembers(text);
  const put = (key: string, value: unknown): void => {
    const there = members.get(key);
    const written = JSON.stringify(value);
    if (there !== undefined) changes.push({ ...there, value: written });
    else {
      const begin = text.lastIndexOf('}');
      changes.push({ begin, end: begin, value: `${members.size === 0 ? '' : ', '}${JSON.stringify(key)}: ${written}` });
    }
  };
  const manifest = renamed(own(json, 'weightsManifest'), names);
  if (manifest !== null) put('weightsManifest', manifest);
  const facts = Object.entries(metadata).filter(([key]) => key.startsWith('espalier.'));
  if (facts.length > 0)
    put('userDefinedMetadata', { ...asRecord(own(json, 'userDefinedMetadata')), ...Object.fromEntries(facts) });
  let out = text;
  for (const { begin, end, value } of changes.sort((a, b) => b.begin - a.begin))
    out = out.slice(0, begin) + value + out.slice(end);
  return out;
}

/** The manifest with other paths; null where all stay. */
function renamed(manifest: unknown, names: ReadonlyMap<string, string>): unknown {
  if (!Array.isArray(manifest) || [...names].every(([before, after]) => before === after)) return null;
  return manifest.map((group) => ({
    ...group,
    paths: (group.paths as readonly string[]).map((path) => names.get(path) ?? path),
  }));
}
