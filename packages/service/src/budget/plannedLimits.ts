import { bytesText } from '@espalier/base';
import type { TensorHead } from '@espalier/model';
import type { ChangeNote, LayerChange } from '@espalier/protocol';
import type { Budget } from '@espalier/recipe';
import type { FileFacts } from '../fileFacts.js';
import { checkBudget, type Measured } from './checkBudget.js';

/** What a plan knows of its result besides its layers. */
export interface PlannedResult {
  /** After the steps, aligned with `layers`. */
  readonly heads: readonly TensorHead[];
  readonly layers: readonly LayerChange[];
  /** Bytes of the tensors that would be written: the file has those and its header. Null where there is no output. */
  readonly bytes: number | null;
  /** Multiply-accumulates of each layer after the steps, by its name; null without a graph. */
  readonly macs: ReadonlyMap<string, number> | null;
  readonly devices: Measured['devices'];
}

/**
 * The limits of a recipe's budget that its plan breaks already: size, zeros, N:M patterns, time by the roofline. Blocks, accuracy and findings are known of the result alone, and the report
 * of the run tells them.
 */
export function plannedLimits(budget: Budget, planned: PlannedResult): ChangeNote[] {
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
    ...sizeBroken(budget.sizeBytes, planned.bytes),
    ...brokenBy({ ...none, sparsity: budget.sparsity }, planned),
    // Of layers that no step touches a plan does not tell the pattern.
    ...brokenBy({ ...none, pattern: nToM }, planned, ({ leftAlone }) => leftAlone === null),
    ...brokenBy({ ...none, latency: budget.latency }, planned),
  ];
}

/** The file is larger by its header: what the tensors alone take breaks the limit for certain. */
const sizeBroken = (limit: number | null, bytes: number | null): ChangeNote[] =>
  limit === null || bytes === null || bytes <= limit
    ? []
    : [
        {
          code: 'budget/size',
          severity: 'warning',
          message: `Over the budget: the tensors alone take ${bytesText(bytes)}, the budget allows ${bytesText(limit)}.`,
        },
      ];

function brokenBy(
  budget: Budget,
  { heads, layers, macs, devices }: PlannedResult,
  isKnown: (layer: LayerChange) => boolean = () => true,
): ChangeNote[] {
  const facts = heads.map((head, i) => {
    const layer = layers[i]!;
    if (!isKnown(layer)) return [head.name, { head }] as const;
    // A plan tells that a pattern holds, and not along which axis.
    const axis = head.axes.input.at(-1) ?? 0;
    const held = layer.patterns.map((name) => [name, [{ axis, strict: true, groups: 1, compliantGroups: 1 }]]);
    const patterns = Object.fromEntries(held);
    return [head.name, { head, stats: { zeros: layer.zeros.after, patterns, blocks: {} } }] as const;
  });
  const operators = macs === null ? undefined : [...macs].map(([layer, each]) => ({ layer, macs: each }));
  const planned = {
    head: { tensors: heads, files: [], operators },
    facts: new Map(facts),
    findings: [],
    complete: false,
  };
  return checkBudget(budget, planned as unknown as FileFacts, { accuracy: null, accuracyMissing: '', devices })
    .filter(({ verdict }) => verdict === 'broken')
    .map(({ code, message }) => ({ code, severity: 'warning', message: `Over the budget: ${message}` }));
}
