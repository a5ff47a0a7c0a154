import type { FileHead } from '@espalier/protocol';
import type { Numbers } from '../shared/numbers.js';
import { type FindingGroup, spokenFinding } from './findings.js';
import type { Totals } from './totals.js';

/** The header of the page as Markdown, for a pull request or a note. */
export function summaryMarkdown(
  name: string,
  head: FileHead,
  sums: Totals,
  groups: readonly FindingGroup[],
  numbers: Numbers,
): string {
  const parameters = numbers.count(head.totals.parameters);
  const bytes = numbers.bytes(head.totals.bytes);
  const first = `**${name}** · ${head.formatLabel} · ${parameters.value} ${parameters.unit === '' ? '' : `${parameters.unit} `}parameters · ${bytes.value} ${bytes.unit}`;
  const how =
    sums.read < sums.valued
      ? `${numbers.integer(sums.read)} of ${numbers.integer(sums.valued)} tensors`
      : sums.obtained.kind === 'exact'
        ? 'exact'
        : `sampled, ± ${numbers.fixed(sums.obtained.error * 100, 1)} %`;
  const zeros: string[] = [];
  if (sums.ofPrunable.elements > 0) {
    zeros.push(`${numbers.percent(sums.ofPrunable.zeros, sums.ofPrunable.elements)} % of prunable weights are zero`);
  }
  if (sums.ofAll.elements > 0) zeros.push(`${numbers.percent(sums.ofAll.zeros, sums.ofAll.elements)} % of all`);
  const lines = [first];
  if (zeros.length > 0) lines.push(`${zeros.join(', ')} · ${how}`);
  for (const { severity, findings } of groups) {
    const { name: tensor, text } = spokenFinding(findings[0]!);
    const more = findings.length > 1 ? ` (and ${numbers.integer(findings.length - 1)} more)` : '';
    lines.push(`- ${severity}: ${tensor === null ? '' : `\`${tensor}\`: `}${text}${more}`);
  }
  return `${lines.slice(0, 2).join('  \n')}\n${lines.length > 2 ? `\n${lines.slice(2).join('\n')}\n` : ''}`;
}
