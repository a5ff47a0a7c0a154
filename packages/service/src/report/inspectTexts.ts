import { bytesText, compactCount, exactCount, percentFigure, printable, shapeText } from '@espalier/base';
import type { FileFacts } from '../fileFacts.js';
import { csvText } from './csv.js';
import { patternText } from './patternText.js';

interface Readable {
  readonly path: string;
  readonly facts: FileFacts;
}

/** One table a file, for pull requests and notes. */
export function inspectMarkdown(files: readonly Readable[], chosen: (name: string) => boolean): string {
  const parts = files.map(({ path, facts }) => {
    const { totals, head } = facts;
    const share =
      totals.prunableZeros === null || totals.readablePrunable === 0
        ? ''
        : ` · ${percentFigure(totals.prunableZeros, totals.readablePrunable)} % of prunable weights are zero`;
    const rows = head.tensors
      .filter(({ name }) => chosen(name))
      .map((tensor) => {
        const fact = facts.facts.get(tensor.name) ?? { head: tensor };
        const zeros =
          fact.stats === undefined || tensor.elements === 0 ? '' : percentFigure(fact.stats.zeros, tensor.elements);
        const cells = [
          `\`${tensor.name}\``,
          tensor.storage,
          shapeText(tensor.shape),
          exactCount(tensor.elements),
          zeros,
          patternText(fact),
        ];
        return `| ${cells.map(escapeCell).join(' | ')} |`;
      });
    const findings = facts.findings.map(
      (finding) => `- ${finding.severity}: ${printable(finding.message)} (\`${finding.code}\`)`,
    );
    return [
      `## ${printable(path)}`,
      '',
      `${head.formatLabel} · ${compactCount(totals.parameters)} parameters · ${bytesText(totals.bytes)}${share}`,
      '',
      '| layer | type | shape | parameters | zero % | pattern |',
      '|---|---|---|---:|---:|---|',
      ...rows,
      ...(findings.length > 0 ? ['', ...findings] : []),
      '',
    ].join('\n');
  });
  return parts.join('\n');
}

const escapeCell = (text: string): string => printable(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

const CSV_HEAD = [
  'file',
  'name',
  'dtype',
  'storage',
  'shape',
  'elements',
  'bytes',
  'zeros',
  'sparsity',
  'nan',
  'inf',
  'min',
  'max',
  'mean',
  'std',
  'absmax',
  'output_channels',
  'dead_output_channels',
  'dead_input_channels',
  'pattern',
  'role',
];

/** One row a tensor, RFC 4180. */
export function inspectCsv(files: readonly Readable[], chosen: (name: string) => boolean): string {
  const rows = files.flatMap(({ path, facts }) =>
    facts.head.tensors
      .filter(({ name }) => chosen(name))
      .map((head) => {
        const fact = facts.facts.get(head.name) ?? { head };
        const { stats } = fact;
        const sparsity = stats === undefined || head.elements === 0 ? null : stats.zeros / head.elements;
        return [
          path,
          head.name,
          head.dtype,
          head.storage,
          head.shape.join('x'),
          head.elements,
          head.bytes,
          stats?.zeros,
          sparsity,
          stats?.nan,
          stats?.inf,
          stats?.min,
          stats?.max,
          stats?.mean,
          stats?.std,
          stats?.absmax,
          head.outputChannels,
          stats?.deadOutputChannels,
          stats?.deadInputChannels,
          patternText(fact),
          head.role,
        ];
      }),
  );
  return csvText([CSV_HEAD, ...rows]);
}
