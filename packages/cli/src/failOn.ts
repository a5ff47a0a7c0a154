import type { Finding } from '@espalier/checkpoint';
import { FINDING_CODES } from './findingCodes.js';

const RANK: Readonly<Record<Finding['severity'], number>> = { information: 0, warning: 1, error: 2 };
const isSeverity = (name: string): name is Finding['severity'] => Object.hasOwn(RANK, name);

/** What `inspect --fail-on` takes: a severity (and worse), or a code, also without its area. */
export const isFailOn = (name: string): boolean =>
  isSeverity(name) || FINDING_CODES.some((code) => code === name || code.slice(code.indexOf('/') + 1) === name);

/** `--fail-on warning` (and worse), or codes such as `checkpoint/non-finite`, also without the area: `non-finite`. */
export function failOnMatcher(names: readonly string[]): (finding: Pick<Finding, 'code' | 'severity'>) => boolean {
  const least = Math.min(...names.flatMap((name) => (isSeverity(name) ? [RANK[name]] : [])), Number.POSITIVE_INFINITY);
  const codes = new Set(names.filter((name) => !isSeverity(name)));
  return ({ code, severity }) =>
    RANK[severity] >= least || codes.has(code) || codes.has(code.slice(code.indexOf('/') + 1));
}
