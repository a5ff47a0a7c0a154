import type { Modifier } from './modifiers.js';
import { type Targets, targetsOf } from './targetGlobs.js';

/** A step of ours, as plain data, with what it does not say. */
export interface TranslatedStep {
  readonly step: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}

/** Names of modifiers that rank weights by their magnitude. ACDC prunes and grows during training; what remains is by magnitude too. */
export const MAGNITUDE: ReadonlySet<string> = new Set([
  'GMPruningModifier',
  'MagnitudePruningModifier',
  'GlobalMagnitudePruningModifier',
  'ACDCPruningModifier',
]);

const SCHEDULE = [
  'init_sparsity',
  'start_epoch',
  'end_epoch',
  'update_frequency',
  'inter_func',
  'update_scheduler',
  'start',
  'end',
  'update',
];

/** Steps of a modifier that prunes by magnitude; a text says why there are none. */
export function pruningSteps({ name, fields }: Modifier): readonly TranslatedStep[] | string {
  const final = fields['final_sparsity'] ?? fields['sparsity'];
  // Several sparsities name the layers of each.
  const goals: readonly (readonly [unknown, unknown])[] =
    typeof final === 'object' && final !== null && !Array.isArray(final)
      ? Object.entries(final).map(([sparsity, params]) => [Number(sparsity), params])
      : [[final, fields['params'] ?? fields['targets']]];
  const isGlobal = name === 'GlobalMagnitudePruningModifier' || fields['global_sparsity'] === true;
  const schedule = SCHEDULE.filter((key) => fields[key] !== undefined && fields[key] !== null);
  const notes =
    schedule.length === 0
      ? []
      : [`nothing is trained: the final sparsity comes at once, without ${schedule.join(', ')}`];
  if (goals.length === 0) return 'its sparsity names no layers';
  const ignored = targetsOf(fields['ignore'] ?? []);
  if (typeof ignored === 'string') return ignored;
  if (ignored.roles.length > 0) return 'what it ignores is named by classes of layers';
  const steps: TranslatedStep[] = [];
  for (const [sparsity, names] of goals) {
    if (typeof sparsity !== 'number' || !(sparsity >= 0 && sparsity < 1))
      return `its sparsity is ${typeof sparsity === 'string' ? `the expression ${sparsity}` : 'no number from 0 to less than 1'}`;
    const targets = targetsOf(names);
    if (typeof targets === 'string') return targets;
    const method = methodOf(fields['mask_type'] ?? fields['mask_structure'], sparsity, isGlobal);
    if (typeof method === 'string') return method;
    steps.push({ step: { prune: method, ...exclusionsOf(targets, ignored.allBut ?? []) }, notes });
  }
  return steps;
}

/** The method that makes a mask of this kind. */
function methodOf(mask: unknown, sparsity: number, isGlobal: boolean): Record<string, unknown> | string {
  const kind = Array.isArray(mask) ? mask.join('x') : (mask ?? 'unstructured');
  if (kind === 'unstructured' || kind === '0:0')
    return { method: 'magnitude', sparsity, scope: isGlobal ? 'model' : 'layer' };
  const [, n, m] = /^(\d+):(\d+)$/.exec(String(kind)) ?? [];
  if (n !== undefined && m !== undefined) {
    // SparseML and llm-compressor write how many of M are kept… of 2:4 that is the same either way.
    if (n !== '2' || m !== '4') return `which of ${kind} are zero is not certain`;
    return { method: 'n-m', n: 2, m: 4 };
  }
  if (kind === 'block4' || kind === 'block' || kind === '1x4') return { method: 'block', sparsity, shape: '1x4' };
  if (kind === '4x1' || kind === '16x16') return { method: 'block', sparsity, shape: kind };
  return `there is no mask of the type ${String(kind)}`;
}

/** What a step leaves alone: `layers` besides everything that is no target. */
export function exclusionsOf(
  { allBut, roles }: Targets,
  layers: readonly string[] = [],
): { readonly exclude?: Readonly<Record<string, unknown>> } {
  const exclude = {
    ...(layers.length === 0 ? {} : { layers }),
    ...(allBut === null ? {} : { allBut }),
    ...(roles.length === 0 ? {} : { roles }),
  };
  return Object.keys(exclude).length === 0 ? {} : { exclude };
}
