import type { Finding } from '@espalier/checkpoint';

const RANK: Readonly<Record<string, number>> = { information: 0, warning: 1, error: 2 };

/** `--fail-on warning` (and worse), or codes such as `checkpoint/non-finite`, also without the area: `non-finite`. */
export function failOnMatcher(names: readonly string[]): (finding: Finding) => boolean {
  const least = Math.min(...names.flatMap((name) => (name in RANK ? [RANK[name]!] : [])), Number.POSITIVE_INFINITY);
  const codes = new Set(names.filter((name) => !(name in RANK)));
  return ({ code, severity }) => RANK[severity]! >= least || codes.has(code) || codes.has(code.split('/')[1] ?? code);
}
