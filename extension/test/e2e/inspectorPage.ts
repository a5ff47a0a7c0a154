import type { Frame, Locator, Page } from 'playwright-core';
import { webviewFrame } from '../../../scripts/vscode/window.mjs';

/** The inspector's page of one file, seen as a person sees it. */
export interface Inspector {
  readonly frame: Frame;
  /** The picture of the values. */
  readonly heatmap: Locator;
  row(tensor: string): Locator;
  /** The text of a cell: `zeros`, `shape`, `pattern` … */
  cell(tensor: string, column: string): Promise<string>;
  /** Names of the rows in view, in order. */
  names(): Promise<string[]>;
  filter(text: string): Promise<void>;
  /** The line of facts beside the name. */
  facts(): Promise<string>;
  /** The one line under the header, with its button; empty when there is none. */
  notice(): Promise<string>;
  press(button: string): Promise<void>;
  /** `[8, 3, 0, 1] = 0.0123` under the heat map; null while there is none. */
  readOut(): Promise<{ readonly index: readonly number[]; readonly value: number } | null>;
}

/** The page whose title is the file's name; waits until it is there. */
export async function inspector(page: Page, name: string): Promise<Inspector> {
  const frame = await webviewFrame(page, `espalier-checkpoint h1:text-is("${name}")`);
  const row = (tensor: string): Locator => frame.locator(`espalier-table .row[data-key="${tensor}"]`);
  return {
    frame,
    heatmap: frame.locator('espalier-heatmap canvas'),
    row,
    cell: (tensor, column) => textOf(row(tensor).locator(`.c-${column}`)),
    names: async () => {
      const rows = await frame
        .locator('espalier-table .row')
        .evaluateAll((all) => all.map((one) => [one.getAttribute('aria-rowindex'), one.getAttribute('data-key')]));
      return rows
        .sort(([a], [b]) => Number(a) - Number(b))
        .flatMap(([, key]) => (typeof key === 'string' ? [key] : []));
    },
    filter: (text) => frame.locator('#filter').fill(text),
    facts: () => textOf(frame.locator('header .facts')),
    notice: () => textOf(frame.locator('.bar.notice')),
    press: (button) => frame.getByRole('button', { name: button, exact: true }).click(),
    readOut: async () => {
      const found = /^\[([\d, ]*)\] = (.+)$/.exec(await textOf(frame.locator('.read-out .num')));
      if (found === null) return null;
      return {
        index: found[1]!.split(',').map(Number),
        value: Number(found[2]!.replaceAll('−', '-').replaceAll(',', '')),
      };
    },
  };
}

/** What is read there; empty where there is nothing. */
export const textOf = async (locator: Locator): Promise<string> => tidy((await locator.allInnerTexts()).join(' '));

/** One kind of space, so that a test can say what people read. */
export const tidy = (text: string): string => text.replaceAll(/[\s\u00a0\u202f]+/g, ' ').trim();
