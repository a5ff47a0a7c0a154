import type { SweepReport, SweepResult } from '@espalier/protocol';

const AXES: SweepReport['axes'] = [
  { key: 'method', values: ['magnitude', 'random'] },
  { key: 'sparsity', values: [0.5, 0.8, 0.9] },
  { key: 'seed', values: [1, 2, 3] },
];

export const SWEEP_RECIPE =
  'input: resnet18.safetensors\nsteps:\n  - prune: magnitude\noutput: out.safetensors\nsweep:\n  method: [magnitude, random]\n  sparsity: [0.5, 0.8, 0.9]\n  seed: [1, 2, 3]\n';

/** Energy kept and accuracy of each method at 50, 80 and 90 %. */
const KEPT = { magnitude: [0.97, 0.81, 0.62], random: [0.5, 0.2, 0.1] } as const;

/** Three points of magnitude and nine of random; the last failed. While it runs, the last three are still to come. */
export function sweepReport(running: boolean): SweepReport {
  const points: SweepResult[] = [
    ...[0.5, 0.8, 0.9].map((sparsity, i) => point('magnitude', sparsity, null, KEPT.magnitude[i]!)),
    ...[0.5, 0.8, 0.9].flatMap((sparsity, i) =>
      [1, 2, 3].map((seed) => point('random', sparsity, seed, KEPT.random[i]! + (seed - 2) / 50)),
    ),
  ];
  const told = points.map((own, i): SweepResult => {
    if (running && i >= 9) return { ...own, state: { kind: 'waiting' } };
    if (!running && i === 11)
      return {
        ...own,
        state: {
          kind: 'failed',
          fault: { code: 'prune/ratio-impossible', message: 'The first layer would be empty.' },
        },
      };
    return own;
  });
  return {
    schemaVersion: 1,
    kind: 'sweep',
    title: 'resnet18.safetensors · 12 points',
    verdict: running
      ? '9 of 12 points; 50.0 to 90.0 % of the weights zero; 18.0 to 97.0 % of the energy kept'
      : '11 of 12 points, 1 failed; 50.0 to 90.0 % of the weights zero; 8.0 to 97.0 % of the energy kept',
    recipe: SWEEP_RECIPE,
    folder: '/models',
    input: {
      path: '/models/resnet18.safetensors',
      name: 'resnet18.safetensors',
      bytes: 44_700_000,
      sha256: 'a'.repeat(64),
    },
    axes: AXES,
    points: told,
    machine: 'a processor, 2 threads',
    startedAt: '2026-01-01T00:00:00.000Z',
  };
}

function point(method: string, sparsity: number, seed: number | null, kept: number): SweepResult {
  const name = `/models/out.sweep/method-${method}-sparsity-${sparsity}${seed === null ? '' : `-seed-${seed}`}.safetensors`;
  return {
    id: `${method}${sparsity}${seed}`,
    values: { method, sparsity, seed },
    series: method === 'magnitude' ? 'magnitude model' : 'random erk',
    recipe: `input: resnet18.safetensors\nsteps:\n  - prune: { method: ${method}, sparsity: ${sparsity} }\nseed: ${seed ?? 1}\noutput: ${name}\n`,
    state: {
      kind: 'done',
      output: name,
      report: `${name}.report.json`,
      prunableElements: 11_000_000,
      prunableZeros: Math.round(11_000_000 * sparsity),
      energyKept: kept,
      lowestSqnrDb: null,
      outputBytes: 44_700_000,
      sparseBytes: Math.round(44_700_000 * (1 - sparsity) + 1_400_000),
      effectiveMacs: 1 - sparsity,
      msBefore: 30,
      msAfter: 30 * (1.2 - sparsity),
      accuracy: null,
      accuracyBefore: null,
      seconds: 2,
      version: '0.1.0',
    },
  };
}
