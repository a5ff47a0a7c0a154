/**
 * How a method of an engine describes itself. Completion, hover, validation, forms, help texts and documentation read this one table, so a
 * parameter is explained once.
 */
export interface MethodDescription {
  /** What the step does: `prune`, `structure`, `remove`, `quantize` … The key of a step in a recipe. */
  readonly verb: string;
  /** Unique within the verb, in kebab-case: `magnitude`, `n-m`, `refill-plus`. */
  readonly name: string;
  /** One sentence in the imperative, without the name. */
  readonly summary: string;
  /** Paper, equation or format specification it follows. */
  readonly source: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
}

interface Described {
  /** One sentence: what the value means. Units are said by `unit`. */
  readonly doc: string;
  /** The step cannot be done without it. */
  readonly required?: boolean;
}

export type Parameter =
  /** A share from 0 to 1; `open` ends are not allowed themselves. */
  | (Described & { readonly kind: 'ratio'; readonly default?: number; readonly open?: 'low' | 'high' | 'both' })
  | (Described & {
      readonly kind: 'number' | 'integer';
      readonly default?: number;
      readonly minimum?: number;
      readonly maximum?: number;
      readonly unit?: string;
    })
  | (Described & { readonly kind: 'oneOf'; readonly values: readonly Choice[]; readonly default?: string })
  | (Described & { readonly kind: 'flag'; readonly default?: boolean })
  | (Described & { readonly kind: 'text'; readonly default?: string; readonly pattern?: string })
  /** A file of the workspace; `accepts` says which kind. */
  | (Described & { readonly kind: 'path'; readonly accepts: 'checkpoint' | 'mask' | 'samples' | 'any' })
  /** Globs over names of layers, with what matching them means. */
  | (Described & { readonly kind: 'globs'; readonly default?: readonly string[] })
  /** A list of objects, each with the parameters of `item`: the rules of `quantize`. */
  | (Described & { readonly kind: 'list'; readonly item: Readonly<Record<string, Parameter>> })
  /** One object with parameters of its own. */
  | (Described & { readonly kind: 'group'; readonly item: Readonly<Record<string, Parameter>> });

export interface Choice {
  readonly value: string;
  readonly doc: string;
}

/** Options after `parseOptions`: every parameter that has a default or was given. */
export type Options = Readonly<Record<string, unknown>>;

/** What is wrong with given options; `path` leads to the place: `['rules', 0, 'scheme']`. */
export interface OptionProblem {
  readonly code: 'option/unknown' | 'option/missing' | 'option/type' | 'option/range' | 'option/choice';
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** A value that would be accepted, where one is likely meant: `0.8` for `80`, `magnitude` for `magnitud`. */
  readonly suggestion?: unknown;
}
