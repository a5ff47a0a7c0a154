/**
 * Writes `themes.json`: what VS Code hands to a page as `--vscode-*` variables, read from a running VS Code for each
 * of the themes it starts with. Run it again when VS Code changes its themes:
 *
 *   node webviews/test/captureThemes.mjs
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { findBrowser } from '../../scripts/vscode/browser.mjs';
import { startCodeServer } from '../../scripts/vscode/codeServer.mjs';

const THEMES = {
  'dark-modern': ['Default Dark Modern', 'vscode-dark'],
  'light-modern': ['Default Light Modern', 'vscode-light'],
  'high-contrast': ['Default High Contrast', 'vscode-high-contrast'],
  'high-contrast-light': ['Default High Contrast Light', 'vscode-high-contrast-light'],
  'dark-2026': ['Dark 2026', 'vscode-dark'],
  'light-2026': ['Light 2026', 'vscode-light'],
};

/** Colours that a page may use. A theme leaves some of them undefined; that is kept. */
const COLOURS = [
  ...[
    'foreground',
    'descriptionForeground',
    'errorForeground',
    'focusBorder',
    'contrastBorder',
    'contrastActiveBorder',
  ],
  ...['editor-background', 'editorWarning-foreground', 'editorError-foreground', 'editorInfo-foreground'],
  ...['panel-border', 'widget-border', 'menu-background', 'menu-foreground', 'menu-border'],
  ...['menu-selectionBackground', 'menu-selectionForeground', 'menu-selectionBorder'],
  ...['list-hoverBackground', 'list-activeSelectionBackground', 'list-activeSelectionForeground'],
  ...['button-background', 'button-foreground', 'button-hoverBackground', 'button-border'],
  ...['button-secondaryBackground', 'button-secondaryForeground', 'button-secondaryHoverBackground'],
  ...['input-background', 'input-foreground', 'input-border', 'input-placeholderForeground'],
  ...['charts-blue', 'charts-green', 'charts-orange', 'charts-purple', 'charts-red', 'charts-yellow'],
  ...['progressBar-background', 'sash-hoverBorder', 'textLink-foreground'],
  ...['scrollbarSlider-background', 'scrollbarSlider-hoverBackground', 'scrollbarSlider-activeBackground'],
];

const workspace = mkdtempSync(path.join(os.tmpdir(), 'espalier-themes-'));
const found = await findBrowser({ install: true });
if (found.path === null) throw new Error(found.reason);
const editor = await startCodeServer({ workspace, theme: 'dark' });
const browser = await chromium.launch({ executablePath: found.path, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const page = await browser.newPage();
  await page.goto(editor.url);
  await page.waitForSelector('.monaco-workbench');
  const themes = {};
  for (const [id, [name, bodyClass]] of Object.entries(THEMES)) {
    const before = await page.evaluate(() => document.querySelector('.monaco-workbench').className);
    editor.changeSettings({ 'workbench.colorTheme': name });
    if (id !== 'dark-modern') {
      await page.waitForFunction((was) => document.querySelector('.monaco-workbench').className !== was, before);
    } else await page.waitForTimeout(5000);
    await page.waitForTimeout(500);
    const colours = await page.evaluate((names) => {
      const style = getComputedStyle(document.querySelector('.monaco-workbench'));
      const defined = names.map((colour) => [
        `--vscode-${colour}`,
        style.getPropertyValue(`--vscode-${colour}`).trim(),
      ]);
      return Object.fromEntries(defined.filter(([, value]) => value !== ''));
    }, COLOURS);
    themes[id] = { name, bodyClass, colours };
  }
  const file = path.join(path.dirname(fileURLToPath(import.meta.url)), 'themes.json');
  writeFileSync(file, `${JSON.stringify({ codeServer: editor.version, themes }, null, 2)}\n`);
} finally {
  await browser.close();
  await editor.stop();
  rmSync(workspace, { recursive: true, force: true });
}
