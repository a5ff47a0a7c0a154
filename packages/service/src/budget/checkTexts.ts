import type { Fault } from '@espalier/base';
import { textDigest } from '@espalier/base';
import type { LimitCheck } from './checkBudget.js';

/** How one checkpoint stands to its budget; paths as a person wrote them, with forward slashes. */
export interface CheckedFile {
  readonly path: string;
  /** Null: no budget names it. */
  readonly budget: string | null;
  /** In the order of the budget, with the place of each limit in its file, from 1. */
  readonly limits: readonly (LimitCheck & { readonly line: number; readonly column: number })[];
  /** Why it could not be checked. */
  readonly fault: Fault | null;
}

const MARKS = { kept: '✓', broken: '✗', unknown: '?' } as const;

/** One table of Markdown for every checkpoint. */
export function checkMarkdown(files: readonly CheckedFile[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
  const rows = files.flatMap(({ path, budget, limits, fault }) => {
    if (fault !== null) return [`| \`${cell(path)}\` | ✗ | ${cell(fault.message)} | ${fault.code} |`];
    if (budget === null) return [`| \`${cell(path)}\` | ? | No budget names it. | |`];
    return limits.map(
      ({ verdict, message, code }) => `| \`${cell(path)}\` | ${MARKS[verdict]} | ${cell(message)} | ${code} |`,
    );
  });
  return ['| Checkpoint | | Limit | Code |', '|---|:-:|---|---|', ...rows, ''].join('\n');
}

/** Commands that GitHub shows beside the lines of a pull request: an error for what is broken, a notice for what is not known. */
export function checkGithub(files: readonly CheckedFile[]): string {
  const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  const lines = files.flatMap(({ path, budget, limits, fault }) => {
    if (fault !== null) return [`::error title=${property(fault.code)}::${data(`${path}: ${fault.message}`)}`];
    return limits
      .filter(({ verdict }) => verdict !== 'kept')
      .map(({ verdict, line, column, code, message }) => {
        const level = verdict === 'broken' ? 'error' : 'notice';
        const where = `file=${property(budget ?? path)},line=${line},col=${column},title=${property(code)}`;
        return `::${level} ${where}::${data(`${path}: ${message}`)}`;
      });
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** What each code of a limit means. */
const RULES: Readonly<Record<string, string>> = {
  'budget/size': 'The checkpoint is larger on disk than its budget allows.',
  'budget/sparsity': 'Fewer weights are zero than the budget asks for.',
  'budget/pattern': 'A pattern does not hold in every tensor that the budget names.',
  'budget/latency': 'More time is estimated for a device than the budget allows.',
  'budget/accuracy': 'The figure of the evaluate command is below that of the budget.',
  'budget/forbidden': 'A finding occurred that the budget forbids.',
  'budget/no-match': 'A limit of the budget is for no tensor of the checkpoint.',
};

/** Static Analysis Results Interchange Format 2.1.0 (OASIS): every broken limit is a result at its place in the budget, with the checkpoint as the analysed file. */
export function checkSarif(files: readonly CheckedFile[], version: string): string {
  const ids = Object.keys(RULES);
  const results = files.flatMap(({ path, budget, limits }) =>
    limits
      .filter(({ verdict }) => verdict !== 'kept')
      .map(({ code, verdict, message, line, column, limit }) => ({
        ruleId: code,
        ruleIndex: ids.indexOf(code),
        // What is not known neither passes nor fails.
        kind: verdict === 'broken' ? 'fail' : 'open',
        level: verdict === 'broken' ? 'error' : 'none',
        message: { text: `${path}: ${message}` },
        analysisTarget: { uri: uriOf(path) },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: uriOf(budget ?? path) },
              region: { startLine: line, startColumn: column },
            },
          },
        ],
        partialFingerprints: { 'limit/v1': textDigest(`${path} ${code} ${limit.join('.')}`) },
      })),
  );
  const notifications = files.flatMap(({ path, fault }) =>
    fault === null
      ? []
      : [
          {
            level: 'error',
            message: { text: `${path}: ${fault.message}` },
            descriptor: { id: fault.code },
            locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }],
          },
        ],
  );
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Espalier',
            version,
            informationUri: 'https://github.com/espalier-dev/espalier',
            rules: ids.map((id) => ({
              id,
              shortDescription: { text: RULES[id] },
              helpUri: `https://github.com/espalier-dev/espalier/blob/main/docs/findings.md#${id.replaceAll(/[^\w-]/g, '')}`,
            })),
          },
        },
        invocations: [{ executionSuccessful: notifications.length === 0, toolExecutionNotifications: notifications }],
        columnKind: 'utf16CodeUnits',
        results,
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** A relative reference, or a `file:` URI for an absolute path. */
function uriOf(path: string): string {
  const escaped = path.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/');
  if (/^[a-z]%3A\//i.test(escaped)) return `file:///${escaped.replace('%3A', ':')}`;
  return escaped.startsWith('/') ? `file://${escaped}` : escaped;
}
