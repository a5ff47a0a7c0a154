import type { Frame, Locator, Page } from 'playwright-core';
import { webviewFrame } from '../../../scripts/vscode/window.mjs';
import { textOf } from './inspectorPage.js';

/** The page that compares two files, seen as a person sees it. */
export interface Comparison {
  readonly frame: Frame;
  readonly heatmaps: Locator;
  row(tensor: string): Locator;
  /** The text of a cell: `zeros`, `delta` … */
  cell(tensor: string, column: string): Promise<string>;
  /** How many tensors are of a kind: `Changed`, `Identical`, `All`. */
  count(kind: string): Promise<number>;
  structure(): Promise<string>;
  notice(): Promise<string>;
  readOut(): Promise<string>;
}

/** The comparison of these files; waits until it is there. */
export async function comparison(page: Page, before: string, after: string): Promise<Comparison> {
  const frame = await webviewFrame(page, `espalier-compare h1:text-is("${before} → ${after}")`);
  const row = (tensor: string): Locator => frame.locator(`espalier-table .row[data-key="${tensor}"]`);
  return {
    frame,
    heatmaps: frame.locator('espalier-heatmap canvas'),
    row,
    cell: (tensor, column) => textOf(row(tensor).locator(`.c-${column}`)),
    count: async (kind) =>
      Number((await textOf(frame.getByRole('radio', { name: new RegExp(`^${kind}`) }))).replace(/\D/g, '')),
    structure: () => textOf(frame.locator('.structure')),
    notice: () => textOf(frame.locator('.bar.notice')),
    readOut: () => textOf(frame.locator('.read-out')),
  };
}
