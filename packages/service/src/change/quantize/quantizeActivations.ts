import { type Fault, fail, ok, type Result, type Work } from '@espalier/base';
import type { GraphEdit } from '@espalier/checkpoint';
import type { ChangeNote, LayerQuantization } from '@espalier/protocol';
import {
  type ActivationQuantization,
  activationEdits,
  activationsOf,
  type ClipMethod,
  ENOUGH_SAMPLES,
} from '@espalier/quantization';
import type { EditedTensor, EditState } from '../edited.js';
import type { ModelRuntime } from '../modelRuntime.js';
import type { OpenLayers } from '../step.js';
import { calibrate } from './calibrate.js';
import { decibelsByRange } from './toCodes.js';

export interface ActivationOptions {
  readonly samples?: string;
  readonly bits: number;
  readonly calibration: ClipMethod;
  readonly percentile: number;
  readonly seed: number;
}

/**
 * The inputs of layers whose weights became codes, as codes too: their ranges come from samples that run through the model of the input. Faults: `quantize/samples`, those of the
 * runtime and of the sources.
 */
export async function quantizeActivations(
  state: EditState,
  options: ActivationOptions & { readonly samples: string },
  { open, runtime }: { readonly open: OpenLayers; readonly runtime: ModelRuntime },
  work: Work,
): Promise<Result<EditState, Fault>> {
  const { checkpoint } = state;
  const coded = new Set(
    state.tensors.flatMap(({ head, after }) => {
      const bits = after?.quantization?.bits;
      return bits !== undefined && bits <= 8 && after?.quantization?.input === undefined ? [head.name] : [];
    }),
  );
  const activations = checkpoint.graph === undefined ? [] : activationsOf(checkpoint.graph, coded);
  if (activations.length === 0 && checkpoint.graph !== undefined)
    return fail({ code: 'quantize/samples', message: 'No quantized layer of the graph reads a value of its own.' });
  const samples = await open(options.samples);
  if (!samples.ok) return samples;
  const found = await calibrate(checkpoint, activations, samples.value, { runtime, seed: options.seed }, work);
  if (!found.ok) return found;
  const edits = new Map<string, GraphEdit[]>();
  const inputs = new Map<string, ActivationQuantization>();
  let odd = 0;
  for (const activation of activations) {
    const stream = found.value.streams.get(activation.value)!;
    odd += stream.odd;
    const quantization = stream.quantization(options.bits, options.calibration, options.percentile);
    const [first] = activation.readers;
    edits.set(first!.weight, [...(edits.get(first!.weight) ?? []), ...activationEdits(activation, quantization)]);
    for (const { weight } of activation.readers) inputs.set(weight, quantization);
  }
  const tensors = state.tensors.map((tensor) =>
    withInput(tensor, inputs.get(tensor.head.name), edits.get(tensor.head.name) ?? [], found.value.samples),
  );
  const notes = notesOf(activations.length, options, inputs, found.value.samples, odd);
  return ok({ ...state, tensors, notes: [...state.notes, ...notes] });
}

/** The same tensor, whose layer reads codes. */
function withInput(
  tensor: EditedTensor,
  quantization: ActivationQuantization | undefined,
  edits: readonly GraphEdit[],
  samples: number,
): EditedTensor {
  const { after, head } = tensor;
  if (quantization === undefined || after?.stored === undefined || after.quantization === undefined) return tensor;
  const { stored } = after;
  const { bits, scale, clip, calibration, best } = quantization;
  const sqnrDb = decibelsByRange(quantization.sqnrDb);
  const input: NonNullable<LayerQuantization['input']> = { bits, scale, clip, calibration, sqnrDb, best, samples };
  return {
    ...tensor,
    after: {
      ...after,
      quantization: { ...after.quantization, input },
      stored(format) {
        const weights = stored(format);
        // Formats without operators tell the scale of a layer's input in words.
        const told = { [`quant.input.${head.name}`]: JSON.stringify({ bits, scale, zero: 0, calibration }) };
        return format === 'onnx'
          ? { ...weights, graphEdits: [...(weights.graphEdits ?? []), ...edits] }
          : { ...weights, metadata: { ...weights.metadata, ...told } };
      },
    },
  };
}

function notesOf(
  count: number,
  { bits, calibration }: ActivationOptions,
  inputs: ReadonlyMap<string, ActivationQuantization>,
  samples: number,
  odd: number,
): ChangeNote[] {
  const all = [...inputs.values()];
  const worse = all.filter(({ sqnrDb, best }) => (sqnrDb[best] ?? 0) - (sqnrDb[calibration] ?? 0) > 3);
  const message = (text: string, severity: ChangeNote['severity']): ChangeNote => ({
    code: 'quantize/activations',
    severity,
    message: text,
  });
  const values = count === 1 ? '1 activation has' : `${count} activations have`;
  return [
    message(
      `${values} codes of ${bits} bits: their ranges come from ${samples} samples, run through the input.`,
      'information',
    ),
    ...(samples < ENOUGH_SAMPLES
      ? [message(`${samples} samples tell little of ranges: take ${ENOUGH_SAMPLES} or more.`, 'warning')]
      : []),
    ...(odd > 0 ? [message(`${odd} values were NaN or infinite and were left out of the ranges.`, 'warning')] : []),
    ...(worse.length > 0
      ? [
          message(
            `${worse.length} of ${all.length} layers keep 3 dB more of their input by calibration: ${mostOften(worse.map(({ best }) => best))}.`,
            'warning',
          ),
        ]
      : []),
  ];
}

function mostOften(all: readonly ClipMethod[]): ClipMethod {
  const count = (one: ClipMethod): number => all.filter((other) => other === one).length;
  return all.reduce((most, one) => (count(one) > count(most) ? one : most));
}
