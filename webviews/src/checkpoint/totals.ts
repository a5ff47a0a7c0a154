import type { Obtained } from '@espalier/protocol';
import type { Row } from './rows.js';

/** Zeros among the values read so far. */
export interface ZeroShare {
  readonly zeros: number;
  readonly elements: number;
}

export interface Totals {
  readonly ofPrunable: ZeroShare;
  readonly ofAll: ZeroShare;
  /** Tensors that hold numbers, and how many of them were read. */
  readonly valued: number;
  readonly read: number;
  /** The same for prunable ones: the layers of the strip. */
  readonly layers: number;
  readonly layersRead: number;
  readonly faulty: number;
  readonly obtained: Obtained;
}

/** Sums what is known. Tensors that share their bytes with an earlier one are counted once, as in the file. */
export function totals(rows: readonly Row[]): Totals {
  const ofPrunable = { zeros: 0, elements: 0 };
  const ofAll = { zeros: 0, elements: 0 };
  let valued = 0;
  let read = 0;
  let layers = 0;
  let layersRead = 0;
  let faulty = 0;
  let sampledElements = 0;
  let error = 0;
  let shareRead = 0;
  let seed = 0;
  for (const { head, values } of rows) {
    if (values.kind === 'none') continue;
    valued++;
    if (head.prunable) layers++;
    if (values.kind === 'fault') faulty++;
    if (values.kind !== 'read') continue;
    read++;
    if (head.prunable) layersRead++;
    if (head.sharesStorageWith !== undefined) continue;
    const { stats } = values;
    for (const sum of head.prunable ? [ofAll, ofPrunable] : [ofAll]) {
      sum.zeros += stats.zeros;
      sum.elements += head.elements;
    }
    if (stats.obtained.kind === 'sampled') {
      sampledElements += head.elements;
      // Errors of independent samples add as squares, weighted by what each stands for.
      error += (stats.obtained.error * head.elements) ** 2;
      shareRead += stats.obtained.share * head.elements;
      seed = stats.obtained.seed;
    }
  }
  const obtained: Obtained =
    sampledElements === 0
      ? { kind: 'exact' }
      : {
          kind: 'sampled',
          share: (shareRead + ofAll.elements - sampledElements) / ofAll.elements,
          error: Math.sqrt(error) / ofAll.elements,
          seed,
        };
  return { ofPrunable, ofAll, valued, read, layers, layersRead, faulty, obtained };
}
