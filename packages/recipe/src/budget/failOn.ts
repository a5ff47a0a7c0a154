import { FINDING_CODES } from './findingCodes.js';

/** As much of a finding as deciding needs. */
interface Found {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'information';
}

const RANK: Readonly<Record<Found['severity'], number>> = { information: 0, warning: 1, error: 2 };
/** From the mildest to the worst. */
export const SEVERITIES = ['information', 'warning', 'error'] as const;

const isSeverity = (name: string): name is Found['severity'] => Object.hasOwn(RANK, name);

/** What `inspect --fail-on` and a budget's `forbid` take: a severity (and worse), or a code, also without its area. */
export const isFailOn = (name: string): boolean =>
  isSeverity(name) || FINDING_CODES.some((code) => code === name || code.slice(code.indexOf('/') + 1) === name);

/** `--fail-on warning` (and worse), or codes such as `checkpoint/non-finite`, also without the area: `non-finite`. */
export function failOnMatcher(names: readonly string[]): (finding: Found) => boolean {
  const least = Math.min(...names.flatMap((name) => (isSeverity(name) ? [RANK[name]] : [])), Number.POSITIVE_INFINITY);
  const codes = new Set(names.filter((name) => !isSeverity(name)));
  return ({ code, severity }) =>
    RANK[severity] >= least || codes.has(code) || codes.has(code.slice(code.indexOf('/') + 1));
}
