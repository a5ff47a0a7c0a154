import { bytesText, type Fault, fail, ok, type Result, type Work } from '@espalier/base';
import type { ChangeNote } from '@espalier/protocol';
import type { PrunableLayer } from '@espalier/pruning';
import {
  type How,
  MIXED_BITS,
  type PostTrainingOptions,
  planMixed,
  quantizeLayer,
  SCHEMES,
} from '@espalier/quantization';

export interface MixedCandidate extends PrunableLayer {
  readonly how: How;
}

/**
 * The scheme of each layer where all share a budget (specification of the quantization engine, 3.6), and what that gains beside the same bits for all. Every layer is quantized
 * with each number of bits to know its error. Faults: `quantize/budget` where the fewest bits do not fit; those of the layers and of the sources; aborts fly.
 */
export async function mixedBits(
  candidates: readonly MixedCandidate[],
  { bitsPerWeight, bytes, fewest = '2' }: NonNullable<PostTrainingOptions['mixed']>,
  work: Work,
): Promise<Result<{ readonly how: ReadonlyMap<string, How>; readonly note: ChangeNote }, Fault>> {
  const weights = candidates.reduce((sum, { head }) => sum + head.elements, 0);
  const budget = bytes ?? Math.floor(((bitsPerWeight ?? 8) * weights) / 8);
  const allowed = MIXED_BITS.filter((bits) => bits >= Number(fewest));
  const layers: { parameters: number; choices: { bits: number; error: number }[] }[] = [];
  let signal = 0;
  for (const [done, { head, entry, how }] of candidates.entries()) {
    work.progress({ done, total: candidates.length, label: head.name });
    const choices: { bits: number; error: number }[] = [];
    for (const bits of allowed) {
      const found = await quantizeLayer(entry, { ...how, scheme: uniform(how, bits) }, work);
      if (!found.ok) return found;
      const { mse, elements, sqnrDb } = found.value.error;
      choices.push({ bits, error: mse * elements });
      // The signal is the same whatever the bits are.
      if (bits === allowed[0] && sqnrDb !== null && Number.isFinite(sqnrDb))
        signal += mse * elements * 10 ** (sqnrDb / 10);
    }
    layers.push({ parameters: head.elements, choices });
  }
  const plan = planMixed(layers, budget);
  const least = sizeOf(layers, allowed[0]!);
  if (plan === null) {
    return fail({
      code: 'quantize/budget',
      message: `${allowed[0]} bits for each weight take ${bytesText(least)}, more than the budget of ${bytesText(budget)}.`,
      expected: least,
      found: budget,
    });
  }
  const how = new Map(
    candidates.map((candidate, i) => {
      const scheme = uniform(candidate.how, plan.bits[i]!);
      return [candidate.head.name, { ...candidate.how, scheme }] as const;
    }),
  );
  const same = allowed.filter((bits) => sizeOf(layers, bits) <= budget).at(-1)!;
  const plain = layers.reduce((sum, { choices }) => sum + choices.find(({ bits }) => bits === same)!.error, 0);
  const counts = allowed.flatMap((bits) => {
    const count = plan.bits.filter((own) => own === bits).length;
    return count === 0 ? [] : [`${count} of ${bits} bits`];
  });
  const others = `${same} bits for all with ${bytesText(sizeOf(layers, same))}`;
  const gained =
    plan.error === 0 || plain === 0
      ? `; beside it ${others}`
      : `, ${(10 * Math.log10(plain / plan.error)).toFixed(1)} dB more than ${others}`;
  const kept = plan.error === 0 ? 'nothing lost' : `${(10 * Math.log10(signal / plan.error)).toFixed(1)} dB kept`;
  const note: ChangeNote = {
    code: 'quantize/mixed',
    severity: 'information',
    message: `Mixed precision: ${counts.join(', ')}; ${bytesText(plan.bytes)} of codes of ${bytesText(budget)} allowed, ${kept}${gained}.`,
  };
  return ok({ how, note });
}

const uniform = ({ scheme }: How, bits: number): Extract<How['scheme'], { kind: 'uniform' }> => {
  const symmetric = scheme.kind !== 'uniform' || scheme.symmetric;
  return SCHEMES.get(`int${bits}-${symmetric ? 'sym' : 'asym'}`) as Extract<How['scheme'], { kind: 'uniform' }>;
};

const sizeOf = (layers: readonly { readonly parameters: number }[], bits: number): number =>
  layers.reduce((sum, { parameters }) => sum + Math.ceil((parameters * bits) / 8), 0);
