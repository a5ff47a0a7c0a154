import type { Work } from '@espalier/base';
import type { Budget } from '@espalier/recipe';
import { createEngine } from '../engine.js';
import type { Files } from '../ports.js';
import { createService } from '../service.js';
import { checkBudget, type LimitCheck, type Measured } from './checkBudget.js';
import { devicesOf } from './devicesOf.js';

/** How the file that a run wrote stands to the budget of its recipe, from the file itself: read as anybody would read it. Aborts fly. */
export async function checkOutput(
  budget: Budget,
  { path, folder }: { readonly path: string; readonly folder: string },
  accuracy: Pick<Measured, 'accuracy' | 'accuracyMissing'>,
  files: Files,
  now: () => number,
  { signal }: Work,
): Promise<readonly LimitCheck[]> {
  const engine = createEngine(files, now);
  const service = createService({
    files,
    runner: { width: 1, run: (kind, query, hooks) => engine.run(kind, query, hooks) },
    machine: '',
    now,
    settings: () => ({ limitBytes: Number.POSITIVE_INFINITY, nearZeroRatio: 1e-8 }),
  });
  // The size alone is told without reading values.
  if (budget.sparsity.length + budget.pattern.length + budget.latency.length + budget.forbid.length > 0)
    await service.scan({ path, full: true }, 'soon', signal, () => {});
  const facts = await service.facts(path, signal);
  if (facts === null) return [];
  return checkBudget(budget, facts, { ...accuracy, devices: await devicesOf(budget, folder, files, signal) });
}
