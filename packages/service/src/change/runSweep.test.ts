import { idleWork, type Progress, seeded, type Work } from '@espalier/base';
import type { SweepResult } from '@espalier/protocol';
import { expect, test } from 'vitest';
import { MemoryFiles, safetensorsBytes } from '../testing/memoryFiles.js';
import { type MemoryMachine, memoryMachine } from '../testing/memoryMachine.js';
import { planRecipe } from './planRecipe.js';
import { readSweep } from './readSweep.js';
import { isSweep, runSweep } from './runSweep.js';
import { sweepCsv, sweepHtml, sweepMarkdown } from './sweepTexts.js';

const model = (seed: number): Uint8Array => {
  const rng = seeded(seed);
  const values = (count: number): number[] => Array.from({ length: count }, () => rng.normal());
  return safetensorsBytes({
    'conv1.weight': { shape: [8, 4, 2, 2], values: values(128) },
    'fc.weight': { shape: [8, 8], values: values(64) },
  });
};

const machine = (): MemoryMachine => memoryMachine(new MemoryFiles().write('/work/model.safetensors', model(1)));

const SWEEP = `input: model.safetensors
steps:
  - prune: magnitude
output: out/model.safetensors
sweep: { method: [magnitude, random], sparsity: [0.5, 0.75], seed: [1, 2] }
`;

const PATH = '/work/out/model.sweep/sweep.json';

const run = (own: MemoryMachine, recipe = SWEEP, work: Work = idleWork()) =>
  runSweep({ recipe, folder: '/work' }, own.ports, work);

const kinds = (points: readonly SweepResult[]): string[] => points.map(({ state }) => state.kind);

/** A point without how long it took. */
const timeless = ({ state, ...rest }: SweepResult) => ({
  ...rest,
  state: { ...state, seconds: 0, msBefore: 0, msAfter: 0 },
});

/** Stops as soon as a point of this number begins. */
function stopAt(point: number): Work {
  const control = new AbortController();
  return {
    signal: control.signal,
    progress: ({ label }: Progress) => {
      if (label?.startsWith(`Point ${point} of`)) control.abort();
    },
  };
}

async function done(own: MemoryMachine, recipe = SWEEP) {
  const answer = await run(own, recipe);
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  return answer.value;
}

test('a text is a sweep where it has one', () => {
  expect(isSweep(SWEEP)).toBe(true);
  expect(isSweep(SWEEP.replace(/sweep:.*/, ''))).toBe(false);
  expect(isSweep('sweep: [')).toBe(false);
});

test('every point has its output, its report and its figures', async () => {
  const own = machine();
  const { report, path, reused } = await done(own);
  expect([path, reused]).toEqual([PATH, 0]);
  expect(report.points.map(({ values, series }) => [series, values])).toEqual([
    ['magnitude model', { method: 'magnitude', sparsity: 0.5, seed: null }],
    ['magnitude model', { method: 'magnitude', sparsity: 0.75, seed: null }],
    ...[0.5, 0.75].flatMap((sparsity) => [1, 2].map((seed) => ['random erk', { method: 'random', sparsity, seed }])),
  ]);
  for (const { values, state } of report.points) {
    if (state.kind !== 'done') throw new Error(state.kind);
    expect(state.prunableElements).toBe(192);
    expect(state.prunableZeros).toBe(192 * (values['sparsity'] as number));
    expect(await own.files.stat(state.output)).toMatchObject({ kind: 'file', sizeBytes: state.outputBytes });
    expect(await own.files.stat(state.report)).not.toBeNull();
  }
  const energy = report.points.map(({ state }) => (state.kind === 'done' ? state.energyKept! : 0));
  // Magnitude keeps the largest weights: more than any drawn at random.
  expect(energy[0]).toBeGreaterThan(Math.max(energy[2]!, energy[3]!));
  expect(energy[1]).toBeGreaterThan(Math.max(energy[4]!, energy[5]!));
  expect(await readSweep(own.files, path)).toEqual({ ok: true, value: report });
});

test('what is finished when a sweep is cancelled stays, and the next run goes on from there', async () => {
  const own = machine();
  await expect(run(own, SWEEP, stopAt(4))).rejects.toThrow(/abort/i);
  const half = await readSweep(own.files, PATH);
  if (!half.ok) throw new Error(half.fault.message);
  expect(kinds(half.value.points)).toEqual(['done', 'done', 'done', 'waiting', 'waiting', 'waiting']);
  const before = await Promise.all(
    half.value.points.slice(0, 3).map(({ state }) => own.files.stat(state.kind === 'done' ? state.output : '')),
  );
  const { report, reused } = await done(own);
  expect(reused).toBe(3);
  expect(kinds(report.points)).toEqual(Array(6).fill('done'));
  // The first three were not written again.
  const after = await Promise.all(
    report.points.slice(0, 3).map(({ state }) => own.files.stat(state.kind === 'done' ? state.output : '')),
  );
  expect(after).toEqual(before);
  // All at once gives the same figures.
  const whole = await done(machine());
  expect(report.points.map(timeless)).toEqual(whole.report.points.map(timeless));
});

test('a value more runs only the points that are new', async () => {
  const own = machine();
  await done(own);
  const { report, reused } = await done(own, SWEEP.replace('0.75]', '0.75, 0.9]'));
  expect([report.points.length, reused]).toEqual([9, 6]);
});

test('another input, an output that is gone, another version: the point is run again', async () => {
  const own = machine();
  const first = await done(own);
  const [point] = first.report.points;
  if (point!.state.kind !== 'done') throw new Error();
  own.files.remove(point!.state.output);
  expect((await done(own)).reused).toBe(5);
  const newer: MemoryMachine = { ...own, ports: { ...own.ports, version: '9.9.9' } };
  expect((await done(newer)).reused).toBe(0);
  own.files.write('/work/model.safetensors', model(2));
  const other = await done(newer);
  expect(other.reused).toBe(0);
  expect(other.report.points[0]!.state).not.toEqual(point!.state);
});

