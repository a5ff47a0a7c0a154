import type { Checkpoint, OutputContent, Writer } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import { type EditState, headAfter } from './edited.js';

/** Channels that a step took out of a tensor. */
export interface RemovedChannels {
  readonly tensor: string;
  readonly axis: number;
  /** Places along the axis, as the input counts them. */
  readonly indices: readonly number[];
}

/** What a loader has to know that a bare list of tensors does not say. Written beside an output as JSON. */
export interface ShapeManifest {
  readonly schemaVersion: 1;
  readonly kind: 'espalier-shape-manifest';
  /** Name of the file that it describes, and of what that was made from. */
  readonly checkpoint: string;
  readonly input: { readonly name: string; readonly format: string };
  /** Weights of layers: enough to build the module that takes them. */
  readonly layers: readonly {
    readonly name: string;
    /** `conv`, `depthwise-conv`, `transposed-conv`, `linear`, `recurrent`, `embedding` … */
    readonly kind: string;
    readonly weight: string;
    readonly outputs: number | null;
    /** Of one group. */
    readonly inputs: number | null;
    /** Outermost first; empty where there is none. */
    readonly kernel: readonly number[];
    readonly groups: number;
  }[];
  /** Every tensor of the file, in its order. */
  readonly tensors: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly role: string;
  }[];
  /** Axes that are shorter than in the input; `indices` are null where the step did not tell them. */
  readonly removed: readonly {
    readonly tensor: string;
    readonly axis: number;
    readonly before: number;
    readonly after: number;
    readonly indices: readonly number[] | null;
  }[];
  /** Tensors of the input that the file does not hold: texts, and what cannot be read. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
}

export interface ManifestSource {
  readonly checkpoint: string;
  readonly input: ShapeManifest['input'];
  readonly content: Pick<OutputContent, 'tensors'>;
  readonly tensors: EditState['tensors'];
  readonly removed?: readonly RemovedChannels[];
}

/** The manifest of an output. */
export function shapeManifest({ checkpoint, input, content, tensors, removed = [] }: ManifestSource): ShapeManifest {
  const heads = new Map(tensors.map((tensor) => [tensor.head.name, headAfter(tensor)]));
  return {
    schemaVersion: 1,
    kind: 'espalier-shape-manifest',
    checkpoint,
    input,
    layers: [...heads.values()].filter(({ prunable }) => prunable).map(layerOf),
    tensors: content.tensors.map(({ name, dtype, shape }) => ({
      name,
      dtype,
      shape,
      role: heads.get(name)?.role ?? 'other',
    })),
    removed: tensors.flatMap((tensor) => shorter(tensor.head, headAfter(tensor), removed)),
    leftOut: tensors.flatMap(({ head, entry }) =>
      entry.data.kind === 'none' && entry.elements > 0
        ? [{ name: head.name, why: entry.data.fault?.message ?? head.dtype }]
        : [],
    ),
  };
}

function layerOf(head: TensorHead): ShapeManifest['layers'][number] {
  const { layer, role, name, outputChannels, axes, shape } = head;
  return {
    name: layer,
    kind: role,
    weight: name,
    outputs: outputChannels,
    // A depthwise kernel has no axis for them: each sees one.
    inputs: outputChannels === null ? null : axes.input.reduce((product, axis) => product * shape[axis]!, 1),
    kernel: axes.kernel.map((axis) => shape[axis]!),
    groups: axes.groups,
  };
}

function shorter(
  before: TensorHead,
  after: TensorHead,
  removed: readonly RemovedChannels[],
): ShapeManifest['removed'][number][] {
  if (before.shape.length !== after.shape.length) return [];
  return before.shape.flatMap((length, axis) => {
    if (after.shape[axis] === length) return [];
    const told = removed.find((one) => one.tensor === before.name && one.axis === axis);
    return [{ tensor: before.name, axis, before: length, after: after.shape[axis]!, indices: told?.indices ?? null }];
  });
}

/** Inputs that are state dicts themselves: what loads one loads the other. */
const LIKEWISE = /^(safetensors|pytorch-(zip|legacy)|npz|npy|huggingface-folder)/;

/**
 * Whether an output needs a manifest: it does not keep the structure of the input, and either that said more than a state dict does (a graph, layers, code) or shapes changed.
 */
export function needsManifest(
  { format, findings }: Checkpoint,
  { tensors, removed = [] }: Pick<EditState, 'tensors' | 'removed'>,
  writer: Writer,
  content: OutputContent,
): boolean {
  // Which channels went is told nowhere else.
  if (removed.length > 0) return true;
  if (writer.keeps?.(content) === true) return false;
  if (!LIKEWISE.test(format) || findings.some(({ code }) => code === 'checkpoint/foreign-global')) return true;
  return tensors.some((tensor) => {
    const { shape } = headAfter(tensor);
    return (
      shape.length !== tensor.head.shape.length || shape.some((length, axis) => length !== tensor.head.shape[axis])
    );
  });
}

/** `model.safetensors.shapes.json`, beside the file or the index. */
export const manifestName = (name: string): string => `${name.replace(/\.index\.json$/, '')}.shapes.json`;
