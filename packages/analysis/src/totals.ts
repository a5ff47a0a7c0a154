import type { FileTotals, TensorFacts } from './facts.js';

/**
 * Sums over a file. Tensors that share their storage with an earlier one count once; optimizer states count as bytes, not as parameters;
 * texts have no parameters. Figures that need values are null until every tensor that has values was scanned.
 */
export function totals(facts: readonly TensorFacts[]): FileTotals {
  const own = facts.filter(({ head }) => head.sharesStorageWith === undefined);
  const weights = own.filter(({ head }) => isParameter(head.role));
  const prunable = weights.filter(({ head }) => head.prunable);
  const elements = (some: readonly TensorFacts[]): number => some.reduce((sum, { head }) => sum + head.elements, 0);
  const zeros = (some: readonly TensorFacts[]): number | null => {
    const counted = some.filter(({ head }) => hasValues(head));
    if (counted.some(({ stats }) => stats === undefined)) return null;
    return counted.reduce((sum, { stats }) => sum + stats!.zeros, 0);
  };
  const counted = (some: readonly TensorFacts[]): number => elements(some.filter(({ head }) => hasValues(head)));
  const ratio = (part: number | null, whole: number): number | null =>
    part === null || whole === 0 ? null : part / whole;
  const allZeros = zeros(weights);
  const prunableZeros = zeros(prunable);
  return {
    tensors: facts.length,
    parameters: elements(weights),
    bytes: own.reduce((sum, { head }) => sum + head.bytes, 0),
    zeros: allZeros,
    sparsity: ratio(allZeros, counted(weights)),
    prunableParameters: elements(prunable),
    prunableZeros,
    prunableSparsity: ratio(prunableZeros, counted(prunable)),
    readableParameters: counted(weights),
    readablePrunable: counted(prunable),
    scannedTensors: facts.filter(({ stats }) => stats !== undefined).length,
  };
}

const isParameter = (role: TensorFacts['head']['role']): boolean => role !== 'text' && role !== 'optimizer';

const hasValues = (head: TensorFacts['head']): boolean => head.noValues === undefined;
