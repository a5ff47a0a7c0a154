import type { Locator, Page } from 'playwright-core';
import { runCommand } from '../../../scripts/vscode/window.mjs';
import { textOf, tidy } from './inspectorPage.js';

/** The text editor in front, with the hints and lenses that stand in it. */
export const editorText = (page: Page): Promise<string> => textOf(page.locator('.editor-instance .view-lines'));

/** The line of the text editor in front that holds this text. */
export const lineWith = (page: Page, text: string): Locator =>
  page.locator('.editor-instance .view-line').filter({ hasText: text });

/** Puts the cursor into a text of the editor in front, by searching as a person would. */
export async function goTo(page: Page, text: string): Promise<void> {
  await page
    .locator('.editor-instance .monaco-editor')
    .first()
    .click({ position: { x: 300, y: 5 } });
  await page.keyboard.press('ControlOrMeta+F');
  const input = page.locator('.find-widget.visible textarea').first();
  await input.waitFor();
  await input.fill(text);
  await page.locator('.find-widget.visible .matchesCount', { hasText: /^\d+ of \d+/ }).waitFor();
  await page.keyboard.press('Enter');
  // Leaves the match selected.
  await page.keyboard.press('Escape');
}

/** What a hover at the cursor says. */
export async function hoverAtCursor(page: Page): Promise<string> {
  await runCommand(page, 'Show or Focus Hover');
  return hoverText(page);
}

/** What the hover that is shown, or about to be, says. */
export async function hoverText(page: Page): Promise<string> {
  const hover = page.locator('.monaco-resizable-hover .monaco-hover').filter({ hasText: /\S/ }).first();
  await hover.waitFor();
  return textOf(hover);
}

/** Labels of the fixes that are offered at the cursor. */
export async function openFixes(page: Page): Promise<string[]> {
  await page.keyboard.press('ControlOrMeta+.');
  const rows = page.locator('.action-widget .monaco-list-row.action');
  await rows.first().waitFor();
  return (await rows.allInnerTexts()).map(tidy);
}
