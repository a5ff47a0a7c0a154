import type { Axes, Checkpoint, Role, TensorEntry } from '@espalier/checkpoint';
import { conventionalAxes, conventionOf, type WeightKind } from './convention.js';
import { describeTensor } from './describeTensor.js';
import { rolesFromGraph } from './fromGraph.js';
import { type NamedRole, rolesFromNames } from './fromNames.js';
import type { TensorHead } from './head.js';
import { parseName } from './names.js';

const WEIGHT_ROLES: ReadonlySet<Role> = new Set<Role>([
  'conv',
  'depthwise-conv',
  'transposed-conv',
  'linear',
  'embedding',
  'recurrent',
  'attention',
  'position',
]);

/**
 * What the headers say of every tensor, in file order. Roles come from the format (`roleHint`), else from the operator that uses the
 * tensor, else from names and shapes; axes likewise. Pure: reads no values.
 */
export function toHeads(checkpoint: Pick<Checkpoint, 'format' | 'tensors' | 'graph'>): TensorHead[] {
  const convention = conventionOf(checkpoint.format);
  const byName = rolesFromNames(checkpoint.tensors, convention);
  const byGraph =
    checkpoint.graph === undefined ? new Map<string, NamedRole>() : rolesFromGraph(checkpoint.graph, convention);
  return checkpoint.tensors.map((entry, i) => {
    const named = byName[i]!;
    const used = byGraph.get(entry.name);
    const role = entry.roleHint ?? refine(used?.role, named.role) ?? named.role;
    const axes =
      entry.axes ?? used?.axes ?? (role === named.role ? named.axes : axesOfRole(role, convention, entry)) ?? NO_AXES;
    return toHead(entry, role, validAxes(axes, entry.shape));
  });
}

const NO_AXES: Axes = { output: [], input: [], kernel: [] };

/** A graph knows the operator; a name may know what it is for: a product with `q_proj` is attention. */
function refine(used: Role | undefined, named: Role): Role | undefined {
  return used === 'linear' && named === 'attention' ? 'attention' : used;
}

function axesOfRole(role: Role, convention: ReturnType<typeof conventionOf>, entry: TensorEntry): Axes | undefined {
  const kind: Role = role === 'attention' ? 'linear' : role;
  const kinds: readonly Role[] = ['conv', 'depthwise-conv', 'transposed-conv', 'linear', 'embedding', 'recurrent'];
  return kinds.includes(kind) ? conventionalAxes(kind as WeightKind, convention, entry.shape.length) : undefined;
}

/** Vectors and scalars have no channels; an axis that the shape does not have is no axis. */
function validAxes(axes: Axes, shape: readonly number[]): Axes {
  if (shape.length < 2) return NO_AXES;
  const fits = [...axes.output, ...axes.input, ...axes.kernel].every(
    (axis) => Number.isInteger(axis) && axis >= 0 && axis < shape.length,
  );
  return fits ? axes : NO_AXES;
}

function toHead(entry: TensorEntry, role: Role, axes: Axes): TensorHead {
  const { name, dtype, storage, shape, elements, bytes, data, sharesStorageWith, packedFrom } = entry;
  const channels = (wanted: readonly number[]): number | null =>
    wanted.length === 0 ? null : wanted.reduce((product, axis) => product * shape[axis]!, 1);
  return {
    name,
    dtype,
    storage,
    shape,
    elements,
    bytes,
    role,
    prunable: WEIGHT_ROLES.has(role) && axes.output.length > 0,
    layer: parseName(name).layer,
    outputChannels: channels(axes.output),
    inputChannels: channels(axes.input),
    axes: { output: axes.output, input: axes.input, kernel: axes.kernel, groups: axes.groups ?? 1 },
    description: describeTensor(role, axes, shape),
    ...(sharesStorageWith === undefined ? {} : { sharesStorageWith }),
    ...(packedFrom === undefined ? {} : { packedFrom }),
    ...(data.kind === 'none'
      ? { noValues: { why: data.why, ...(data.fault === undefined ? {} : { fault: data.fault }) } }
      : {}),
  };
}
