import { unravel } from '@espalier/base';
import type { Finding } from '@espalier/checkpoint';
import type { PatternAlongAxis, TensorFacts, TensorHead, TensorStats } from './facts.js';

/** Tensors with fewer elements than this may well be equal by chance or by initialization. */
const LARGE_ELEMENTS = 4096;
/** From this share of complying groups on a pattern counts as meant … */
const MEANT_SHARE = 0.9;
/** … where it is at least this number of groups, and at most half as many groups break it as would by chance. */
const MEANT_GROUPS = 16;

/** What is remarkable about the values: one finding a fact, worst first, in file order. Codes and texts: docs/findings.md. */
export function findingsFrom(facts: readonly TensorFacts[]): Finding[] {
  const each = facts.flatMap(({ head, stats }) => (stats === undefined ? [] : findingsOf(head, stats)));
  const all = [...each, ...identicalTensors(facts)];
  const order = { error: 0, warning: 1, information: 2 };
  return all.sort((a, b) => order[a.severity] - order[b.severity]);
}

function findingsOf(head: TensorHead, stats: TensorStats): Finding[] {
  const found: Finding[] = [];
  const add = (code: string, severity: Finding['severity'], message: string): void =>
    void found.push({ code: `checkpoint/${code}`, severity, message, tensor: head.name });
  const { name, elements } = head;
  if (stats.nan + stats.inf > 0) add('non-finite', 'warning', nonFiniteText(head, stats));
  if (!head.prunable) return found;
  // A sample of zeros proves nothing of the rest.
  if (elements > 0 && stats.zeros === elements && stats.obtained.kind === 'exact') {
    add('dead-layer', 'information', `All ${count(elements)} weights of ${name} are zero.`);
    return found;
  }
  if ((stats.deadOutputChannels ?? 0) > 0) {
    add(
      'dead-channels',
      'warning',
      `${name}: ${channels(stats.deadOutputChannels!, 'output')} of ${count(head.outputChannels!)}`,
    );
  }
  const broken = brokenPattern(stats);
  if (broken !== null) {
    const share = (100 * broken.compliantGroups) / broken.groups;
    add('pattern-broken', 'warning', `${name}: 2:4 holds in ${percent(share)} of groups, not in all.`);
  }
  return found;
}

function nonFiniteText({ name, shape }: TensorHead, { nan, inf, firstNonFinite }: TensorStats): string {
  const kinds = [nan > 0 ? `${count(nan)} NaN` : '', inf > 0 ? `${count(inf)} Inf` : ''].filter((text) => text !== '');
  const where = firstNonFinite === null ? '' : `, the first at [${unravel(firstNonFinite, shape).join(', ')}]`;
  return `${kinds.join(' and ')} ${nan + inf === 1 ? 'weight' : 'weights'} in ${name}${where}.`;
}

/** 2:4 that nearly holds along the axis where it holds best; null where it holds, is not meant, or comes about by sheer sparsity. */
function brokenPattern(stats: TensorStats): PatternAlongAxis | null {
  const along = stats.patterns['2:4'] ?? [];
  if (along.some((axis) => axis.strict)) return null;
  const total = stats.kept.count + stats.zeros;
  const chance = complianceByChance(total === 0 ? 0 : stats.zeros / total);
  const meant = along.filter(({ groups, compliantGroups }) => {
    const share = groups === 0 ? 0 : compliantGroups / groups;
    return groups >= MEANT_GROUPS && share >= MEANT_SHARE && 1 - share <= (1 - chance) / 2;
  });
  return meant.sort((a, b) => b.compliantGroups / b.groups - a.compliantGroups / a.groups)[0] ?? null;
}

/** Share of groups of four with at least two zeros, if zeros fell independently: 1 − (1 − s)⁴ − 4 s (1 − s)³. */
const complianceByChance = (sparsity: number): number => 1 - (1 - sparsity) ** 4 - 4 * sparsity * (1 - sparsity) ** 3;

/** Large tensors with the same values that the file stores more than once. */
function identicalTensors(facts: readonly TensorFacts[]): Finding[] {
  const groups = new Map<string, TensorHead[]>();
  for (const { head, stats } of facts) {
    const constant = stats === undefined || stats.min === null || stats.min === stats.max;
    if (constant || stats.digest === null || head.elements < LARGE_ELEMENTS || head.sharesStorageWith !== undefined)
      continue;
    const key = `${stats.digest} ${head.shape.join()}`;
    groups.set(key, [...(groups.get(key) ?? []), head]);
  }
  return [...groups.values()].flatMap(([first, ...copies]) =>
    copies.map(
      (copy): Finding => ({
        code: 'checkpoint/identical',
        severity: 'information',
        message: `${copy.name} holds the same ${count(copy.elements)} values as ${first!.name}, stored a second time.`,
        tensor: copy.name,
      }),
    ),
  );
}

const count = (value: number): string => value.toLocaleString('en-US');

const channels = (value: number, kind: string): string =>
  `${count(value)} dead ${kind} ${value === 1 ? 'channel' : 'channels'}`;

/** One decimal; `> 99.9 %` rather than a rounded 100. */
const percent = (value: number): string => (value > 99.9 && value < 100 ? '> 99.9 %' : `${value.toFixed(1)} %`);
