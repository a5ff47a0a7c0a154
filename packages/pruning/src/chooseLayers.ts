import { globMatcher } from '@espalier/base';
import type { Graph } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import { endsOf } from './forwardOrder.js';

/** What no step changes. */
export interface LayerRules {
  /** Globs over names of tensors and layers. */
  readonly layers: readonly string[];
  /** Globs as well: everything but these is left alone. Absent or empty: this says nothing. */
  readonly allBut?: readonly string[];
  /** `first` and `last` of the weights that would be taken, or roles such as `embedding`. */
  readonly roles: readonly string[];
  readonly minElements: number;
  /** `structure-lth`: the first convolution and every linear layer are left alone. */
  readonly preset: 'none' | 'structure-lth';
}

export const NO_RULES: LayerRules = { layers: [], roles: [], minElements: 0, preset: 'none' };

export interface LayerChoice {
  readonly chosen: readonly TensorHead[];
  /** Why each other tensor is left alone, by name. */
  readonly leftAlone: ReadonlyMap<string, string>;
}

/** Roles of convolution and linear weights. */
const WEIGHTS: ReadonlySet<string> = new Set(['conv', 'depthwise-conv', 'transposed-conv', 'linear', 'attention']);

/**
 * The weights that a step takes, in file order: every convolution and linear weight, first and last included, that no rule leaves out. Tensors that
 * share the bytes of an earlier one follow it. `graph` tells which weight is first and which last, where the format carries it.
 */
export function chooseLayers(heads: readonly TensorHead[], rules: readonly LayerRules[], graph?: Graph): LayerChoice {
  const leftAlone = new Map<string, string>();
  const weights = heads.filter((head) => {
    const why = unfit(head);
    if (why !== null) leftAlone.set(head.name, why);
    return why === null;
  });
  const { first, last } = endsOf(weights, graph);
  const firstConvolution = endsOf(
    weights.filter(({ role }) => role !== 'linear' && role !== 'attention'),
    graph,
  ).first;
  const globs = rules.flatMap(({ layers }) => layers.map((glob) => ({ glob, matches: globMatcher(glob) })));
  const scopes = rules.flatMap(({ allBut = [] }) => (allBut.length === 0 ? [] : [allBut.map(globMatcher)]));
  const roles = new Set(rules.flatMap((rule) => rule.roles));
  const minimum = Math.max(0, ...rules.map(({ minElements }) => minElements));
  const lth = rules.some(({ preset }) => preset === 'structure-lth');
  const excluded = ({ name, layer, role, elements }: TensorHead): string | null => {
    const glob = globs.find(({ matches }) => matches(name) || (layer !== '' && matches(layer)));
    if (glob !== undefined) return `excluded by ${glob.glob}`;
    const isNamed = scopes.every((scope) => scope.some((matches) => matches(name) || (layer !== '' && matches(layer))));
    if (!isNamed) return 'excluded, since allBut does not name it';
    if (roles.has(role)) return `excluded as ${role}`;
    if (roles.has('first') && name === first) return 'excluded as the first layer';
    if (roles.has('last') && name === last) return 'excluded as the last layer';
    if (elements < minimum) return `fewer than ${minimum} weights`;
    if (lth && name === firstConvolution) return 'the first convolution, excluded by structure-lth';
    if (lth && (role === 'linear' || role === 'attention')) return 'a linear layer, excluded by structure-lth';
    return null;
  };
  const chosen = weights.filter((head) => {
    const why = excluded(head);
    if (why !== null) leftAlone.set(head.name, why);
    return why === null;
  });
  return { chosen, leftAlone };
}

/** Why a tensor is no weight that can be pruned; null where it is one. */
function unfit({ role, axes, elements, noValues, sharesStorageWith, dtype }: TensorHead): string | null {
  if (!WEIGHTS.has(role) || axes.output.length === 0) return `${role}, not a weight of a convolution or a linear layer`;
  if (elements === 0) return 'empty';
  if (noValues !== undefined) return 'its values cannot be read';
  if (sharesStorageWith !== undefined) return `the same bytes as ${sharesStorageWith}`;
  if (dtype === 'C64' || dtype === 'C128') return 'complex numbers have no order';
  return null;
}
