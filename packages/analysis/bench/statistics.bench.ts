import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BenchRow, type BenchTable, type Contender, faster, race, rateRow } from '@espalier/testkit';
import { dataBegin, SIDE, sparseFile, TENSOR_BYTES_F32, weightsFile } from './files.js';
import { doJob, type Job, openFile } from './jobs.js';
import { type NativeMode, nativeLap, nativeLoops, numpy, numpyLap } from './others.js';
import { Threads } from './threads.js';

const ROUNDS = Number(process.env.ESPALIER_BENCH_ROUNDS ?? 5);
const TENSORS = 32;
const ALL = Array.from({ length: TENSORS }, (_, i) => i);
const HALVES: readonly (readonly number[])[] = [ALL.slice(0, TENSORS / 2), ALL.slice(TENSORS / 2)];
/** Tensors of a file of halves: 1 GiB. */
const HALF_TENSORS = 32;
const GB20 = 20_000_000_000;

/** Statistics of a page-cached 2 GiB f32 file against a native loop and NumPy; what further reads add; halves; memory. */
export async function run(): Promise<BenchTable[]> {
  const path = weightsFile('F32', TENSORS);
  const bytes = TENSORS * TENSOR_BYTES_F32;
  const loops = await nativeLoops(fileURLToPath(new URL('./native/loops.c', import.meta.url)));
  const reference = await numpy(null);
  const script = fileURLToPath(new URL('./reference.py', import.meta.url));
  const begin = dataBegin(path);
  const opened = await openFile(path);
  const threads = new Threads(path, 2);

  const job = (name: string, work: Job): Contender => ({ name, run: async () => void (await doJob(opened, work)) });
  const pair = (name: string, works: readonly Job[]): Contender => ({
    name,
    run: async () => void (await threads.run(works)),
  });
  const native = (name: string, mode: NativeMode): Contender[] =>
    loops === null ? [] : [{ name, run: () => nativeLap(loops.path, mode, path, begin, bytes, SIDE) }];
  const numpyRun = (name: string, mode: string): Contender[] =>
    reference === null
      ? []
      : [{ name, run: () => numpyLap(reference.python, script, mode, path, String(begin), String(bytes / 4)) }];
  const onePass = (tensors: readonly number[]): Job => ({ kind: 'onePass', tensors });
  const everything = (tensors: readonly number[], structure: boolean, digest: boolean): Job => ({
    kind: 'everything',
    tensors,
    options: { structure, digest },
  });

  const laps = await race(
    [
      ...native('reading alone, C', 'read'),
      ...native('AVX2 loop, C, one thread', 'f32'),
      job('one pass, one thread', onePass(ALL)),
      pair('one pass, two threads', HALVES.map(onePass)),
      ...numpyRun('NumPy in windows', 'chunked'),
      ...numpyRun('NumPy in windows, tuned', 'tuned'),
      job('+ quantiles and histogram', everything(ALL, false, false)),
      job('+ patterns, blocks, dead channels', everything(ALL, true, false)),
      job('everything (+ digest), one thread', everything(ALL, true, true)),
      pair(
        'everything, two threads',
        HALVES.map((tensors) => everything(tensors, true, true)),
      ),
    ],
    ROUNDS,
  );
  await threads.end();
  await opened.checkpoint.close();

  const against = (name: string, to: string, target?: number): BenchRow['ratio'] =>
    laps.has(to) ? { to, value: faster(laps, name, to), ...(target === undefined ? {} : { target }) } : undefined;
  const row = (name: string, to?: string, target?: number): BenchRow[] =>
    laps.has(name)
      ? [rateRow(name, laps.get(name)!, bytes, to === undefined ? undefined : against(name, to, target))]
      : [];
  const again = (to: string, target?: number): BenchRow[] =>
    laps.has(to)
      ? row('one pass, one thread', to, target).map((found) => ({
          ...found,
          name: `one pass, one thread, against ${to}`,
        }))
      : [];
  const LOOP = 'AVX2 loop, C, one thread';
  const rows = [
    ...row('reading alone, C'),
    ...row(LOOP),
    ...row('one pass, one thread', LOOP, 0.65),
    ...row('one pass, two threads', LOOP, 1.1),
    ...row('NumPy in windows'),
    ...row('NumPy in windows, tuned'),
    ...again('NumPy in windows', 2.5),
    ...again('NumPy in windows, tuned'),
    ...row('+ quantiles and histogram', 'one pass, one thread'),
    ...row('+ patterns, blocks, dead channels', 'one pass, one thread'),
    ...row('everything (+ digest), one thread', 'one pass, one thread'),
    ...row('everything, two threads', 'one pass, one thread'),
  ];
  const notes = [
    `${(bytes / 2 ** 30).toFixed(0)} GiB of f32 in ${TENSORS} matrices of ${SIDE} × ${SIDE}, page-cached; normal weights, 2 % zeros.`,
    loops === null
      ? 'No C compiler: the native loop was not measured.'
      : `Native loop: ${loops.compiler}, -O3 -mavx2 -mfma.`,
    reference === null ? 'No Python: NumPy was not measured.' : `NumPy ${reference.version}.`,
  ];
  return [{ title: 'Statistics of f32', notes, rows }, await halves(loops?.path ?? null), await memory()];
}

