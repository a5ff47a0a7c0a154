import { breathe, type Work } from '@espalier/base';
import { readValues, type TensorEntry } from '@espalier/checkpoint';
import type { FoldInto } from './constants.js';

/** Constants that a weight reads of channels that go: what it makes of them is added to what it makes of the others. */
export interface Fold {
  readonly weight: string;
  readonly axis: number;
  /** Where the constants begin along the axis. */
  readonly offset: number;
  readonly constants: Float64Array;
  readonly into: FoldInto;
}

const WINDOW_ELEMENTS = 1 << 20;

/** What a weight makes of constants, one number for each of its outputs: Σ w c over everything but the axis of the outputs. */
export async function foldedOffset(entry: TensorEntry, fold: Fold, work: Work): Promise<Float64Array> {
  const { axis, offset, constants, into } = fold;
  const innerOf = (at: number): number => entry.shape.slice(at + 1).reduce((a, b) => a * b, 1);
  const [inner, outputInner] = [innerOf(axis), innerOf(into.outputAxis)];
  const [length, outputs] = [entry.shape[axis]!, entry.shape[into.outputAxis]!];
  const sums = new Float64Array(into.outputs);
  for (let begin = 0; begin < entry.elements; begin += WINDOW_ELEMENTS) {
    work.signal.throwIfAborted();
    const values = await readValues(entry, begin, Math.min(WINDOW_ELEMENTS, entry.elements - begin), work.signal);
    for (let i = 0; i < values.length; i++) {
      const place = (Math.floor((begin + i) / inner) % length) - offset;
      const constant = constants[place];
      if (constant === undefined || constant === 0) continue;
      const output = Math.floor((begin + i) / outputInner) % outputs;
      sums[output] = sums[output]! + constant * Number(values[i]!);
    }
    await breathe();
  }
  return sums;
}
