import { type Fault, fail, ok, type Result } from '@espalier/base';
import { type OutputContent, type Writer, writerFor, writers } from '@espalier/checkpoint';
import { pytorchPair } from '@espalier/pruning';
import type { RecipeOutput } from '@espalier/recipe';
import { baseName, joinPath, parentOf } from '../resolve/paths.js';
import { type EditState, type Stored, storedOf, unmasked } from './edited.js';
import type { OpenInput } from './openInput.js';

/** Where an output goes, and who writes it. */
export interface Destination {
  readonly folder: string;
  readonly name: string;
  readonly path: string;
  readonly writer: Writer;
}

/**
 * The destination of an output. A path without an ending is a folder that gets the input's file names. Faults: `output/masks`, `output/no-writer` for formats that
 * are read but not written, `output/other-container` for those that are written around an input of their own.
 */
export function destinationOf(output: RecipeOutput, from: string, input: OpenInput): Result<Destination, Fault> {
  const path = joinPath(from, output.path);
  const isFolder = /[\\/]$/.test(output.path) || !/\.[a-z0-9]+$/i.test(baseName(path));
  const [folder, name] = isFolder ? [path, input.name] : [parentOf(path), baseName(path)];
  const writer = writerFor(name, output.format);
  if (writer === null) {
    return fail({
      code: 'output/no-writer',
      message: `Files like ${name} are not written.`,
      file: name,
      expected: writers.map(({ label, extensions }) => `${label} (${extensions.join(', ')})`).join(', '),
      hint: 'Name the output .safetensors: every tensor and its name is kept, and a manifest of their shapes lies beside it.',
    });
  }
  if (output.masks === 'pytorch' && !['pytorch-zip', 'safetensors', 'npz'].includes(writer.format)) {
    return fail({
      code: 'output/masks',
      message: `Pairs of values and masks are of PyTorch: ${writer.label} has no place for them.`,
      file: name,
      hint: 'Name the output .pt, or leave masks out.',
    });
  }
  // Whether a container can be kept is known before any step; what else stands in the way depends on the steps.
  const refusal = writer.refuses({ tensors: [], metadata: {}, input: input.state.checkpoint });
  return refusal === null ? ok({ folder, name, path: joinPath(folder, name), writer }) : fail(refusal);
}

/** Everything that goes into an output of a format. Tensors that share the bytes of an earlier one share its mask as well. Faults: a step made what the format cannot hold. */
export function contentOf(
  { tensors, checkpoint, graphEdits }: EditState,
  metadata: Readonly<Record<string, string>>,
  format: string,
  masks: RecipeOutput['masks'] = 'zeros',
): Result<OutputContent, Fault> {
  const byName = new Map(tensors.map((tensor) => [tensor.head.name, tensor]));
  const stored = tensors.flatMap((tensor): Stored | readonly Stored[] => {
    const { head, entry } = tensor;
    if (entry.data.kind === 'none' && entry.elements > 0) return [];
    const shared = head.sharesStorageWith === undefined ? undefined : byName.get(head.sharesStorageWith);
    const inherits =
      tensor.mask === undefined && shared?.mask !== undefined && shared.entry.elements === entry.elements;
    const { mask, ...masked } = inherits ? { ...tensor, mask: shared.mask } : tensor;
    if (masks === 'pytorch' && mask !== undefined) return { outputs: pytorchPair(unmasked(masked), mask) };
    return storedOf(mask === undefined ? masked : { ...masked, mask }, format);
  });
  const edits = [...(graphEdits ?? []), ...stored.flatMap((each) => each.graphEdits ?? [])];
  const refusal = stored.find((each) => each.refusal !== undefined)?.refusal;
  if (refusal !== undefined) return fail(refusal);
  return ok({
    tensors: stored.flatMap((each) => each.outputs),
    metadata: Object.assign({ ...checkpoint.metadata, ...metadata }, ...stored.map((each) => each.metadata ?? {})),
    input: checkpoint,
    ...(edits.length === 0 ? {} : { graphEdits: edits }),
  });
}
