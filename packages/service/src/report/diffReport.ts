import type { StructureDiff, ValueDiff } from '@espalier/analysis';
import { z } from 'zod';
import type { CompareEnd } from '../comparisons.js';
import { SCHEMA_VERSION } from './inspectSchema.js';

const side = z.object({ name: z.string(), dtype: z.string(), shape: z.array(z.number().int()) });

/** What `espalier diff A B --format json` prints. */
export const diffReport = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  before: z.string(),
  after: z.string(),
  structure: z.object({
    added: z.array(side),
    removed: z.array(side),
    renamed: z.array(z.object({ before: z.string(), after: z.string(), how: z.string() })),
    reshaped: z.array(
      z.object({ name: z.string(), before: z.array(z.number().int()), after: z.array(z.number().int()) }),
    ),
    retyped: z.array(z.object({ name: z.string(), before: z.string(), after: z.string() })),
  }),
  values: z.array(
    z.object({
      name: z.string(),
      nameBefore: z.string().optional(),
      elements: z.number().int().describe('Elements compared: all, or those of the rows and columns both shapes have.'),
      changed: z.number().int(),
      maskChanged: z.number().int().describe('Elements that are zero in exactly one of the two.'),
      newZeros: z.number().int(),
      newKept: z.number().int(),
      maxAbsDelta: z.union([z.number(), z.string()]),
      l2Delta: z.union([z.number(), z.string()]),
      sparsityBefore: z.number(),
      sparsityAfter: z.number(),
      largest: z.array(
        z.object({
          index: z.array(z.number().int()),
          before: z.union([z.number(), z.string()]),
          after: z.union([z.number(), z.string()]),
        }),
      ),
    }),
  ),
  totals: z.object({
    elements: z.number().int(),
    changed: z.number().int(),
    maskChanged: z.number().int(),
    maxAbsDelta: z.union([z.number(), z.string()]),
    l2Delta: z.union([z.number(), z.string()]),
    sparsityBefore: z.number().nullable(),
    sparsityAfter: z.number().nullable(),
    prunableSparsityBefore: z.number().nullable(),
    prunableSparsityAfter: z.number().nullable(),
  }),
  identical: z.boolean(),
});

export type DiffReport = z.infer<typeof diffReport>;

const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

/** Values in the order of the later file; `chosen` narrows them. */
export function toDiffReport(
  before: string,
  after: string,
  end: CompareEnd,
  values: readonly ValueDiff[],
  chosen: (name: string) => boolean,
): DiffReport {
  const { totals } = end;
  return {
    schemaVersion: SCHEMA_VERSION,
    before,
    after,
    structure: structureOf(end.structure),
    values: values
      .filter(({ name }) => chosen(name))
      .map((diff) => ({
        name: diff.name,
        ...(diff.nameBefore === undefined ? {} : { nameBefore: diff.nameBefore }),
        elements: diff.elements,
        changed: diff.changed,
        maskChanged: diff.maskChanged,
        newZeros: diff.newZeros,
        newKept: diff.newKept,
        maxAbsDelta: finite(diff.maxAbsDelta),
        l2Delta: finite(diff.l2Delta),
        sparsityBefore: diff.sparsityBefore,
        sparsityAfter: diff.sparsityAfter,
        largest: diff.largest.map((cell) => ({
          index: [...cell.index],
          before: finite(cell.before),
          after: finite(cell.after),
        })),
      })),
    totals: { ...totals, maxAbsDelta: finite(totals.maxAbsDelta), l2Delta: finite(totals.l2Delta) },
    identical: end.identical,
  };
}

function structureOf(structure: StructureDiff): DiffReport['structure'] {
  const sideOf = ({ name, dtype, shape }: { name: string; dtype: string; shape: readonly number[] }) => ({
    name,
    dtype,
    shape: [...shape],
  });
  return {
    added: structure.added.map(sideOf),
    removed: structure.removed.map(sideOf),
    renamed: structure.renamed.map((rename) => ({ ...rename })),
    reshaped: structure.reshaped.map(({ name, before, after }) => ({ name, before: [...before], after: [...after] })),
    retyped: structure.retyped.map((retype) => ({ ...retype })),
  };
}
