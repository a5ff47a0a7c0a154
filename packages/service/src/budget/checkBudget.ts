import type { DeviceProfile, TensorFacts } from '@espalier/analysis';
import { bytesText, exactCount, type Fault, globMatcher, percentFigure, type Result } from '@espalier/base';
import { type Budget, failOnMatcher } from '@espalier/recipe';
import { fileEstimate } from '../devices/fileEstimate.js';
import type { FileFacts } from '../fileFacts.js';

/** What is known of a checkpoint besides its facts. */
export interface Measured {
  /** What the evaluate command of its run gave; null: not known, and `accuracyMissing` says why. */
  readonly accuracy: number | null;
  readonly accuracyMissing: string;
  /** The devices that the budget names, or why they are not known. */
  readonly devices: ReadonlyMap<string, Result<DeviceProfile, Fault>>;
}

/** One limit of a budget and how a checkpoint stands to it. */
export interface LimitCheck {
  /** `budget/size`, `budget/sparsity` … */
  readonly code: string;
  readonly verdict: 'kept' | 'broken' | 'unknown';
  readonly message: string;
  /** The way to the limit in the budget: `['sparsity', 0]`. */
  readonly limit: readonly (string | number)[];
  /** Tensors that break it, the first few. */
  readonly tensors: readonly string[];
}

const SHOWN = 5;

/** How a checkpoint stands to every limit of a budget, in the order of the table. Pure: values that were not read make a limit unknown. */
export function checkBudget(budget: Budget, facts: FileFacts, measured: Measured): LimitCheck[] {
  const weights = facts.head.tensors
    .filter(({ prunable, sharesStorageWith, elements }) => prunable && sharesStorageWith === undefined && elements > 0)
    .map((head) => facts.facts.get(head.name) ?? { head });
  return [
    ...(budget.sizeBytes === null ? [] : [checkSize(budget.sizeBytes, facts)]),
    ...budget.sparsity.map((limit, at) => checkSparsity(limit, at, weights)),
    ...budget.pattern.map((limit, at) => checkPattern(limit, at, weights)),
    ...budget.latency.map((limit, at) => checkLatency(limit, at, facts, measured)),
    ...(budget.accuracy === null ? [] : [checkAccuracy(budget.accuracy, measured)]),
    ...(budget.forbid.length === 0 ? [] : [checkFindings(budget.forbid, facts)]),
  ];
}

const verdict = (holds: boolean): LimitCheck['verdict'] => (holds ? 'kept' : 'broken');

function checkSize(limit: number, { head }: FileFacts): LimitCheck {
  const bytes = head.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    code: 'budget/size',
    verdict: verdict(bytes <= limit),
    message: `${bytesText(bytes)} on disk, the budget allows ${bytesText(limit)}.${bytes > limit ? ` That is ${exactCount(bytes - limit)} bytes too many.` : ''}`,
    limit: ['size'],
    tensors: [],
  };
}

function matching(match: string, weights: readonly TensorFacts[]): readonly TensorFacts[] {
  const matches = globMatcher(match);
  return weights.filter(({ head }) => matches(head.name) || (head.layer !== '' && matches(head.layer)));
}

/** A limit that is for nothing would hold for ever, most often by a mistake in its glob: it counts as broken. */
const noMatch = (match: string, limit: LimitCheck['limit']): LimitCheck => ({
  code: 'budget/no-match',
  verdict: 'broken',
  message: `${match} matches no weight of a convolution, linear, recurrent or embedding layer.`,
  limit,
  tensors: [],
});

const unread = (code: string, limit: LimitCheck['limit'], found: readonly TensorFacts[]): LimitCheck => ({
  code,
  verdict: 'unknown',
  message: `The values of ${found.length === 1 ? found[0]!.head.name : `${found.length} tensors`} were not read.`,
  limit,
  tensors: named(found),
});

const named = (found: readonly TensorFacts[]): string[] => found.slice(0, SHOWN).map(({ head }) => head.name);
const listed = (found: readonly TensorFacts[]): string =>
  `${named(found).join(', ')}${found.length > SHOWN ? ` and ${found.length - SHOWN} more` : ''}`;

function checkSparsity(
  { match, atLeast, each }: Budget['sparsity'][number],
  at: number,
  weights: readonly TensorFacts[],
): LimitCheck {
  const [code, limit] = ['budget/sparsity', ['sparsity', at]] as const;
  const found = matching(match, weights);
  if (found.length === 0) return noMatch(match, limit);
  const missing = found.filter(({ stats }) => stats === undefined);
  if (missing.length > 0) return unread(code, limit, missing);
  const asked = `${percentFigure(atLeast, 1)} %`;
  if (each) {
    const low = found.filter(({ head, stats }) => stats!.zeros < atLeast * head.elements);
    const message =
      low.length === 0
        ? `Each of ${found.length} tensors of ${match} is at least ${asked} zero.`
        : `${low.length} of ${found.length} tensors of ${match} are less than ${asked} zero: ${listed(low)}.`;
    return { code, verdict: verdict(low.length === 0), message, limit, tensors: named(low) };
  }
  const zeros = found.reduce((sum, { stats }) => sum + stats!.zeros, 0);
  const elements = found.reduce((sum, { head }) => sum + head.elements, 0);
  const message = `${percentFigure(zeros, elements)} % of ${exactCount(elements)} weights of ${match} are zero, the budget asks for ${asked}.`;
  return { code, verdict: verdict(zeros >= atLeast * elements), message, limit, tensors: [] };
}

