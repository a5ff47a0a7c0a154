import type { TensorStats } from '@espalier/analysis';

/** Patterns that hold without an exception; where nothing is zero none means anything. */
export function strictPatterns({ zeros, patterns }: Pick<TensorStats, 'zeros' | 'patterns'>): readonly string[] {
  if (zeros === 0) return [];
  return Object.entries(patterns)
    .filter(([, along]) => along?.some(({ strict }) => strict))
    .map(([pattern]) => pattern);
}
