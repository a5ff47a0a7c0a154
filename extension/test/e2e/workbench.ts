import type { Locator, Page } from 'playwright-core';
import { runCommand } from '../../../scripts/vscode/window.mjs';
import { tidy } from './inspectorPage.js';

/** An entry of the explorer; its folder must be open. */
export const explorerItem = (page: Page, name: string): Locator =>
  page
    .locator('.explorer-folders-view .monaco-list-row')
    .filter({ has: page.locator('.label-name').getByText(name, { exact: true }) });

/** Closes the context menu that is open, if one is: a menu that just opened may miss the first Escape. */
async function closeMenu(page: Page): Promise<void> {
  const menu = page.locator('.context-view.monaco-menu-container:visible');
  for (let attempt = 0; attempt < 20 && (await menu.count()) > 0; attempt++) {
    await page.keyboard.press('Escape');
    await menu
      .first()
      .waitFor({ state: 'hidden', timeout: 500 })
      .catch(() => undefined);
  }
}

/** Opens the context menu of an entry of the explorer. */
async function openExplorerMenu(page: Page, name: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    await closeMenu(page);
    await explorerItem(page, name).click({ button: 'right' });
    const opened = await page
      .getByRole('menuitem')
      .first()
      .waitFor({ timeout: 5000 })
      .then(
        () => true,
        () => false,
      );
    if (opened) return;
  }
  throw new Error(`No context menu opens on ${name}.`);
}

/** Chooses from the context menu of an entry of the explorer. */
export async function chooseInExplorer(page: Page, name: string, label: string): Promise<void> {
  await openExplorerMenu(page, name);
  const item = page.getByRole('menuitem', { name: label, exact: true });
  // A menu takes a click right after it opened for the end of the click that opened it.
  for (let attempt = 0; attempt < 5; attempt++) {
    await item.click();
    const closed = await item.waitFor({ state: 'hidden', timeout: 2000 }).then(
      () => true,
      () => false,
    );
    if (closed) return;
  }
  throw new Error(`The menu stays open after a click on ${label}.`);
}

/** Chooses from a menu within the context menu of an entry of the explorer. */
export async function chooseInSubmenu(page: Page, name: string, submenu: string, label: string): Promise<void> {
  await openExplorerMenu(page, name);
  const item = page.getByRole('menuitem', { name: label, exact: true });
  // A menu takes a click right after it opened for the end of the click that opened it.
  for (let attempt = 0; attempt < 10 && (await item.count()) === 0; attempt++) {
    await page.getByRole('menuitem', { name: submenu, exact: true }).click();
    await item.waitFor({ timeout: 1000 }).catch(() => undefined);
  }
  await item.click();
}

/** Labels of the context menu of an entry of the explorer. */
export async function explorerMenu(page: Page, name: string): Promise<string[]> {
  await openExplorerMenu(page, name);
  // Entries are drawn one after the other; every entry of the explorer can be deleted, and little follows that.
  await page.getByRole('menuitem', { name: /^Delete/ }).waitFor();
  const labels = await page.getByRole('menuitem').allInnerTexts();
  await closeMenu(page);
  return labels.map((label) => tidy(label));
}

/** Texts of the status bar, each one kind of space. */
export async function statusTexts(page: Page): Promise<string[]> {
  const texts = await page.locator('.statusbar-item').allInnerTexts();
  return texts.map(tidy).filter((text) => text !== '');
}

/** What “Copy Diagnostics” puts on the clipboard. */
export async function diagnostics(page: Page): Promise<string> {
  await page.evaluate(() => navigator.clipboard.writeText('nothing yet'));
  await runCommand(page, 'Espalier: Copy Diagnostics');
  await page.getByText('Diagnostics are on the clipboard').waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Titles of the open tabs, in order. */
export const tabs = (page: Page): Promise<string[]> =>
  page
    .locator('.tabs-container .tab')
    .evaluateAll((all) => all.map((tab) => tab.getAttribute('data-resource-name') ?? ''));

/** Chooses a row of the quick pick that is open. */
export async function pick(page: Page, label: string): Promise<void> {
  await page
    .locator('.quick-input-list .monaco-list-row')
    .filter({ has: page.locator('.label-name').getByText(label, { exact: true }) })
    .first()
    .click();
}

/** Reloads the window as a person would, and waits until its old content is gone. */
export async function reloadWindow(page: Page): Promise<void> {
  const loaded = page.waitForEvent('load');
  await runCommand(page, 'Developer: Reload Window');
  await loaded;
  await page.waitForSelector('.monaco-workbench .part.editor');
}

/** Opens another workspace in the window, and waits until a folder of it is listed. */
export async function openWorkspace(page: Page, url: string, folder: string): Promise<void> {
  // A busy VS Code sometimes gives up reading the workspace's file and opens an empty window.
  for (let attempt = 0; attempt < 3; attempt++) {
    await page.goto(url);
    const listed = await explorerItem(page, folder)
      .waitFor({ timeout: 20_000 })
      .then(
        () => true,
        () => false,
      );
    if (listed) return;
  }
  throw new Error(`The explorer does not list ${folder}.`);
}
