import type { Fault } from '@espalier/base';
import { describeFault } from '@espalier/base';
import type { LimitCheck } from '../budget/checkBudget.js';
import type { FileFacts } from '../fileFacts.js';
import { baseName } from '../resolve/paths.js';

/** One remark on a reference, as plain data: the host knows the range. */
export interface Remark {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'information';
  readonly message: string;
}

/** The path that a text names does not exist. */
export function missingRemark(written: string, suggestion: string | undefined): Remark {
  const hint = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  return { code: 'checkpoint/missing', severity: 'warning', message: `${written} does not exist.${hint}` };
}

/** The file was not fetched: only its DVC pointer is there. */
export const dvcRemark = (written: string, pointer: string): Remark => ({
  code: 'checkpoint/dvc-pointer',
  severity: 'warning',
  message: `${written} is not here, only its DVC pointer. dvc pull "${pointer}" fetches it.`,
});

/**
 * The file is there and cannot be read. Pointers in place of a file are warnings: the program would fail, the file is fine. A file of
 * another name than the one at `path` (a shard) is named.
 */
export function faultRemark(fault: Fault, path: string): Remark {
  const { expected: _, found: __, offset: ___, file, ...own } = fault;
  const rest = file === undefined || file === baseName(path) ? own : { ...own, file };
  const severity = /pointer$/.test(fault.code) ? 'warning' : 'error';
  return { code: fault.code, severity, message: describeFault(rest) };
}

/** Codes that are worth a squiggle in code; the rest is in the inspector. */
const SAID_IN_CODE: ReadonlySet<string> = new Set([
  'checkpoint/non-finite',
  'checkpoint/dead-layer',
  'checkpoint/foreign-global',
  'checkpoint/truncated',
  'checkpoint/shards-differ',
  'checkpoint/shard-missing',
  'path/outside-folder',
  'path/not-found',
]);
/** Of one code this many are said one by one; more are counted. */
const MAX_OF_A_CODE = 3;

/** What the header and the values give away, worst first. */
export function findingRemarks(facts: FileFacts): Remark[] {
  const byCode = new Map<string, Remark[]>();
  for (const { code, severity, message } of facts.findings) {
    if (SAID_IN_CODE.has(code)) byCode.set(code, [...(byCode.get(code) ?? []), { code, severity, message }]);
  }
  const remarks = [...byCode.values()].flatMap((all) => {
    if (all.length <= MAX_OF_A_CODE) return all;
    const rest = all.length - MAX_OF_A_CODE + 1;
    return [
      ...all.slice(0, MAX_OF_A_CODE - 1),
      { ...all[MAX_OF_A_CODE - 1]!, message: `${all[MAX_OF_A_CODE - 1]!.message} And ${rest - 1} more like it.` },
    ];
  });
  return remarks.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

const RANK = { error: 0, warning: 1, information: 2 };

/** The limits of its budget that a checkpoint breaks. What is not known is told by `check` alone: in code it would be noise. */
export const limitRemarks = (limits: readonly LimitCheck[]): Remark[] =>
  limits
    .filter(({ verdict }) => verdict === 'broken')
    .map(({ code, message }) => ({ code, severity: 'warning', message: `Over its budget: ${message}` }));
