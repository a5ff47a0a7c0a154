import type { Parameter } from '@espalier/base';

/** Limits that a checkpoint keeps; what is absent does not bind. */
export interface Budget {
  /** Globs over paths relative to the budget's folder; empty: every checkpoint below it. */
  readonly checkpoints: readonly string[];
  readonly sizeBytes: number | null;
  readonly sparsity: readonly SparsityLimit[];
  readonly pattern: readonly PatternLimit[];
  readonly latency: readonly LatencyLimit[];
  readonly accuracy: number | null;
  /** Severities and codes of findings that must not occur. */
  readonly forbid: readonly string[];
}

export interface SparsityLimit {
  readonly match: string;
  readonly atLeast: number;
  /** Of every tensor by itself; else of all that match together. */
  readonly each: boolean;
}

export interface PatternLimit {
  readonly match: string;
  readonly is: string;
}

export interface LatencyLimit {
  readonly device: string;
  readonly atMostMs: number;
}

const MATCH: Parameter = { kind: 'text', required: true, doc: 'A glob over names of tensors and layers.' };

/** What a budget may say. */
export const BUDGET: Readonly<Record<string, Parameter>> = {
  checkpoints: {
    kind: 'globs',
    default: [],
    doc: 'Globs over the paths of checkpoints, relative to the budget; without it every checkpoint below its folder.',
  },
  size: {
    kind: 'text',
    pattern: '[0-9]+(\\.[0-9]+)? ?([kKMGT]i?)?B',
    doc: 'Bytes on disk at most, all files of the checkpoint together: 25 MB, 1.5 GiB.',
  },
  sparsity: {
    kind: 'list',
    doc: 'Shares of zeros that weights have at least.',
    item: {
      match: MATCH,
      atLeast: { kind: 'ratio', required: true, doc: 'Share of the matching weights that is zero at least.' },
      each: { kind: 'flag', default: false, doc: 'Of every tensor by itself, not of all that match together.' },
    },
  },
  pattern: {
    kind: 'list',
    doc: 'Patterns that hold strictly in every matching weight tensor.',
    item: {
      match: MATCH,
      is: {
        kind: 'oneOf',
        required: true,
        doc: 'The pattern.',
        values: [
          ...['1:2', '2:4', '1:4', '4:8'].map((value) => ({
            value,
            doc: `Of every ${value.split(':')[1]} consecutive weights along the inputs at most ${value.split(':')[0]} are not zero.`,
          })),
          ...['4x1', '1x4', '4x4', '16x16'].map((value) => ({
            value,
            doc: `Every zero lies in a block of ${value} zeros of the kernel matrix, rows × columns.`,
          })),
        ],
      },
    },
  },
  latency: {
    kind: 'list',
    doc: 'Times of one run that are estimated for devices.',
    item: {
      device: { kind: 'text', required: true, doc: 'The name of a device profile.' },
      atMostMs: { kind: 'number', required: true, minimum: 0, unit: 'ms', doc: 'Milliseconds at most.' },
    },
  },
  accuracy: {
    kind: 'number',
    doc: 'The least figure that the evaluate command of the run may have given; it is read from the report beside the checkpoint.',
  },
  forbid: {
    kind: 'globs',
    default: [],
    doc: 'Findings that must not occur: information, warning, error (each with everything worse), or a code such as non-finite.',
  },
};

/** What the budget of a recipe may say: it is for the recipe's own result. */
export const RECIPE_BUDGET: Readonly<Record<string, Parameter>> = Object.fromEntries(
  Object.entries(BUDGET).filter(([name]) => name !== 'checkpoints'),
);

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };
const BINARY_UNITS: Readonly<Record<string, number>> = { k: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Bytes of `25 MB`, `1.5 GiB`, `100 B`; null for another text. */
export function bytesOf(text: string): number | null {
  const [, count, prefix = '', binary] = /^([0-9]+(?:\.[0-9]+)?) ?(?:([kKMGT])(i)?)?B$/.exec(text) ?? [];
  if (count === undefined) return null;
  const unit = (binary === undefined ? UNITS : BINARY_UNITS)[prefix === 'K' ? 'k' : prefix]!;
  return Math.round(Number(count) * unit);
}

/** The parameter at a path within a budget. */
export function budgetParameter(path: readonly (string | number)[]): Parameter | null {
  let table: Readonly<Record<string, Parameter>> | null = BUDGET;
  let found: Parameter | null = null;
  for (const part of path) {
    if (typeof part === 'number') continue;
    if (table === null || !Object.hasOwn(table, part)) return null;
    found = table[part]!;
    table = found.kind === 'list' || found.kind === 'group' ? found.item : null;
  }
  return found;
}
