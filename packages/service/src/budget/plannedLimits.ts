import type { TensorHead } from '@espalier/model';
import type { ChangeNote, LayerChange } from '@espalier/protocol';
import type { Budget } from '@espalier/recipe';
import type { FileFacts } from '../fileFacts.js';
import { checkBudget, type Measured } from './checkBudget.js';

/**
 * The limits of a recipe's budget that its plan breaks already. A plan knows zeros and N:M patterns; size, blocks, accuracy, time and findings are known of the result alone, and `check` tells them.
 * `heads` are those after the steps, aligned with `layers`.
 */
export function plannedLimits(
  budget: Budget,
  heads: readonly TensorHead[],
  layers: readonly LayerChange[],
): ChangeNote[] {
  const none: Budget = {
    ...budget,
    sizeBytes: null,
    sparsity: [],
    pattern: [],
    latency: [],
    accuracy: null,
    forbid: [],
  };
  const nToM = budget.pattern.filter(({ is }) => is.includes(':'));
  return [
    ...brokenBy({ ...none, sparsity: budget.sparsity }, heads, layers, () => true),
    // Of layers that no step touches a plan does not tell the pattern.
    ...brokenBy({ ...none, pattern: nToM }, heads, layers, ({ leftAlone }) => leftAlone === null),
  ];
}

function brokenBy(
  budget: Budget,
  heads: readonly TensorHead[],
  layers: readonly LayerChange[],
  isKnown: (layer: LayerChange) => boolean,
): ChangeNote[] {
  const facts = heads.map((head, i) => {
    const layer = layers[i]!;
    if (!isKnown(layer)) return [head.name, { head }] as const;
    // A plan tells that a pattern holds, and not along which axis.
    const axis = head.axes.input.at(-1) ?? 0;
    const held = layer.patterns.map((name) => [name, [{ axis, strict: true, groups: 1, compliantGroups: 1 }]]);
    return [
      head.name,
      { head, stats: { zeros: layer.zeros.after, patterns: Object.fromEntries(held), blocks: {} } },
    ] as const;
  });
  const planned = { head: { tensors: heads, files: [] }, facts: new Map(facts), findings: [], complete: false };
  return checkBudget(budget, planned as unknown as FileFacts, UNKNOWN)
    .filter(({ verdict }) => verdict === 'broken')
    .map(({ code, message }) => ({ code, severity: 'warning', message: `Over the budget: ${message}` }));
}

const UNKNOWN: Measured = { accuracy: null, accuracyMissing: '', devices: new Map() };
