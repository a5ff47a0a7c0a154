import type { StructureDiff } from '@espalier/protocol';
import { nameParts } from '../shared/nameParts.js';

/** A line of the list of structural differences. */
export type StructureRow =
  | { readonly kind: 'added' | 'removed'; readonly name: string; readonly dtype: string; readonly elements: number }
  | {
      readonly kind: 'renamed';
      readonly name: string;
      readonly before: string;
      readonly how: 'values identical' | 'shape and name alike';
    }
  | {
      readonly kind: 'reshaped';
      readonly name: string;
      readonly before: readonly number[];
      readonly after: readonly number[];
    }
  | { readonly kind: 'retyped'; readonly name: string; readonly before: string; readonly after: string };

/** Added, removed, renamed, reshaped, retyped, in this order. Reshapes of one module that are the same are one row: `bn1.{weight, bias}`. */
export function structureRows(diff: StructureDiff): StructureRow[] {
  const rows: StructureRow[] = [
    ...diff.added.map(({ name, dtype, elements }) => ({ kind: 'added' as const, name, dtype, elements })),
    ...diff.removed.map(({ name, dtype, elements }) => ({ kind: 'removed' as const, name, dtype, elements })),
    ...diff.renamed.map(({ before, after, how }) => ({ kind: 'renamed' as const, name: after, before, how })),
  ];
  const reshaped = new Map<string, { names: string[]; before: readonly number[]; after: readonly number[] }>();
  for (const { name, before, after } of diff.reshaped) {
    const { prefix, module } = nameParts(name);
    const key = `${prefix}${module}\n${before.join()}\n${after.join()}`;
    const group = reshaped.get(key);
    if (group === undefined) reshaped.set(key, { names: [name], before, after });
    else group.names.push(name);
  }
  for (const { names, before, after } of reshaped.values())
    rows.push({ kind: 'reshaped', name: together(names), before, after });
  return [
    ...rows,
    ...diff.retyped.map(({ name, before, after }) => ({ kind: 'retyped' as const, name, before, after })),
  ];
}

/** `layer4.0.bn1.{weight, bias}` for several names of one module. */
function together(names: readonly string[]): string {
  if (names.length === 1) return names[0]!;
  const { prefix, module } = nameParts(names[0]!);
  const separator = names[0]!.charAt(prefix.length + module.length);
  return `${prefix}${module}${separator}{${names.map((name) => nameParts(name).suffix.slice(1)).join(', ')}}`;
}

export interface StructureCounts {
  readonly added: number;
  readonly removed: number;
  readonly renamed: number;
  readonly reshaped: number;
  readonly retyped: number;
}

export const structureCounts = (diff: StructureDiff): StructureCounts => ({
  added: diff.added.length,
  removed: diff.removed.length,
  renamed: diff.renamed.length,
  reshaped: diff.reshaped.length,
  retyped: diff.retyped.length,
});
