import { idleWork, seeded } from '@espalier/base';
import { type BenchTable, race, timeRow } from '@espalier/testkit';
import { kernelMatrix } from '../src/kernelMatrix.js';
import { maskOf } from '../src/mask.js';
import { type BitRows, bitRowsOf } from '../src/structure/bitRows.js';
import { regroupLayer } from '../src/structure/regroupLayer.js';

const ROUNDS = Math.min(Number(process.env['ESPALIER_BENCH_ROUNDS'] ?? 5), 5);

const SHAPES = [
  [256, 2304],
  [512, 4608],
  [1024, 1024],
  [4096, 4096],
] as const;

/** Grouping the channels of a layer whose channels and inputs are of different strength, a fifth of the weights left. */
export async function run(): Promise<BenchTable[]> {
  const masks = SHAPES.map(([rows, columns]) => [`${rows}×${columns}`, unevenMask(rows, columns)] as const);
  const kept = new Map<string, string>();
  const laps = await race(
    masks.map(([name, mask]) => ({
      name,
      run: async () => {
        const found = await regroupLayer(
          mask,
          { rule: { kind: 'paper', minRows: 8, minColumns: 8, share: 0.4, repeat: true }, imbalance: 0.1, seed: 1 },
          idleWork(),
        );
        const percent = (part: number): string => `${Math.round((100 * part) / found.weights)} %`;
        kept.set(name, `${percent(found.captured)} (${percent(found.inOrder.captured)} with channels in file order)`);
        return undefined;
      },
    })),
    ROUNDS,
  );
  return [
    {
      title: 'Re-grouping, a layer',
      notes: [
        'Values normal, channels and inputs of lognormal strength (σ 0.5 and 0.7), the largest fifth left; groups by the rule of the paper with its defaults here.',
        `Weights that lie in the blocks: ${[...kept].map(([name, text]) => `${name} ${text}`).join(', ')}.`,
      ],
      rows: masks.map(([name]) => timeRow(name, laps.get(name)!)),
    },
  ];
}

function unevenMask(rows: number, columns: number): BitRows {
  const rng = seeded(1);
  const strength = (sigma: number) => () => Math.exp(sigma * rng.normal());
  const inputs = Float64Array.from({ length: columns }, strength(0.7));
  const outputs = Float64Array.from({ length: rows }, strength(0.5));
  const sizes = Float64Array.from(
    { length: rows * columns },
    (_, i) => Math.abs(rng.normal()) * inputs[i % columns]! * outputs[Math.floor(i / columns)]!,
  );
  const threshold = sizes.slice().sort()[Math.round(0.8 * sizes.length)]!;
  const matrix = kernelMatrix({ shape: [rows, columns], axes: { output: [0], input: [1], kernel: [], groups: 1 } });
  return bitRowsOf(
    matrix,
    maskOf(sizes.length, (i) => sizes[i]! >= threshold),
  );
}
