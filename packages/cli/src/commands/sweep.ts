import { printable } from '@espalier/base';
import { changePorts } from '@espalier/host';
import type { SweepReport } from '@espalier/protocol';
import { parseRecipe, sweepPoints } from '@espalier/recipe';
import { pointLabel, runSweep, sweepRows } from '@espalier/service';
import { type Column, tableLines } from '../table.js';
import { coloursOf, print, type Terminal } from '../terminal.js';
import { VERSION } from '../version.js';
import { type ChangeOptions, type RecipeText, sayFailure, shownProgress } from './change.js';

/** Runs every point of a sweep that an earlier run has not finished, and compares them. 2 where one of them failed. */
export async function sweep(
  recipe: RecipeText,
  { format, dryRun }: Pick<ChangeOptions, 'format' | 'dryRun'>,
  terminal: Terminal,
): Promise<0 | 2> {
  if (dryRun) {
    const points = sweepPoints(parseRecipe(recipe.text));
    const text =
      format === 'json'
        ? JSON.stringify({ schemaVersion: 1, kind: 'sweep', points }, null, 2)
        : points.map(({ id, values }) => `  ${id}  ${printable(pointLabel(values))}`).join('\n');
    await print(terminal.out, `${text}\n`);
    return 0;
  }
  const { line, progress } = shownProgress(terminal);
  const ports = changePorts(() => ({ workspaceRoots: [], trusted: true }), VERSION);
  const answer = await runSweep({ recipe: recipe.text, folder: recipe.folder }, ports, {
    signal: terminal.signal,
    progress,
  }).finally(() => line.clear());
  if (!answer.ok) return await sayFailure(answer.fault, recipe, format, terminal);
  const { report, path, reused } = answer.value;
  const text = format === 'json' ? JSON.stringify(report, null, 2) : tableOf(report, path, reused, terminal).join('\n');
  await print(terminal.out, `${text}\n`);
  return report.points.some(({ state }) => state.kind === 'failed') ? 2 : 0;
}

function tableOf(report: SweepReport, path: string, reused: number, terminal: Terminal): string[] {
  const { dim } = coloursOf(terminal);
  const { heads, rows } = sweepRows(report);
  const columns = heads.map((head, at): Column => {
    const isText = at === 0 || at === heads.length - 1;
    return { head, align: isText ? 'left' : 'right', ...(at === heads.length - 1 ? { shrinks: true } : {}) };
  });
  const width = terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0;
  const [head, ...lines] = tableLines(
    columns,
    rows.map((row) => row.map(printable)),
    width,
  );
  return [
    dim(head!),
    ...lines,
    '',
    `  ${report.verdict}`,
    ...(reused === 0 ? [] : [`  ${reused} of them were finished before`]),
    `  written: ${printable(path)}`,
  ];
}
