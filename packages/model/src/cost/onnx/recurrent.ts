import { costs, type Operation, type Outcome, type Rule } from '../operation.js';
import { elementsOf, plus, times } from '../shape.js';

/**
 * LSTM, GRU and RNN: at each step every sequence of the batch meets the matrices of input and recurrence, [directions, gates · hidden, inputs] and
 * [directions, gates · hidden, hidden]. Gates and peepholes work element by element and are not counted.
 */
const recurrent =
  (states: number): Rule =>
  (operation): Outcome => {
    const [x, weight, recurrence] = [operation.shape(0), operation.shape(1), operation.shape(2)];
    const batchFirst = operation.flag('layout');
    const [steps, batch] = batchFirst ? [x?.[1] ?? null, x?.[0] ?? null] : [x?.[0] ?? null, x?.[1] ?? null];
    const directions = operation.text('direction', 'forward') === 'bidirectional' ? 2 : 1;
    const stated = operation.attribute('hidden_size');
    const hidden = typeof stated === 'number' ? stated : (recurrence?.at(-1) ?? null);
    const y = batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
    const state = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
    const perStep = plus(elementsOf(weight), elementsOf(recurrence));
    return costs(times(steps, batch, perStep), y, ...Array.from({ length: states }, () => state));
  };

export const recurrents: Readonly<Record<string, Rule>> = {
  LSTM: recurrent(2),
  GRU: recurrent(1),
  RNN: recurrent(1),
  /** com.microsoft: as LSTM, with the weights transposed, which leaves their number. */
  DynamicQuantizeLSTM: recurrent(2),
};

/** Frames of a signal, each transformed. The cost depends on the algorithm. */
export const transforms: Readonly<Record<string, Rule>> = {
  DFT: (operation) => {
    const x = operation.shape(0);
    const stated = operation.attribute('axis');
    const axis = typeof stated === 'number' ? stated : operation.has(2) ? operation.numbers(2)?.[0] : (stated ?? -2);
    return { ...unknownTransform, outputs: [{ shape: dftShape(operation, x, axis as number | undefined) }] };
  },
  STFT: (operation) => {
    const [signal, step] = [operation.shape(0), operation.numbers(1)?.[0]];
    const length = operation.has(3) ? (operation.numbers(3)?.[0] ?? null) : operation.axis(2, 0);
    const samples = signal?.[1] ?? null;
    const frames =
      samples === null || step === undefined || step <= 0 || length === null
        ? null
        : Math.floor((samples - length) / step) + 1;
    const bins = length === null ? null : operation.int('onesided', 1) === 1 ? Math.floor(length / 2) + 1 : length;
    return { ...unknownTransform, outputs: [{ shape: [signal?.[0] ?? null, frames, bins, 2] }] };
  },
  Det: (operation) => ({ ...unknownTransform, outputs: [{ shape: operation.shape(0)?.slice(0, -2) ?? null }] }),
  MelWeightMatrix: (operation) => {
    const [bands, length] = [operation.elements(0)?.[0] ?? null, operation.elements(1)?.[0] ?? null];
    return { macs: 0, outputs: [{ shape: [length === null ? null : Math.floor(length / 2) + 1, bands] }] };
  },
};

const unknownTransform = { macs: null, unknown: 'operator' } as const;

function dftShape(operation: Operation, x: readonly (number | null)[] | null, axis: number | undefined) {
  if (x === null || axis === undefined || !Number.isSafeInteger(axis)) return null;
  const at = axis < 0 ? axis + x.length : axis;
  if (at < 0 || at >= x.length) return null;
  const length = operation.has(1) ? (operation.numbers(1)?.[0] ?? null) : x[at]!;
  const isOneSided = operation.flag('onesided');
  const bins = length === null ? null : isOneSided ? Math.floor(length / 2) + 1 : length;
  return x.map((own, index) => (index === at ? bins : index === x.length - 1 ? 2 : own));
}
