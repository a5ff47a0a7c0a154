import { attempt } from '@espalier/base';
import { isRecord, parseJson } from '../json.js';
import type { Zip } from './zip.js';

/** Longer records are of somebody else. */
const MAX_RECORD_BYTES = 1024 * 1024;
/** Texts of the metadata are cut at this length: they are for people. */
const MAX_TEXT = 2_000;

/** What this product noted in an archive that it wrote: recipe, seed, version. Empty where there is no such record, or none that can be read. */
export async function provenanceIn(zip: Zip, name: string, signal?: AbortSignal): Promise<Record<string, string>> {
  const entry = zip.find(name);
  if (entry === undefined || entry.sizeBytes > MAX_RECORD_BYTES) return {};
  const json = await attempt(async () => parseJson(await entry.open().read(0, entry.sizeBytes, signal), name));
  if (!json.ok || !isRecord(json.value)) return {};
  return Object.fromEntries(
    Object.entries(json.value).flatMap(([key, value]) =>
      key.startsWith('espalier.') && typeof value === 'string' ? [[key, value.slice(0, MAX_TEXT)]] : [],
    ),
  );
}
