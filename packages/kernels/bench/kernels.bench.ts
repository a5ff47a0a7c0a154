import { seeded } from '@espalier/base';
import {
  BYTE_COUNTERS,
  counterLength,
  HISTOGRAM_COUNTERS,
  type Kernels,
  noDifference,
  plainKernels,
  type Region,
  simdKernels,
} from '@espalier/kernels';
import { type BenchRow, type BenchTable, faster, race, rateRow } from '@espalier/testkit';

const ROUNDS = Number(process.env.ESPALIER_BENCH_ROUNDS ?? 15);
const ELEMENTS = 2 ** 18;
/** Bits of 8 Mi elements. */
const BITS = 2 ** 23;
const SIDE = 4096;

/** Each kernel beside its plain twin, on one window that lies in the memory of the kernels. */
export async function run(): Promise<BenchTable[]> {
  const simd = simdKernels();
  if (simd === null) throw new Error('This machine runs no WebAssembly SIMD.');
  const rows: BenchRow[] = [];
  const [plainWork, simdWork] = [workOf(plainKernels()), workOf(simd)];
  for (const [name, { bytes, repeat }] of Object.entries(SIZES)) {
    const laps = await race(
      [
        { name: 'plain', run: async () => repeated(plainWork[name]!, 1) },
        { name: 'simd', run: async () => repeated(simdWork[name]!, repeat) },
      ],
      ROUNDS,
    );
    const each = new Map([
      ['plain', laps.get('plain')!],
      ['simd', laps.get('simd')!.map(({ wallMs, cpuMs }) => ({ wallMs: wallMs / repeat, cpuMs: cpuMs / repeat }))],
    ]);
    const ratio = { to: 'its plain twin', value: faster(each, 'simd', 'plain') };
    rows.push(rateRow(name, each.get('simd')!, bytes, ratio));
  }
  const notes = [
    `Windows of ${ELEMENTS.toLocaleString('en-US')} elements, or ${BITS.toLocaleString('en-US')} zero bits, in the cache.`,
  ];
  return [{ title: 'Kernels', notes, rows }];
}

async function repeated(work: () => void, times: number): Promise<undefined> {
  for (let i = 0; i < times; i++) work();
  return undefined;
}

/** Bytes that a call goes through, and calls in a lap of the SIMD form. */
const SIZES: Readonly<Record<string, { bytes: number; repeat: number }>> = {
  'scanFloat32 (one pass)': { bytes: 4 * ELEMENTS, repeat: 20 },
  'scanFloat32, precise': { bytes: 4 * ELEMENTS, repeat: 20 },
  digestBlocks: { bytes: 4 * ELEMENTS, repeat: 20 },
  'countLeading, 16 bits': { bytes: 4 * ELEMENTS, repeat: 10 },
  'countTrailing, 12 slots': { bytes: 4 * ELEMENTS, repeat: 10 },
  histogramFloat32: { bytes: 4 * ELEMENTS, repeat: 10 },
  differFloat32: { bytes: 8 * ELEMENTS, repeat: 10 },
  countPatterns16: { bytes: 2 * ELEMENTS, repeat: 10 },
  countPatterns8: { bytes: ELEMENTS, repeat: 10 },
  matchBits16: { bytes: 2 * ELEMENTS, repeat: 20 },
  'countWithin32, 1 % within': { bytes: 4 * ELEMENTS, repeat: 20 },
  dropSmall32: { bytes: 4 * ELEMENTS, repeat: 20 },
  'dropUnset, 4 bytes': { bytes: 4 * ELEMENTS, repeat: 20 },
  decodeFloat16: { bytes: 2 * ELEMENTS, repeat: 20 },
  'reduceTiles, 16 values a tile': { bytes: 4 * ELEMENTS, repeat: 10 },
  'nmGroups along rows (bits)': { bytes: BITS / 8, repeat: 10 },
  'nmGroups along columns (bits)': { bytes: BITS / 8, repeat: 10 },
  'zeroBlocks (bits)': { bytes: BITS / 8, repeat: 10 },
};