/** f16 and bf16: patterns are counted, and every figure follows from the counts. */
async function halves(loops: string | null): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  for (const dtype of ['F16', 'BF16'] as const) {
    const path = weightsFile(dtype, HALF_TENSORS);
    const bytes = (HALF_TENSORS * TENSOR_BYTES_F32) / 2;
    const begin = dataBegin(path);
    const opened = await openFile(path);
    const tensors = Array.from({ length: HALF_TENSORS }, (_, i) => i);
    const loop = `${dtype}: counting loop, C`;
    const counts = `${dtype}: counts, one thread`;
    const all = `${dtype}: everything, one thread`;
    const work = (structure: boolean): Job => ({
      kind: 'everything',
      tensors,
      options: { structure, digest: structure },
    });
    const laps = await race(
      [
        ...(loops === null ? [] : [{ name: loop, run: () => nativeLap(loops, 'u16', path, begin, bytes, SIDE) }]),
        { name: counts, run: async () => void (await doJob(opened, work(false))) },
        { name: all, run: async () => void (await doJob(opened, work(true))) },
      ],
      ROUNDS,
    );
    await opened.checkpoint.close();
    if (loops !== null) rows.push(rateRow(loop, laps.get(loop)!, bytes));
    const ratio = loops === null ? undefined : { to: loop, value: faster(laps, counts, loop), target: 0.7 };
    rows.push(rateRow(counts, laps.get(counts)!, bytes, ratio));
    rows.push(rateRow(all, laps.get(all)!, bytes));
  }
  const notes = [
    '1 GiB each. Counts give sums, extremes, quantiles and the histogram; everything adds patterns, dead channels and the digest.',
  ];
  return { title: 'Statistics of f16 and bf16', notes, rows };
}

/** Peak memory of a process that scans a 20 GB tensor, everything asked for. */
async function memory(): Promise<BenchTable> {
  const path = sparseFile(GB20);
  const main = fileURLToPath(new URL('./memory.main.js', import.meta.url));
  const began = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, [main, path]);
  const seconds = (performance.now() - began) / 1000;
  const { maxRssMb, beforeMb } = JSON.parse(stdout) as { maxRssMb: number; beforeMb: number };
  return {
    title: 'Memory',
    notes: [`One f32 tensor of 20 GB, a hole on disk, everything asked for: ${seconds.toFixed(0)} s on one thread.`],
    rows: [
      { name: 'process before the scan', median: beforeMb, unit: 'MB' },
      {
        name: 'process at its peak',
        median: maxRssMb,
        unit: 'MB',
        ratio: { to: '150 MB', value: 150 / maxRssMb, target: 1 },
      },
    ],
  };
}
