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
/** 134 million weights. */
const TENSORS = 8;
const OURS = 'Espalier';

const call = promisify(execFile);
const here = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

/** From file to file, errors of every layer included. Files are in the page cache; nobody waits for the disk. */
export async function run(): Promise<BenchTable[]> {
  return [await againstNumpy(), await schemes()];
}

interface Run extends Lap {
  readonly mse: number;
  readonly maxRssMb: number;
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

/** A run in a process of its own, as a person's is. Time is without the start of the process. */
const ours = (path: string, scheme: string, granularity = 'channel', range = 'max'): Promise<Run> =>
  writing('quantized', async (to) => {
    const { stdout } = await call(process.execPath, [here('quantize.main.js'), path, to, scheme, granularity, range]);
    return JSON.parse(stdout) as Run;
  });

async function againstNumpy(): Promise<BenchTable> {
  const path = weightsFile('F32', TENSORS);
  const found = await numpy(null);
  const errors = new Map<string, number>();
  let peak = 0;
  const contenders: Contender[] = [
    {
      name: OURS,
      run: async () => {
        const own = await ours(path, 'int8-sym');
        errors.set(OURS, own.mse);
        peak = Math.max(peak, own.maxRssMb);
        return own;
      },
    },
    ...(found === null
      ? []
      : [
          {
            name: `NumPy ${found.version}`,
            run: async () => {
              const { stdout } = await writing('numpy', (to) => call(found.python, [here('reference.py'), path, to]));
              const [wall, cpu, mse] = stdout.trim().split(' ').map(Number);
              errors.set(`NumPy ${found.version}`, mse!);
              return { wallMs: 1000 * wall!, cpuMs: 1000 * cpu! };
            },
          },
        ]),
  ];
  const laps = await race(contenders, ROUNDS);
  const theirs = [...laps.keys()].filter((name) => name !== OURS);
  const limit = (3 * TENSOR_BYTES_F32) / 1e6;
  const rows: BenchRow[] = [
    ...theirs.map((name) => timeRow(name, laps.get(name)!)),
    timeRow(OURS, laps.get(OURS)!),
    ...theirs.map((to) => ({
      ...timeRow(OURS, laps.get(OURS)!, { to, value: faster(laps, OURS, to) }),
      name: `${OURS}, against ${to}`,
    })),
    {
      name: 'process at its peak',
      median: peak,
      unit: 'MB',
      ratio: { to: 'three times the largest tensor', value: limit / peak, target: 1 },
    },
  ];
  const said = [...errors].map(([name, mse]) => `${name} ${mse.toExponential(6)}`).join(', ');
  const count = ((TENSORS * TENSOR_BYTES_F32) / 4).toLocaleString('en-US');
  const notes = [
    `${count} f32 weights become int8 with a scale for each channel, and the error of each layer is told. Mean squared errors: ${said}.`,
  ];
  return { title: 'Quantization, file to file', notes, rows };
}

/** Other schemes on the same weights. */
async function schemes(): Promise<BenchTable> {
  const path = weightsFile('F32', TENSORS);
  const cases = [
    ['int8-asym, channel', 'int8-asym', 'channel', 'max'],
    ['int4-sym, groups of 128', 'int4-sym', 'group', 'max'],
    ['binary, channel', 'binary', 'channel', 'max'],
  ] as const;
  const contenders = cases.map(([name, ...options]) => ({ name, run: () => ours(path, ...options) }));
  const laps = await race(contenders, Math.min(ROUNDS, 3));
  const small = weightsFile('F32', 1);
  const searched = [
    ['int8-sym, channel, percentile', 'int8-sym', 'channel', 'percentile'],
    ['int8-sym, channel, squared error', 'int8-sym', 'channel', 'mse'],
    ['int4-sym, channel, squared error', 'int4-sym', 'channel', 'mse'],
  ] as const;
  const slow = await race(
    searched.map(([name, ...options]) => ({ name, run: () => ours(small, ...options) })),
    Math.min(ROUNDS, 3),
  );
  const rows = [
    ...cases.map(([name]) => rateRow(name, laps.get(name)!, TENSORS * TENSOR_BYTES_F32)),
    ...searched.map(([name]) => rateRow(name, slow.get(name)!, TENSOR_BYTES_F32)),
  ];
  return {
    title: 'Schemes of quantization, file to file',
    notes: ['Bytes of the input by time; 512 MiB of f32, 64 MiB where a clip is searched.'],
    rows,
  };
}
