import { costs, type Operation, type Outcome, type Rule } from '../operation.js';
import { type Axis, broadcast, elementsOf, type PartialShape, times } from '../shape.js';

/** Matrix product of stacks of matrices; vectors are rows on the left and columns on the right, as numpy.matmul. */
export function product(
  a: PartialShape,
  b: PartialShape,
  transposeA = false,
  transposeB = false,
): { readonly shape: PartialShape; readonly macs: number | null } {
  if (a === null || b === null || a.length === 0 || b.length === 0) return { shape: null, macs: null };
  const left = a.length === 1 ? [1, ...a] : transposeA ? swapped(a) : a;
  const right = b.length === 1 ? [...b, 1] : transposeB ? swapped(b) : b;
  const batch = broadcast([left.slice(0, -2), right.slice(0, -2)]);
  const inner = left.at(-1) ?? right.at(-2) ?? null;
  if (batch === null) return { shape: null, macs: null };
  const rows = left.at(-2)!;
  const columns = right.at(-1)!;
  return {
    shape: [...batch, ...(a.length === 1 ? [] : [rows]), ...(b.length === 1 ? [] : [columns])],
    macs: times(...batch, rows, columns, inner),
  };
}

const swapped = (shape: readonly Axis[]): readonly Axis[] => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];

export const matMul =
  (right: number): Rule =>
  (operation) => {
    const { shape, macs } = product(operation.shape(0), operation.shape(right));
    return costs(macs, shape);
  };

/** `alpha · A · B + beta · C`; adding C is not counted. */
export function gemm(operation: Operation, right = 1): Outcome {
  const { shape, macs } = product(
    operation.shape(0),
    operation.shape(right),
    operation.flag('transA'),
    operation.flag('transB'),
  );
  return costs(macs, shape);
}

/**
 * `ij,jk->ik`. Two operands: one multiply-accumulate for each combination of all letters, none where nothing is summed over. Of more operands the order
 * of the products is not told, so their cost is unknown.
 */
export function einsum(equation: string, inputs: readonly PartialShape[]): Outcome {
  const [left, stated] = equation.replaceAll(/\s/g, '').split('->');
  const terms = (left ?? '').split(',');
  if (terms.length !== inputs.length) return costs(null, null);
  const lengths = new Map<string, Axis>();
  const labels: (readonly string[])[] = [];
  for (const [at, term] of terms.entries()) {
    const letters = lettersOf(term, inputs[at]!);
    if (letters === null) return costs(null, null);
    labels.push(letters);
    for (const [axis, letter] of letters.entries()) {
      const length = inputs[at]?.[axis] ?? null;
      const before = lengths.get(letter);
      if (before === undefined || before === null || before === 1) lengths.set(letter, length);
    }
  }
  const wide = [...new Set(labels.flat().filter((letter) => letter.startsWith('.')))].sort();
  const output = stated === undefined ? implied(labels, wide) : explicit(stated, wide);
  const shape = output.map((letter) => lengths.get(letter) ?? null);
  const isSummed = [...lengths.keys()].some((letter) => !output.includes(letter));
  if (terms.length > 2) return { ...costs(null, shape), unknown: 'einsum of more than two' };
  return costs(terms.length === 2 && isSummed ? times(...lengths.values()) : 0, shape);
}

/** Axes under an ellipsis are called `.0`, `.1` … from the last one. */
function lettersOf(term: string, shape: PartialShape): readonly string[] | null {
  const at = term.indexOf('...');
  if (at < 0) return shape === null || shape.length === term.length ? [...term] : null;
  const hidden = shape === null ? -1 : shape.length - (term.length - 3);
  if (hidden < 0) return null;
  const dots = Array.from({ length: hidden }, (_, i) => `.${hidden - 1 - i}`);
  return [...term.slice(0, at), ...dots, ...term.slice(at + 3)];
}

const byPlace = (wide: readonly string[]): readonly string[] =>
  [...wide].sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)));

function explicit(output: string, wide: readonly string[]): readonly string[] {
  const at = output.indexOf('...');
  return at < 0 ? [...output] : [...output.slice(0, at), ...byPlace(wide), ...output.slice(at + 3)];
}

/** Without an output the letters that occur once, in alphabetical order. */
function implied(labels: readonly (readonly string[])[], wide: readonly string[]): readonly string[] {
  const all = labels.flat();
  const once = all.filter((letter) => !letter.startsWith('.') && all.filter((other) => other === letter).length === 1);
  return [...byPlace(wide), ...once.sort()];
}

export const matrices: Readonly<Record<string, Rule>> = {
  MatMul: matMul(1),
  MatMulInteger: matMul(1),
  QLinearMatMul: matMul(3),
  Gemm: (operation) => gemm(operation),
  Einsum: (operation) => {
    const text = operation.text('equation');
    return text === ''
      ? costs(null, null)
      : einsum(
          text,
          operation.inputs.map(({ shape }) => shape),
        );
  },
  /** Positions of a grid times a matrix of 2×3 or 3×4 for each image. */
  AffineGrid: (operation) => {
    const size = operation.elements(1);
    const dims = size === undefined ? 0 : size.length - 2;
    if (size === undefined || (dims !== 2 && dims !== 3)) return costs(null, null);
    const shape = [size[0]!, ...size.slice(2), dims];
    return costs(times(elementsOf(shape), dims + 1), shape);
  },
};
