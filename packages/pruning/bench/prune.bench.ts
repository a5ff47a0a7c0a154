import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  type BenchRow,
  type BenchTable,
  type Contender,
  faster,
  type Lap,
  race,
  rateRow,
  timeRow,
} from '@espalier/testkit';
import { benchFolder, TENSOR_BYTES_F32, weightsFile } from '../../analysis/bench/files.js';
import { numpy } from '../../analysis/bench/others.js';

const ROUNDS = Number(process.env.ESPALIER_BENCH_ROUNDS ?? 5);
const TENSORS = 8;
/** As many tensors as 5 GB hold. */
const LARGE_TENSORS = 75;
const OURS = 'Espalier';

const call = promisify(execFile);
const here = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

/** Global magnitude pruning to 80 % from file to file, against NumPy and against copying the file. Files are in the page cache; nobody waits for the disk. */
export async function run(): Promise<BenchTable[]> {
  return [await againstNumpy(), await againstCopy(), await otherMethods()];
}

interface Run extends Lap {
  readonly gone: number;
  readonly maxRssMb: number;
}

/** A run in a process of its own, as a person's is. Time is without the start of the process. */
async function ours(path: string, method = 'magnitude', options = {}): Promise<Run> {
  return await writing('pruned', async (to) => {
    const { stdout } = await call(process.execPath, [here('prune.main.js'), path, to, method, JSON.stringify(options)]);
    return JSON.parse(stdout) as Run;
  });
}

/** What is written is removed at once: else the disk would be busy with it while the next one is timed. */
async function writing<Answer>(name: string, write: (to: string) => Promise<Answer>): Promise<Answer> {
  const to = join(benchFolder, `${name}.safetensors`);
  rmSync(to, { force: true });
  try {
    return await write(to);
  } finally {
    rmSync(to, { force: true });
  }
}

async function againstNumpy(): Promise<BenchTable> {
  const path = weightsFile('F32', TENSORS);
  const versions = [await numpy('1.24'), await numpy(null)].filter((found) => found !== null);
  const gone = new Map<string, number>();
  const peaks = new Map<string, number>();
  const contenders: Contender[] = [
    {
      name: OURS,
      run: async () => {
        const own = await ours(path);
        gone.set(OURS, own.gone);
        peaks.set(OURS, own.maxRssMb);
        return own;
      },
    },
    ...versions.map(({ python, version }) => ({
      name: `NumPy ${version}`,
      run: async () => {
        const { stdout } = await writing('numpy', (to) => call(python, [here('reference.py'), path, to, '0.8']));
        const [wall, cpu, count, mb] = stdout.trim().split(' ').map(Number);
        gone.set(version, count!);
        peaks.set(`NumPy ${version}`, mb!);
        return { wallMs: 1000 * wall!, cpuMs: 1000 * cpu! };
      },
    })),
  ];
  const laps = await race(contenders, ROUNDS);
  const rows: BenchRow[] = [
    ...versions.map(({ version }) => timeRow(`NumPy ${version}`, laps.get(`NumPy ${version}`)!)),
    timeRow(OURS, laps.get(OURS)!),
    ...versions.map(({ version }) => {
      const to = `NumPy ${version}`;
      const target = version.startsWith('1.') ? 3 : 1.3;
      return {
        ...timeRow(OURS, laps.get(OURS)!, { to, value: faster(laps, OURS, to), target }),
        name: `${OURS}, against ${to}`,
      };
    }),
    ...versions.map(({ version }): BenchRow => {
      const to = `a tenth of NumPy ${version}`;
      const mine = peaks.get(OURS)!;
      const ratio = { to, value: peaks.get(`NumPy ${version}`)! / 10 / mine, target: 1 };
      return { name: `process at its peak, against ${version}`, median: mine, unit: 'MB', ratio };
    }),
  ];
  const counts = [...gone].map(
    ([name, count]) => `${name === OURS ? name : `NumPy ${name}`} ${count.toLocaleString('en-US')}`,
  );
  const notes = [
    `${(TENSORS * 4096 * 4096).toLocaleString('en-US')} f32 weights in 512 MiB, read and written. Weights that went: ${counts.join(', ')}; NumPy also takes every weight that equals the threshold.`,
  ];
  return { title: 'Global magnitude pruning, file to file', notes, rows };
}

async function againstCopy(): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  for (const [label, tensors, rounds] of [
    ['512 MiB', TENSORS, ROUNDS],
    ['5 GB', LARGE_TENSORS, Math.min(ROUNDS, 3)],
  ] as const) {
    const path = weightsFile('F32', tensors);
    const bytes = tensors * TENSOR_BYTES_F32;
    let peak = 0;
    const [copying, pruning] = [`cp, ${label}`, `${OURS}, ${label}`];
    const laps = await race(
      [
        { name: copying, run: () => copy(path) },
        {
          name: pruning,
          run: async () => {
            const own = await ours(path);
            peak = Math.max(peak, own.maxRssMb);
            return own;
          },
        },
      ],
      rounds,
    );
    const own = rateRow(pruning, laps.get(pruning)!, bytes);
    // A small file is copied within the cache of the disk; there the rate itself is the aim.
    const ratio =
      tensors === LARGE_TENSORS
        ? { to: copying, value: faster(laps, pruning, copying), target: 0.6 }
        : { to: '1 GB/s', value: own.median, target: 1 };
    rows.push(rateRow(copying, laps.get(copying)!, bytes), { ...own, ratio });
    const limit = { to: '300 MB', value: 300 / peak, target: 1 };
    rows.push({ name: `process at its peak, ${label}`, median: peak, unit: 'MB', ratio: limit });
  }
  return { title: 'Pruning beside copying', notes: ['Bytes of the input by time.'], rows };
}

async function copy(path: string): Promise<Lap> {
  return await writing('copy', async (to) => {
    const began = performance.now();
    await call('cp', [path, to]);
    const wallMs = performance.now() - began;
    return { wallMs, cpuMs: wallMs };
  });
}

/** The other methods on the same weights; what they read twice they say by their rate. */
async function otherMethods(): Promise<BenchTable> {
  const path = weightsFile('F32', TENSORS);
  const bytes = TENSORS * TENSOR_BYTES_F32;
  const methods: readonly (readonly [string, string, object])[] = [
    ['magnitude, layer by layer', 'magnitude', { scope: 'layer' }],
    ['random, erk', 'random', { ratio: 'erk', counts: 'exact', seed: 1, classifierDensity: 1, compat: false }],
    ['2:4', 'n-m', { n: 2, m: 4, along: 'input' }],
    ['blocks 4x1', 'block', { shape: '4x1' }],
    ['channels by l1', 'channel', { norm: 'l1' }],
  ];
  const laps = await race(
    methods.map(([name, method, options]) => ({ name, run: () => ours(path, method, options) })),
    Math.min(ROUNDS, 3),
  );
  const rows = methods.map(([name]) => rateRow(name, laps.get(name)!, bytes));
  return { title: 'Methods of pruning, file to file', notes: ['512 MiB of f32; bytes of the input by time.'], rows };
}
