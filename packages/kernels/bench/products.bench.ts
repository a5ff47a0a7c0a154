import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { seeded } from '@espalier/base';
import { compressBlocks, compressRows, type Kernels, simdKernels } from '@espalier/kernels';
import { type BenchRow, type BenchTable, faster, type Lap, race, timeRow } from '@espalier/testkit';

const ROUNDS = Number(process.env.ESPALIER_BENCH_ROUNDS ?? 11);
const SIDE = 1024;
const COLUMNS = 256;
const LAYER = { rows: SIDE, inner: SIDE, columns: COLUMNS };
const CUBE = { rows: SIDE, inner: SIDE, columns: SIDE };

/** Speed-ups over the dense kernel that were reached before, by sparsity. */
const REACHED: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  'compressed rows': { 0.5: 0.8, 0.75: 1.7, 0.9: 4.2, 0.95: 8.9 },
  'blocks 4×1': { 0.5: 1.4, 0.75: 3.1, 0.9: 7.1, 0.95: 16 },
  'channels removed': { 0.5: 2.1, 0.75: 4.4, 0.9: 10, 0.95: 19 },
};
/** How far below them a run may fall. */
const WITHIN = 0.85;

/** Products of a layer, one thread. */
export async function run(): Promise<BenchTable[]> {
  const k = simdKernels();
  if (k === null) throw new Error('This machine runs no WebAssembly SIMD.');
  return [await dense(k), await sparse(k)];
}

async function dense(k: Kernels): Promise<BenchTable> {
  const rng = seeded(1);
  const [a, b, c] = [0, 1, 2].map(() =>
    placed(
      k,
      Float32Array.from({ length: SIDE * SIDE }, () => rng.normal()),
    ),
  );
  const [x, y] = [0, 1].map(() =>
    placed(
      k,
      Int8Array.from({ length: SIDE * SIDE }, () => rng.below(256) - 128),
    ),
  );
  const z = placed(k, new Int32Array(SIDE * SIDE));
  const peak = await nativePeak();
  const laps = await race(
    [
      { name: 'layer', run: once(() => k.gemmFloat32(a!, b!, c!, LAYER)) },
      { name: 'cube', run: once(() => k.gemmFloat32(a!, b!, c!, CUBE)) },
      { name: 'int8', run: once(() => k.gemmInt8(x!, y!, z, CUBE)) },
      ...(peak === null ? [] : [{ name: 'peak', run: () => peak(operations(LAYER)) }]),
    ],
    ROUNDS,
  );
  const rate = (name: string, shape: typeof LAYER): string => {
    const times = laps.get(name)!.map(({ wallMs }) => wallMs);
    const middle = times.sort((left, right) => left - right)[Math.floor(times.length / 2)]!;
    return `${(operations(shape) / middle / 1e6).toFixed(1)} billion operations a second`;
  };
  const toPeak = { to: 'the 128-bit peak', value: peak === null ? 0 : faster(laps, 'layer', 'peak'), target: 0.6 };
  const toFloats = { to: 'f32', value: faster(laps, 'int8', 'cube'), target: 1.5 };
  const rows: BenchRow[] = [
    timeRow('f32, 1024×1024 by 256', laps.get('layer')!, peak === null ? undefined : toPeak, rate('layer', LAYER)),
    timeRow('f32, 1024×1024 by 1024', laps.get('cube')!, undefined, rate('cube', CUBE)),
    timeRow('int8, 1024×1024 by 1024', laps.get('int8')!, toFloats, rate('int8', CUBE)),
  ];
  const notes = [
    'One thread, plain SIMD. The peak is a native loop of fused multiply-adds of 128 bits; plain SIMD has none and multiplies, then adds.',
    ...(peak === null ? ['Without a C compiler the peak was not measured.'] : []),
  ];
  return { title: 'Dense products', notes, rows };
}

async function sparse(k: Kernels): Promise<BenchTable> {
  const rng = seeded(2);
  const [b, c] = [0, 1].map(() =>
    placed(
      k,
      Float32Array.from({ length: SIDE * COLUMNS }, () => rng.normal()),
    ),
  );
  const weights = placed(
    k,
    Float32Array.from({ length: SIDE * SIDE }, () => rng.normal()),
  );
  const rows: BenchRow[] = [];
  for (const sparsity of [0.5, 0.75, 0.9, 0.95]) {
    const kept = Uint8Array.from({ length: SIDE * SIDE }, () => (rng.next() < sparsity ? 0 : 1));
    const csr = compressRows(
      weights.map((value, at) => value * kept[at]!),
      SIDE,
      SIDE,
    );
    const blocks = compressBlocks(
      weights.map((value, at) => value * kept[Math.floor(at / SIDE / 4) * SIDE + (at % SIDE)]!),
      SIDE,
      SIDE,
    );
    const fewer = { ...LAYER, rows: Math.round((1 - sparsity) * SIDE) };
    const laps = await race(
      [
        { name: 'dense', run: once(() => k.gemmFloat32(weights, b!, c!, LAYER)) },
        { name: 'compressed rows', run: once(() => k.csrFloat32(csr, b!, c!, COLUMNS)) },
        { name: 'blocks 4×1', run: once(() => k.blocks4x1Float32(blocks, b!, c!, COLUMNS)) },
        { name: 'channels removed', run: once(() => k.gemmFloat32(weights, b!, c!, fewer)) },
      ],
      ROUNDS,
    );
    for (const [name, reached] of Object.entries(REACHED)) {
      const ratio = {
        to: 'the dense kernel',
        value: faster(laps, name, 'dense'),
        target: Number((WITHIN * reached[sparsity]!).toFixed(2)),
      };
      rows.push(timeRow(`${name}, ${100 * sparsity} % zero`, laps.get(name)!, ratio));
    }
  }
  const notes = ['1024×1024 weights by 256 columns, one thread; zeros at random places.'];
  return { title: 'Sparse products', notes, rows };
}

const operations = ({ rows, inner, columns }: typeof LAYER): number => 2 * rows * inner * columns;

const once = (work: () => void) => async (): Promise<undefined> => {
  work();
  return undefined;
};

/** A copy in the memory of the kernels. */
function placed<View extends Float32Array | Int8Array | Int32Array>(k: Kernels, view: View): View {
  const { buffer, byteOffset } = k.take(view.byteLength);
  const Type = view.constructor as new (buffer: ArrayBufferLike, at: number, length: number) => View;
  const copy = new Type(buffer, byteOffset, view.length);
  copy.set(view);
  return copy;
}

/** Times so many operations in native code; null where there is no compiler. */
async function nativePeak(): Promise<((flop: number) => Promise<Lap>) | null> {
  const source = fileURLToPath(new URL('native/peak.c', import.meta.url));
  const program = join(tmpdir(), 'espalier-bench', 'peak');
  const call = promisify(execFile);
  try {
    mkdirSync(join(tmpdir(), 'espalier-bench'), { recursive: true });
    await call('cc', ['-O3', '-mfma', '-o', program, source]);
  } catch {
    return null;
  }
  return async (flop) => {
    const wallMs = 1000 * Number((await call(program, [String(flop)])).stdout.split(' ')[0]);
    return { wallMs, cpuMs: wallMs };
  };
}