function workOf(k: Kernels): Record<string, () => void> {
  const rng = seeded(8);
  const float = (elements: number): Float32Array => floats(k.take(4 * elements), elements);
  const x = float(ELEMENTS).map(() => (rng.next() < 0.02 ? 0 : 0.02 * rng.normal()));
  const values = float(ELEMENTS);
  values.set(x);
  const other = float(ELEMENTS);
  other.set(x.map((value, i) => (i % 3 === 0 ? value * 1.01 : value)));
  const words = new Uint32Array(values.buffer, values.byteOffset, ELEMENTS);
  const within = wordArray(k.take(4 * ELEMENTS), ELEMENTS);
  const dropped = wordArray(k.take(4 * ELEMENTS), ELEMENTS);
  dropped.set(words);
  const droppedBytes = new Uint8Array(dropped.buffer, dropped.byteOffset, 4 * ELEMENTS);
  const halfRegion = k.take(2 * ELEMENTS);
  const halves = new Uint16Array(halfRegion.buffer, halfRegion.byteOffset, ELEMENTS);
  for (let i = 0; i < ELEMENTS; i++) halves[i] = words[i]! >>> 16;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, ELEMENTS);
  const out = float(ELEMENTS);
  const bits = byteArray(k.take(BITS / 8), BITS / 8);
  for (let i = 0; i < bits.length; i++) bits[i] = rng.below(256);
  const small = byteArray(k.take(ELEMENTS / 8), ELEMENTS / 8);
  const counts = wordArray(k.take(4 * counterLength(65_536)), counterLength(65_536));
  const byteCounts = wordArray(k.take(4 * BYTE_COUNTERS), BYTE_COUNTERS);
  const bins = wordArray(k.take(4 * HISTOGRAM_COUNTERS), HISTOGRAM_COUNTERS);
  const tables = wordArray(k.take(4 * 12 * 65_536), 12 * 65_536);
  const slotRegion = k.take(2 * 65_536);
  const slots = new Int16Array(slotRegion.buffer, slotRegion.byteOffset, 65_536).fill(-1);
  for (let slot = 0; slot < 12; slot++) slots[words[slot * 100]! >>> 16] = slot;
  const none = new Uint32Array(0);
  const plan = { shift: 16, mask: 0xffff_ffff, slots, digitBits: 16, second: null, borders: 12, thresholds: none };
  const above = wordArray(k.take(64), 1);
  const sum = wordArray(k.take(16), 4);
  const tileCount = ELEMENTS / 16;
  const tile = (): Float64Array => {
    const region = k.take(8 * tileCount);
    return new Float64Array(region.buffer, region.byteOffset, tileCount);
  };
  const tiles = { sum: tile(), zeros: tile(), kept: tile(), nonFinite: tile() };
  return {
    'scanFloat32 (one pass)': () => void k.scanFloat32(values, small, false),
    'scanFloat32, precise': () => void k.scanFloat32(values, small, true),
    digestBlocks: () => k.digestBlocks(words, 0, true, sum),
    'countLeading, 16 bits': () => k.countLeading(words, 16, 0xffff_ffff, counts, false),
    'countTrailing, 12 slots': () => k.countTrailing(words, plan, tables, above),
    histogramFloat32: () => k.histogramFloat32(values, -0.12, 0.12, bins),
    differFloat32: () => k.differFloat32(values, other, noDifference()),
    countPatterns16: () => k.countPatterns16(halves, counts, false),
    countPatterns8: () => k.countPatterns8(bytes, byteCounts),
    matchBits16: () => void k.matchBits16(halves, 0x7fff, 0, small),
    'countWithin32, 1 % within': () => void k.countWithin32(words, 0x3cd2_0000, 0x3cd4_0000, within),
    dropSmall32: () => void k.dropSmall32(dropped, 0x3c80_0000, 0),
    'dropUnset, 4 bytes': () => k.dropUnset(droppedBytes, 4, small, 0),
    decodeFloat16: () => k.decodeFloat16(halves, out),
    'reduceTiles, 16 values a tile': () => k.reduceTiles(values, 16, false, tiles, 0),
    'nmGroups along rows (bits)': () => void k.nmGroups(bits, BITS / SIDE, SIDE, 1),
    'nmGroups along columns (bits)': () => void k.nmGroups(bits, 1, BITS / SIDE, SIDE),
    'zeroBlocks (bits)': () => void k.zeroBlocks(bits, BITS / SIDE, SIDE),
  };
}

const floats = (region: Region, length: number): Float32Array =>
  new Float32Array(region.buffer, region.byteOffset, length);
const byteArray = (region: Region, length: number): Uint8Array =>
  new Uint8Array(region.buffer, region.byteOffset, length);
const wordArray = (region: Region, length: number): Uint32Array =>
  new Uint32Array(region.buffer, region.byteOffset, length).fill(0);
