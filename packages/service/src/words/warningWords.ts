import type { Finding } from '@espalier/checkpoint';
import type { FileFacts } from '../fileFacts.js';

const RANK = { error: 0, warning: 1, information: 2 };

/** Errors and warnings of a file for a hover: one phrase a code, however many tensors it concerns, worst first. */
export function warningPhrases(facts: FileFacts): string[] {
  const byCode = new Map<string, Finding[]>();
  for (const finding of facts.findings) {
    if (finding.severity === 'information') continue;
    byCode.set(finding.code, [...(byCode.get(finding.code) ?? []), finding]);
  }
  return [...byCode.values()]
    .sort((a, b) => RANK[a[0]!.severity] - RANK[b[0]!.severity])
    .map((findings) => phraseOf(findings, facts));
}

function phraseOf(findings: readonly Finding[], facts: FileFacts): string {
  const [first, ...others] = findings;
  const layerOf = ({ tensor }: Finding): string => facts.facts.get(tensor ?? '')?.head.layer ?? tensor ?? '';
  switch (first!.code) {
    case 'checkpoint/dead-channels': {
      const dead = (finding: Finding): number => facts.facts.get(finding.tensor ?? '')?.stats?.deadOutputChannels ?? 0;
      const worst = [...findings].sort((a, b) => dead(b) - dead(a))[0]!;
      const most = `${dead(worst)} dead output ${dead(worst) === 1 ? 'channel' : 'channels'} in ${layerOf(worst)}`;
      return others.length === 0
        ? most
        : `${most}, some in ${others.length === 1 ? '1 other layer' : `${others.length} other layers`}`;
    }
    case 'checkpoint/pattern-broken':
      return `2:4 broken in ${others.length === 0 ? layerOf(first!) : `${findings.length} layers`}`;
    case 'checkpoint/non-finite':
      return others.length === 0 ? withoutStop(first!.message) : `NaN or Inf in ${findings.length} tensors`;
    default:
      return others.length === 0
        ? withoutStop(first!.message)
        : `${withoutStop(first!.message)}, and ${others.length} more like it`;
  }
}

const withoutStop = (sentence: string): string => sentence.replace(/\.$/, '');
