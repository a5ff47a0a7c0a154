import type { LayerTimes } from '@espalier/analysis';
import { exactCount, percentFigure } from '@espalier/base';
import type { ChangeReport, ModelLatency, Plan } from '@espalier/protocol';
import type { Recipe } from '@espalier/recipe';
import { bridgeOf, modelLatency, timeClauses } from '../latency/modelTimes.js';
import { toLayerLatency } from '../latency/speedUp.js';
import { decibelText, overallSqnr } from '../report/quantizationCells.js';
import { runtimeRows } from '../runtimes/runtimeRows.js';

export interface ReportFacts {
  readonly plan: Plan;
  /** Of the layers that were timed, by name. */
  readonly times: ReadonlyMap<string, LayerTimes>;
  /** By a runtime that runs the whole model; null where there is none. */
  readonly wholeModel: ModelLatency | null;
  readonly recipeText: string;
  readonly recipe: Recipe;
  readonly accuracy: { readonly accuracy: ChangeReport['accuracy']; readonly missing: string | null };
  /** Of the recipe's budget; null where it has none. */
  readonly limits: ChangeReport['limits'] | null;
  readonly inputSha256: string;
  readonly outputSha256: string;
  readonly outputBytes: number;
  readonly machine: string;
  readonly version: string;
  readonly startedAt: string;
  readonly seconds: number;
}

/** Everything that a run did, as plain data. Only what was counted or measured is in it. */
export function changeReport(facts: ReportFacts): ChangeReport {
  const { recipe, accuracy } = facts;
  const layers = facts.plan.layers.map((layer) => {
    const times = facts.times.get(layer.name);
    return times === undefined
      ? layer
      : { ...layer, latency: { ...toLayerLatency(times), devices: layer.latency?.devices ?? [] } };
  });
  const plan = { ...facts.plan, layers };
  const timed = [...facts.times.values()];
  const latency = modelLatency(timed);
  const output = plan.outputs[0]!;
  return {
    schemaVersion: 1,
    title: [plan.input.name, ...plan.steps.map(stepTitle)].join(' · '),
    verdict: [...verdictOf(plan), ...timeClauses(latency, timed, facts.wholeModel)],
    plan,
    latency: [latency, facts.wholeModel].filter((each) => each !== null),
    bridge: bridgeOf(timed),
    runtimes: runtimeRows(
      plan.layers.filter(({ leftAlone }) => leftAlone === null),
      facts.times,
    ),
    accuracy: accuracy.accuracy,
    accuracyMissing: accuracy.missing,
    ...(facts.limits == null ? {} : { limits: facts.limits }),
    provenance: {
      recipe: facts.recipeText,
      seed: recipe.seed,
      engine: 'Espalier',
      version: facts.version,
      inputSha256: facts.inputSha256,
      outputs: [{ ...output, bytes: facts.outputBytes, sha256: facts.outputSha256 }],
      machine: facts.machine,
      startedAt: facts.startedAt,
      seconds: facts.seconds,
    },
  };
}

/** `magnitude 80 %, model`: the method and what distinguishes it. */
export function stepTitle({ method, options }: Plan['steps'][number]): string {
  const { sparsity, scope, ratio, n, m, mode, type } = options;
  const { scheme, granularity } = (options['default'] ?? {}) as Readonly<Record<string, unknown>>;
  const parts = [
    typeof sparsity === 'number' ? `${Number((sparsity * 100).toFixed(2))} %` : null,
    typeof n === 'number' && typeof m === 'number' ? `${n}:${m}` : null,
    typeof ratio === 'string' ? ratio : null,
    typeof scope === 'string' ? (scope === 'model' ? 'model-wide' : 'layer by layer') : null,
    typeof mode === 'string' && mode !== 'paper' ? mode : null,
    typeof type === 'string' ? type : null,
    typeof scheme === 'string' ? scheme : null,
    typeof granularity === 'string' ? `by ${granularity}` : null,
  ].filter((part) => part !== null);
  return [method, ...parts].join(' ');
}

type Clause = ChangeReport['verdict'][number];

/** What was gained and what it cost, but for time. */
function verdictOf({ steps, totals, layers }: Pick<Plan, 'steps' | 'totals' | 'layers'>): Clause[] {
  const { prunableElements, prunableZeros, energyKept, macs } = totals;
  const share = (zeros: number, elements: number): string => `${percentFigure(zeros, elements)} %`;
  const clauses = quantizationClauses(layers);
  // Rounding makes zeros as well, but nobody asked for them.
  if (steps.length > 0 && steps.every(({ verb }) => verb === 'quantize')) return clauses;
  const fewer = prunableElements.before > prunableElements.after;
  if (fewer) {
    clauses.push([
      { text: `${(prunableElements.before / Math.max(1, prunableElements.after)).toFixed(1)}x`, strong: true },
      { text: ` fewer weights: ${exactCount(prunableElements.before)} → ${exactCount(prunableElements.after)};` },
    ]);
  }
  if (!fewer || prunableZeros.before + prunableZeros.after > 0)
    clauses.push([
      { text: share(prunableZeros.after, prunableElements.after), strong: true },
      { text: ` of ${exactCount(prunableElements.after)} weights are zero, ` },
      { text: share(prunableZeros.before, prunableElements.before) },
      { text: ' were;' },
    ]);
  if (macs !== null && macs.after.effective > 0 && macs.before.effective > macs.after.effective) {
    const times = macs.before.effective / macs.after.effective;
    clauses.push([
      { text: `${times.toFixed(1)}x`, strong: true },
      {
        text:
          macs.after.dense === macs.after.effective
            ? ' fewer multiply-adds;'
            : ' fewer multiply-adds if zeros are skipped;',
      },
    ]);
  }
  if (energyKept !== null) {
    clauses.push([{ text: share(energyKept, 1), strong: true }, { text: ' of the energy of the weights is kept;' }]);
  }
  return clauses;
}

/** How small quantized layers became, and what is left of their signal. */
function quantizationClauses(layers: Plan['layers']): Clause[] {
  const quantized = layers.filter(({ quantization }) => quantization !== undefined);
  if (quantized.length === 0) return [];
  const bits = quantized.map(({ quantization }) => quantization!.bits);
  const [least, most] = [Math.min(...bits), Math.max(...bits)];
  const bytes = (of: 'before' | 'after'): number => quantized.reduce((sum, { sizes }) => sum + sizes[of].raw, 0);
  const db = overallSqnr(quantized);
  return [
    [
      { text: `${(bytes('before') / Math.max(1, bytes('after'))).toFixed(1)}x`, strong: true },
      {
        text: ` smaller: ${quantized.length} ${quantized.length === 1 ? 'tensor' : 'tensors'} with ${least === most ? most : `${least} to ${most}`} ${most === 1 ? 'bit' : 'bits'} a weight;`,
      },
    ],
    ...(db === null
      ? []
      : [[{ text: `${decibelText(db)} dB`, strong: true }, { text: ' of signal over noise in these;' }]]),
  ];
}
