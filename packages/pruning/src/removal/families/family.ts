import type { Net } from './net.js';

/** What is known of a state dict beyond its tensors: a configuration that lies beside it, in its own words. */
export type Configuration = Readonly<Record<string, string>>;

/** A family of models whose state dicts tell by names and shapes how they compute. */
export interface Family {
  readonly name: string;
  /** Whether names are those of the family; looks at few of them. */
  matches(names: readonly string[]): boolean;
  /** Builds the graph, or says why a state dict is none of the family after all. `notes` are assumptions that people should know. */
  build(net: Net, names: readonly string[], configuration: Configuration): Built;
}

export type Built =
  | { readonly ok: true; readonly notes: readonly string[] }
  | { readonly ok: false; readonly why: string };

export const built = (notes: readonly string[] = []): Built => ({ ok: true, notes });
export const notBuilt = (why: string): Built => ({ ok: false, why });

/** Numbers that stand at a place in names, ascending: of `layer1.0.conv1.weight` after `layer1.`. */
export function indicesAfter(names: readonly string[], prefix: string): number[] {
  const found = new Set<number>();
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const digits = /^\d{1,4}(?=\.)/.exec(name.slice(prefix.length))?.[0];
    if (digits !== undefined) found.add(Number(digits));
  }
  return [...found].sort((a, b) => a - b);
}

/** What stands before the name of the first module in all names: `module.`, `model.`, `backbone.`. */
export function prefixBefore(names: readonly string[], first: string): string | null {
  const found = names.find((name) => name === first || name.endsWith(`.${first}`));
  return found === undefined ? null : found.slice(0, found.length - first.length);
}
