import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BenchRow, type BenchTable, type Contender, faster, race, timeRow } from '@espalier/testkit';
import { beginSelection } from '../src/kthMagnitude.js';
import { dataBegin, SIDE, weightsFile } from './files.js';
import type { Job } from './jobs.js';
import { numpy, numpyLap } from './others.js';
import { Threads } from './threads.js';

const ROUNDS = Number(process.env.ESPALIER_BENCH_ROUNDS ?? 5);
const TENSORS = 8;
const WEIGHTS = TENSORS * SIDE * SIDE;
const K = Math.floor(WEIGHTS / 5);
const PARTS: readonly (readonly number[])[] = [
  [0, 1, 2, 3],
  [4, 5, 6, 7],
];

/** The exact k-th largest magnitude of 134 M weights against NumPy's partition, both with the file read. */
export async function run(): Promise<BenchTable[]> {
  const path = weightsFile('F32', 32);
  const begin = dataBegin(path);
  const script = fileURLToPath(new URL('./reference.py', import.meta.url));
  const versions = [await numpy('1.24'), await numpy(null)].filter((found) => found !== null);
  const threads = new Threads(path, 2);
  let found = Number.NaN;
  const theirs = new Map<string, number>();
  const contenders: Contender[] = [
    {
      name: 'k-th magnitude, two threads',
      run: async () => {
        found = await select(threads);
        return undefined;
      },
    },
    ...versions.map(({ python, version }) => ({
      name: `NumPy ${version}, partition`,
      run: async () => {
        const lap = await numpyLap(python, script, 'kth', path, String(begin), String(WEIGHTS), String(K));
        theirs.set(version, lap.value);
        return lap;
      },
    })),
  ];
  const laps = await race(contenders, ROUNDS);
  await threads.end();
  for (const [version, value] of theirs)
    if (value !== found) throw new Error(`NumPy ${version} finds ${value}, not ${found}`);
  const OURS = 'k-th magnitude, two threads';
  const rows: BenchRow[] = [
    ...versions.map(({ version }) => timeRow(`NumPy ${version}, partition`, laps.get(`NumPy ${version}, partition`)!)),
    timeRow(OURS, laps.get(OURS)!),
    ...versions.map(({ version }) => {
      const to = `NumPy ${version}, partition`;
      const target = version.startsWith('1.') ? 5 : 1;
      return {
        ...timeRow(OURS, laps.get(OURS)!, { to, value: faster(laps, OURS, to), target }),
        name: `${OURS}, against ${version}`,
      };
    }),
    await peak(path),
  ];
  const notes = [
    `${WEIGHTS.toLocaleString('en-US')} f32 weights (${TENSORS} tensors, 512 MiB, page-cached), the ${K.toLocaleString('en-US')}-th largest |w|: ${found}. All agree.`,
    versions.length === 0
      ? 'No Python: NumPy was not measured.'
      : `NumPy ${versions.map(({ version }) => version).join(' and ')}.`,
  ];
  return [{ title: 'Exact k-th largest magnitude', notes, rows }];
}

export async function select(threads: Threads): Promise<number> {
  const selection = beginSelection(WEIGHTS, K);
  while (selection.question !== null) {
    const question = selection.question;
    const answers = await threads.run<Float64Array>(
      PARTS.map((tensors): Job => ({ kind: 'magnitudes', tensors, question })),
    );
    const [total] = answers;
    for (const counts of answers.slice(1)) for (let i = 0; i < counts.length; i++) total![i]! += counts[i]!;
    selection.take(total!);
  }
  return selection.finish().magnitude;
}

async function peak(path: string): Promise<BenchRow> {
  const main = fileURLToPath(new URL('./selection.main.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [main, path]);
  const { maxRssMb } = JSON.parse(stdout) as { maxRssMb: number };
  return {
    name: 'process at its peak, two threads',
    median: maxRssMb,
    unit: 'MB',
    ratio: { to: '100 MB', value: 100 / maxRssMb, target: 1 },
  };
}
