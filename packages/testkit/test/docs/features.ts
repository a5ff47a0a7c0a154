import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readText, root } from './repository.js';

/** A row of docs/features.md. */
export interface FeatureRow {
  readonly promise: string;
  /** Tests that prove it: a file and the titles that lead to the test in it. */
  readonly proofs: readonly { readonly path: string; readonly titles: readonly string[] }[];
  readonly state: string;
}

/** Rows of every table with the columns promise, where to see it, proof, state. Proofs: `path` › title › title, one a line (`<br>`). */
export function featureRows(markdown: string): FeatureRow[] {
  return markdown.split('\n').flatMap((line): FeatureRow[] => {
    if (!line.startsWith('| ') || line.startsWith('| Promise ')) return [];
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|'));
    if (cells.length !== 4) return [];
    const [promise, , proof, state] = cells as [string, string, string, string];
    const proofs = proof === '' ? [] : proof.split('<br>').map((one) => parseProof(one.trim()));
    return [{ promise, proofs, state }];
  });
}

function parseProof(text: string): FeatureRow['proofs'][number] {
  const [path, ...titles] = text.split(' › ');
  return { path: path!.replaceAll('`', ''), titles };
}

/** What is wrong with a row, as sentences. */
export function problemsOf({ promise, proofs, state }: FeatureRow): string[] {
  const about = promise.slice(0, 60);
  const problems: string[] = [];
  if (!/^(?:works|not yet|partly: .+)$/.test(state)) problems.push(`${about}: the state is ${JSON.stringify(state)}`);
  if (state === 'works' && proofs.length === 0) problems.push(`${about}: works, and no test says so`);
  for (const { path, titles } of proofs) {
    // A measurement proves what it reached.
    if (path === MEASURED && state === 'works')
      problems.push(
        ...titles.filter((title) => !isReached(title)).map((title) => `${about}: ${title} was not reached`),
      );
    if (!existsSync(join(root, path))) problems.push(`${about}: ${path} does not exist`);
    else if (titles.length === 0) problems.push(`${about}: no test of ${path} is named`);
    else {
      const source = readText(path).replaceAll("\\'", "'");
      for (const title of titles)
        if (!source.includes(title)) problems.push(`${about}: ${path} has no ${JSON.stringify(title)}`);
    }
  }
  return problems;
}

const MEASURED = 'docs/benchmarks.md';

/** Every row of the benchmarks with this name reached what it aimed at. */
function isReached(name: string): boolean {
  const rows = readText(MEASURED)
    .split('\n')
    .filter((line) => line.startsWith(`| ${name} |`));
  return rows.length > 0 && rows.every((row) => row.includes(' reached |'));
}
