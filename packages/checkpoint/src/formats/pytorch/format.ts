import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Format, OpenOptions } from '../../checkpoint.js';
import { foldPackings } from '../../packing/fold.js';
import { looksLikeZip } from '../../zip/zip.js';
import { openArchive } from './archive.js';
import { looksLegacy, looksLikePickle, openLegacy, openPickle } from './legacy.js';

const ENDINGS = /\.(?:pt|pth|bin|ckpt|pkl|pickle|ptl|th|tar|model)$/i;

/** What `torch.save` and `torch.jit.save` write: a zip archive, before 1.6 a row of pickles; also plain pickles of arrays. */
export const pytorch: Format = {
  name: 'pytorch',
  matches: (head, source) =>
    looksLegacy(head) || looksLikeZip(head) || (looksLikePickle(head) && ENDINGS.test(source.name)),
  open: async (source, options) => await foldPackings(await openPytorch(source, options), source, options),
};

/** One file, every tensor as it is stored. */
export async function openPytorch(source: ByteSource, options: OpenOptions): Promise<Checkpoint> {
  const head = await source.read(0, Math.min(32, source.sizeBytes), options.signal);
  if (looksLikeZip(head)) return await openArchive(source, options);
  return looksLegacy(head) ? await openLegacy(source, options) : await openPickle(source, options);
}
