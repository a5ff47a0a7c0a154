import type { Checkpoint, Format, TensorEntry } from '../../checkpoint.js';
import { unreadableFindings } from '../../values/unreadable.js';
import { arrayEntry } from './entry.js';
import { looksLikeNpy, readNpyHeader } from './header.js';

/** A single NumPy array: `numpy.save`. */
export const npy: Format = {
  name: 'npy',
  matches: (head, source) => looksLikeNpy(head) || source.name.toLowerCase().endsWith('.npy'),
  async open(source, { signal }): Promise<Checkpoint> {
    const header = await readNpyHeader(source, signal);
    const tensors: TensorEntry[] = [
      arrayEntry(
        source.name.replace(/\.npy$/i, ''),
        { ...header, source, begin: header.dataBegin, available: source.sizeBytes - header.dataBegin },
        source.name,
      ),
    ];
    return {
      format: 'npy',
      formatLabel: 'NumPy array',
      tensors,
      metadata: {},
      findings: unreadableFindings(tensors),
      files: [{ name: source.name, sizeBytes: source.sizeBytes }],
      close: () => source.close(),
    };
  },
};
