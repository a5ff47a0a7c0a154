import { printable } from '@espalier/base';
import type { Finding, TensorFacts, TensorHead } from '@espalier/protocol';
import { visibleName } from '../shared/fitName.js';

export type Severity = Finding['severity'];

const RANK: Record<Severity, number> = { error: 0, warning: 1, information: 2 };

/** Findings of header and values together, worst first, each once. A tensor whose values could not be read is a finding too. */
export function allFindings(
  ofHeader: readonly Finding[],
  ofValues: readonly Finding[],
  heads: readonly TensorHead[],
  facts: ReadonlyMap<string, TensorFacts>,
): Finding[] {
  const seen = new Set<string>();
  const found: Finding[] = [];
  const add = (finding: Finding): void => {
    const key = `${finding.code}\n${finding.tensor ?? ''}\n${finding.message}`;
    if (!seen.has(key)) found.push(finding);
    seen.add(key);
  };
  for (const finding of ofHeader) add(finding);
  for (const finding of ofValues) add(finding);
  const spoken = new Set(found.filter(({ severity }) => severity === 'error').map(({ tensor }) => tensor));
  for (const head of heads) {
    const fault = faultOf(head, facts.get(head.name));
    if (fault !== undefined && !spoken.has(head.name)) {
      add({ code: fault.code, severity: 'error', message: fault.message, tensor: head.name });
    }
  }
  return found.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

/** Why the values of a tensor cannot be read, if something is wrong with them. */
export function faultOf(head: TensorHead, facts: TensorFacts | undefined) {
  return facts?.fault ?? head.noValues?.fault;
}

/** Findings that say the same of several tensors. */
export interface FindingGroup {
  readonly severity: Severity;
  readonly code: string;
  readonly findings: readonly Finding[];
}

/** One group for each code and severity, in the order of the worst. Findings of the whole file stay alone. */
export function groupFindings(findings: readonly Finding[]): FindingGroup[] {
  const groups = new Map<string, Finding[]>();
  for (const [i, finding] of findings.entries()) {
    const key = finding.tensor === undefined ? `file ${i}` : `${finding.severity} ${finding.code}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return [...groups.values()].map((group) => ({ severity: group[0]!.severity, code: group[0]!.code, findings: group }));
}

/** By tensor, worst first. */
export function findingsByTensor(findings: readonly Finding[]): ReadonlyMap<string, readonly Finding[]> {
  const map = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (finding.tensor === undefined) continue;
    const list = map.get(finding.tensor);
    if (list === undefined) map.set(finding.tensor, [finding]);
    else list.push(finding);
  }
  return map;
}

/** The tensor to open first: the one with the worst finding (the larger among equals), else the largest weight, else the largest. */
export function worstTensor(findings: readonly Finding[], tensors: readonly TensorHead[]): string | null {
  const rank = new Map<string, number>();
  for (const { tensor, severity } of findings) {
    if (tensor !== undefined) rank.set(tensor, Math.min(rank.get(tensor) ?? 9, RANK[severity]));
  }
  let best: TensorHead | null = null;
  const key = (head: TensorHead): readonly number[] => [
    -(rank.get(head.name) ?? 9),
    head.prunable ? 1 : 0,
    head.noValues === undefined ? 1 : 0,
    head.elements,
  ];
  for (const head of tensors) {
    if (best === null || before(key(best), key(head))) best = head;
  }
  return best?.name ?? null;
}

function before(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
}

/** A message as `[name, rest]`, so that the tensor's name can be set apart. The name is put in front where the message lacks it. */
export function spokenFinding(finding: Finding): { readonly name: string | null; readonly text: string } {
  const { tensor } = finding;
  const message = printable(finding.message);
  if (tensor === undefined) return { name: null, text: message };
  const name = visibleName(tensor);
  if (message.startsWith(`${name}: `)) return { name, text: message.slice(name.length + 2) };
  if (message.includes(name)) return { name: null, text: message };
  return { name, text: message };
}