test('a comparison that is damaged is written anew', async () => {
  const own = machine();
  await done(own);
  for (const text of ['{', '[]', '{"schemaVersion":1,"kind":"sweep"}']) {
    own.files.write(PATH, new TextEncoder().encode(text));
    expect(await readSweep(own.files, PATH)).toMatchObject({ fault: { code: 'job/report-damaged' } });
    expect((await done(own)).reused).toBe(0);
  }
});

test('a point that fails is told, and the others go on; where all fail the sweep does', async () => {
  const own = machine();
  const { report } = await done(own, SWEEP.replace(/sweep:.*/, 'sweep: { method: [n-m], m: [4], n: [2, 4] }'));
  expect(kinds(report.points).sort()).toEqual(['done', 'failed']);
  expect(report.points.find(({ state }) => state.kind === 'failed')!.state).toMatchObject({
    fault: { code: 'prune/n-not-below-m' },
  });
  expect(report.verdict).toMatch(/^1 of 2 points, 1 failed; /);
  const none = await run(machine(), SWEEP.replace('prune: magnitude', 'prune: magnitude\n    exclude: ["**"]'));
  expect(none).toMatchObject({ ok: false, fault: { fault: { code: 'prune/nothing-to-prune' } } });
});

test('the evaluate command measures every result, and the input once', async () => {
  const own = machine();
  const { report } = await done(own, `${SWEEP.replace(', seed: [1, 2]', '')}evaluate: measure {output}\n`);
  expect(own.commands).toHaveLength(5);
  const accuracies = report.points.map(({ state }) =>
    state.kind === 'done' ? [state.accuracyBefore, state.accuracy] : [],
  );
  expect(new Set(accuracies.map(([before]) => before)).size).toBe(1);
  expect(new Set(accuracies.map(([, after]) => after)).size).toBe(4);
});

test.each([
  [SWEEP.replace('out/model.safetensors', '').replace('output: \n', ''), 'recipe/no-output'],
  [SWEEP.replace('model.safetensors\n', 'gone.safetensors\n'), 'path/not-found'],
])('%s fails before any point', async (recipe, code) => {
  expect(await run(machine(), recipe)).toMatchObject({ ok: false, fault: { kind: 'fault', fault: { code } } });
});

test('progress says which point, and goes from nothing to everything', async () => {
  const seen: Progress[] = [];
  await run(machine(), SWEEP, { ...idleWork(), progress: (progress) => seen.push(progress) });
  const shares = seen.map(({ done: part, total }) => part / total);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
  expect(seen.some(({ label }) => label?.startsWith('Point 3 of 6, method random, sparsity 0.5, seed 1: '))).toBe(true);
});

test('a plan of a sweep is that of its first point, and says so', async () => {
  const answer = await planRecipe({ recipe: SWEEP, folder: '/work' }, machine().files, idleWork(), () => {});
  if (answer.kind !== 'plan') throw new Error(answer.kind);
  expect(answer.plan.steps).toMatchObject([{ method: 'magnitude', options: { sparsity: 0.5 } }]);
  expect(answer.plan.notes[0]).toMatchObject({
    code: 'recipe/sweep',
    message: 'The recipe is a sweep of 6 points. This is the first: method magnitude, sparsity 0.5.',
  });
});

test('a sweep over ways to quantize tells what each loses', async () => {
  // The first and the last layer stay as they are.
  const rng = seeded(3);
  const weight = { shape: [16, 32], values: Array.from({ length: 512 }, () => rng.normal()) };
  const three = safetensorsBytes({ 'a.weight': weight, 'b.weight': weight, 'c.weight': weight });
  const { report } = await done(
    memoryMachine(new MemoryFiles().write('/work/model.safetensors', three)),
    'input: model.safetensors\nsteps:\n  - quantize: post-training\noutput: q.safetensors\nsweep: { default.scheme: [int8-sym, int4-sym, int2-sym], default.granularity: [tensor] }\n',
  );
  const noise = report.points.map(({ state }) => (state.kind === 'done' ? state.lowestSqnrDb! : Number.NaN));
  // Six decibels a bit, and less where few are left.
  expect(noise[0]! - noise[1]!).toBeGreaterThan(18);
  expect(noise[1]! - noise[2]!).toBeGreaterThan(6);
  const bytes = report.points.map(({ state }) => (state.kind === 'done' ? state.outputBytes : 0));
  expect(bytes).toEqual([...bytes].sort((a, b) => b - a));
  expect(sweepMarkdown(report)).toContain('| steps | default.scheme | default.granularity | zeros % |');
});

test('the texts have a row for each point', async () => {
  const { report } = await done(machine());
  const csv = sweepCsv(report).trim().split('\r\n');
  expect(csv[0]).toBe(
    'steps,method,sparsity,seed,zeros %,energy kept %,"lowest SQNR, dB",file bytes,sparse bytes,speed-up,accuracy,remark',
  );
  expect(csv).toHaveLength(7);
  expect(csv[1]).toMatch(/^magnitude model,magnitude,0.5,,50.0,9\d\.\d,,\d+,\d+,[^,]*,,$/);
  const markdown = sweepMarkdown(report);
  expect(markdown).toMatch(/^# model\.safetensors · 6 points\n\n6 of 6 points; 50\.0 to 75\.0 % of the weights zero; /);
  expect(sweepHtml(report).match(/<tr>/g)).toHaveLength(7);
  expect(
    markdown
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('|')),
  ).toHaveLength(8);
});
