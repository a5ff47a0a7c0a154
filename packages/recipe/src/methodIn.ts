/** The method that a step names. */
export function methodIn(recipe: unknown, index: unknown, verb: string): string | null {
  const steps = (recipe as { steps?: unknown } | null)?.steps;
  const step =
    Array.isArray(steps) && typeof index === 'number' ? (steps[index] as Record<string, unknown> | null) : null;
  const given = step?.[verb];
  if (typeof given === 'string') return given;
  const method = (given as { method?: unknown } | null | undefined)?.method;
  return typeof method === 'string' ? method : null;
}
