import type { Frame, Locator, Page } from 'playwright-core';
import { webviewFrame } from '../../../scripts/vscode/window.mjs';

/** The inspector's page of one file, seen as a person sees it. */
export interface Inspector {
  readonly frame: Frame;
  row(tensor: string): Locator;
  /** The text of a cell: `zeros`, `shape`, `pattern` … */
  cell(tensor: string, column: string): Promise<string>;
  /** Names of the rows in view, in order. */
  names(): Promise<string[]>;
  /** The line of facts beside the name. */
  facts(): Promise<string>;
  /** The one line under the header, with its button; empty when there is none. */
  notice(): Promise<string>;
  press(button: string): Promise<void>;
  open(tensor: string): Promise<void>;
  /** `[8, 3, 0, 1] = 0.0123` under the heat map. */
  readOut(): Promise<{ index: readonly number[]; value: number } | null>;
}

/** The page whose title is the file's name; waits until it is there. */
export async function inspector(page: Page, name: string): Promise<Inspector> {
  const frame = await webviewFrame(page, `espalier-checkpoint h1:text-is("${name}")`);
  const row = (tensor: string): Locator => frame.locator(`espalier-table .row[data-key="${tensor}"]`);
  return {
    frame,
    row,
    cell: (tensor, column) => row(tensor).locator(`.c-${column}`).innerText().then(tidy),
    names: async () => {
      const rows = await frame
        .locator('espalier-table .row')
        .evaluateAll((all) => all.map((one) => [one.getAttribute('aria-rowindex'), one.getAttribute('data-key')]));
      return rows
        .sort(([a], [b]) => Number(a) - Number(b))
        .flatMap(([, key]) => (typeof key === 'string' ? [key] : []));
    },
    facts: () => frame.locator('header .facts').innerText().then(tidy),
    notice: async () => {
      const all = await frame.locator('.bar.notice').allInnerTexts();
      return tidy(all.join(' '));
    },
    press: (button) => frame.getByRole('button', { name: button, exact: true }).click(),
    open: async (tensor) => {
      await frame.locator('#filter').fill(tensor);
      await row(tensor).click();
      await frame.locator('#filter').fill('');
    },
    readOut: async () => {
      const [text] = await frame.locator('.read-out .num').allInnerTexts();
      const found = /^\[([\d, ]*)\] = (.+)$/.exec(tidy(text ?? ''));
      if (found === null) return null;
      return {
        index: found[1]!.split(',').map(Number),
        value: Number(found[2]!.replaceAll('−', '-').replaceAll(',', '')),
      };
    },
  };
}

/** One kind of space, so that a test can say what people read. */
export const tidy = (text: string): string => text.replaceAll(/[\s\u00a0\u202f]+/g, ' ').trim();