function checkPattern(
  { match, is }: Budget['pattern'][number],
  at: number,
  weights: readonly TensorFacts[],
): LimitCheck {
  const [code, limit] = ['budget/pattern', ['pattern', at]] as const;
  const found = matching(match, weights);
  if (found.length === 0) return noMatch(match, limit);
  const missing = found.filter(({ stats }) => stats === undefined);
  if (missing.length > 0) return unread(code, limit, missing);
  const broken = found.filter((facts) => !hasPattern(facts, is));
  const message =
    broken.length === 0
      ? `${is} holds in ${found.length === 1 ? 'the tensor' : `all ${found.length} tensors`} of ${match}.`
      : `${is} does not hold in ${broken.length} of ${found.length} tensors of ${match}: ${listed(broken)}.`;
  return { code, verdict: verdict(broken.length === 0), message, limit, tensors: named(broken) };
}

/** N:M holds strictly along the inputs, where sparse kernels take it; a block shape where every zero lies in a whole block of zeros. */
function hasPattern({ head, stats }: TensorFacts, pattern: string): boolean {
  if (stats === undefined) return false;
  if (pattern.includes('x')) {
    const blocks = stats.blocks[pattern as keyof typeof stats.blocks];
    return blocks !== undefined && blocks.zerosInBlocks === 1;
  }
  const along = stats.patterns[pattern as keyof typeof stats.patterns] ?? [];
  return along.some(({ axis, strict }) => strict && (head.axes.input.length === 0 || head.axes.input.includes(axis)));
}

/** A limit is kept only where every layer is in the estimate; it is broken as soon as some of them take too long. */
function checkLatency(
  { device, atMostMs }: Budget['latency'][number],
  at: number,
  facts: FileFacts,
  { devices }: Measured,
): LimitCheck {
  const check = (
    verdict: LimitCheck['verdict'],
    message: string,
    missing: readonly TensorFacts[] = [],
  ): LimitCheck => ({
    code: 'budget/latency',
    verdict,
    message,
    limit: ['latency', at],
    tensors: named(missing),
  });
  const profile = devices.get(device)!;
  if (!profile.ok) return check('unknown', profile.fault.message);
  const estimate = fileEstimate(facts, profile.value);
  if (estimate === null)
    return check('unknown', `The time on ${device} is not known: no graph tells how often each layer is applied.`);
  const { ms } = estimate;
  const missing = estimate.missing.map((head) => ({ head }));
  const allowed = `the budget allows ${atMostMs} ms.`;
  if (ms > atMostMs) return check('broken', `${ms.toPrecision(3)} ms are estimated for ${device}, ${allowed}`);
  if (missing.length > 0)
    return check(
      'unknown',
      `${ms.toPrecision(3)} ms are estimated for ${device} without ${listed(missing)}, whose time is not known; ${allowed}`,
      missing,
    );
  return check('kept', `${ms.toPrecision(3)} ms are estimated for ${device}, ${allowed}`);
}

function checkAccuracy(least: number, { accuracy, accuracyMissing }: Measured): LimitCheck {
  const [code, limit, tensors] = ['budget/accuracy', ['accuracy'], []] as const;
  if (accuracy === null) return { code, verdict: 'unknown', message: accuracyMissing, limit, tensors };
  const message = `The evaluate command gave ${accuracy}, the budget asks for at least ${least}.`;
  return { code, verdict: verdict(accuracy >= least), message, limit, tensors };
}

function checkFindings(forbid: readonly string[], facts: FileFacts): LimitCheck {
  const matches = failOnMatcher(forbid);
  const found = facts.findings.filter(matches);
  const [code, limit] = ['budget/forbidden', ['forbid']] as const;
  if (found.length > 0) {
    const some = found.slice(0, SHOWN).map((finding) => `${finding.message.replace(/\.$/, '')} (${finding.code})`);
    const more = found.length > SHOWN ? ` And ${found.length - SHOWN} more.` : '';
    const tensors = found.flatMap(({ tensor }) => tensor ?? []).slice(0, SHOWN);
    return { code, verdict: 'broken', message: `Forbidden: ${some.join('; ')}.${more}`, limit, tensors };
  }
  if (!facts.complete)
    return { code, verdict: 'unknown', message: 'Not all values were read to look for findings.', limit, tensors: [] };
  return { code, verdict: 'kept', message: `Nothing of ${forbid.join(', ')} was found.`, limit, tensors: [] };
}
