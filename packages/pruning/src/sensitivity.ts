import type { Work } from '@espalier/base';
import { kernels } from '@espalier/kernels';
import type { PrunableLayer } from './layer.js';
import { valueWindows } from './readLayer.js';
import { roundHalfEven } from './roundHalfEven.js';

/** Leading 16 and trailing 15 bits of a magnitude as f32. */
const LEADING = 65_536;
const TRAILING_BITS = 15;
const TRAILING = 2 ** TRAILING_BITS;
/** Leading bits of infinities; NaNs are at and above. */
const INFINITE = 0xff00;

/**
 * The share of a layer's energy Σw² that goes when the smallest weights go, for each of some sparsities: round-half-even(sparsity × weights) of them.
 * Exact to the rounding of f64 sums, from histograms of bit patterns: the first read counts weights and adds squares by their 16 leading bits, the second counts
 * how those go on among which a border lies. A megabyte, whatever the size. Values wider than f32 are looked at as f32. Infinities and NaN have no part in
 * it, nor has a mask. NaN where the layer has no energy.
 */
export async function energyLost(
  layer: Pick<PrunableLayer, 'entry'>,
  sparsities: readonly number[],
  work: Work,
): Promise<number[]> {
  const counts = new Float64Array(LEADING);
  const energies = new Float64Array(LEADING);
  await eachWord(layer, work, (words, values) => {
    for (let i = 0; i < words.length; i++) {
      const leading = (words[i]! & 0x7fff_ffff) >>> TRAILING_BITS;
      const value = values[i]!;
      counts[leading]!++;
      energies[leading]! += value * value;
    }
  });
  const finite = counts.subarray(0, INFINITE).reduce((sum, count) => sum + count, 0);
  const total = energies.subarray(0, INFINITE).reduce((sum, energy) => sum + energy, 0);
  const borders = sparsities.map((sparsity) =>
    borderOf(counts, energies, Math.min(finite, roundHalfEven(sparsity * layer.entry.elements))),
  );
  const tables = await trailingCounts(layer, [...new Set(borders.map(({ leading }) => leading))], work);
  return borders.map(({ leading, below, left }) => (below + smallest(leading, tables.get(leading)!, left)) / total);
}

interface Border {
  /** Leading bits of the weights of which only some go. */
  readonly leading: number;
  /** Energy of all weights before them. */
  readonly below: number;
  /** How many of them go. */
  readonly left: number;
}

function borderOf(counts: Float64Array, energies: Float64Array, going: number): Border {
  let below = 0;
  let left = going;
  let leading = 0;
  while (leading < INFINITE - 1 && counts[leading]! <= left) {
    left -= counts[leading]!;
    below += energies[leading++]!;
  }
  return { leading, below, left };
}

async function trailingCounts(
  layer: Pick<PrunableLayer, 'entry'>,
  leading: readonly number[],
  work: Work,
): Promise<Map<number, Uint32Array>> {
  const slots = new Int16Array(LEADING).fill(-1);
  for (const [slot, bits] of leading.entries()) slots[bits] = slot;
  const tables = new Uint32Array(leading.length * TRAILING);
  const none = new Uint32Array(0);
  const plan = {
    shift: TRAILING_BITS,
    mask: 0x7fff_ffff,
    slots,
    digitBits: TRAILING_BITS,
    second: null,
    borders: leading.length,
    thresholds: none,
  };
  await eachWord(layer, work, (words) => kernels().countTrailing(words, plan, tables, none));
  return new Map(leading.map((bits, slot) => [bits, tables.subarray(slot * TRAILING, (slot + 1) * TRAILING)]));
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** Energy of the `left` smallest of the weights that begin with some leading bits. */
function smallest(leading: number, trailing: Uint32Array, left: number): number {
  let energy = 0;
  for (let bits = 0, rest = left; rest > 0; bits++) {
    const count = Math.min(rest, trailing[bits]!);
    if (count === 0) continue;
    word[0] = leading * TRAILING + bits;
    energy += count * single[0]! ** 2;
    rest -= count;
  }
  return energy;
}

async function eachWord(
  layer: Pick<PrunableLayer, 'entry'>,
  work: Work,
  visit: (words: Uint32Array, values: Float32Array) => void,
): Promise<void> {
  for await (const { values } of valueWindows(layer, work)) {
    const singles = values instanceof Float32Array ? values : Float32Array.from(values);
    visit(new Uint32Array(singles.buffer, singles.byteOffset, singles.length), singles);
  }
}
