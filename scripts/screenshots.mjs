#!/usr/bin/env node
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { installPackages, ROOT } from './install.mjs';
import { packageExtension } from './packageExtension.mjs';
import { npmCli, run, say } from './process.mjs';
import { startCodeServer } from './vscode/codeServer.mjs';
import { openWindow, quickOpen, runCommand, screenshot, webviewFrame } from './vscode/window.mjs';

const HELP = `npm run screenshots: takes the pictures of the READMEs anew, in a real VS Code.

Writes docs/images/*.png and extension/media/screenshots/*.png. Needs a Chromium (CHROME_PATH, an installed one, or
playwright's).

  --vsix FILE   take them of this extension; otherwise it is built and packed
  --only NAME   inspector, compare, code, preview, report or sweep
  --help        this text`;

/** Larger pictures make a listing slow; the shop warns as well. */
const LISTING_LIMIT_BYTES = 250_000;
const WIDE = { width: 1440, height: 900 };
const LISTING = { width: 1280, height: 800 };
const TALL = { width: 1280, height: 900 };
/** Where the explorer ends, in CSS pixels from the left. */
const EXPLORER_EDGE = 262;

const THEMES = {
  dark: { name: 'Dark Modern', className: 'vs-dark' },
  light: { name: 'Light Modern', className: 'vs' },
  hcDark: { name: 'Default High Contrast', className: 'hc-black' },
};

/** The window without what is VS Code's own: what remains is the product. */
const SETTINGS = {
  'workbench.colorTheme': THEMES.dark.name,
  'workbench.layoutControl.enabled': false,
  'workbench.statusBar.visible': false,
  'workbench.editor.empty.hint': 'hidden',
  'window.menuBarVisibility': 'hidden',
  'editor.minimap.enabled': false,
  'editor.renderLineHighlight': 'none',
  'editor.lightbulb.enabled': 'off',
  'editor.scrollBeyondLastLine': false,
  'editor.stickyScroll.enabled': false,
  'outline.collapseItems': 'alwaysCollapse',
  'files.exclude': { '**/README.md': true, '**/data.py': true },
};

const DENSE = 'resnet-tiny.safetensors';
const PRUNED = 'resnet-tiny-80.safetensors';
const LAYER = 'layer3.1.conv1.weight';

/** Recipes that the scenes plan and run. */
const RECIPES = {
  'small.espalier.yaml': `# Four of five weights go, in all layers together.
input: models/resnet-tiny.safetensors
steps:
  - prune: { method: magnitude, sparsity: 0.8, scope: model }
output: models/small.safetensors
devices: [a100]
budget:
  size: 2 MB
  sparsity: [{ match: "layer3.**", atLeast: 0.8 }]
`,
  'compare.espalier.yaml': `input: models/resnet-tiny.safetensors
steps:
  - prune: magnitude
output: out/tiny.safetensors
sweep:
  method: [magnitude, random]
  sparsity: [0.5, 0.7, 0.8, 0.9, 0.95]
`,
};

const docs = (name) => path.join(ROOT, 'docs/images', `${name}.png`);
const listing = (name) => path.join(ROOT, 'extension/media/screenshots', `${name}.png`);

/** Each scene opens what it shows; then it is taken once for each picture. */
const SCENES = {
  inspector: {
    open: openInspector,
    shots: [
      { file: docs('inspector-dark'), theme: 'dark', size: WIDE },
      { file: docs('inspector-light'), theme: 'light', size: WIDE },
      { file: docs('inspector-hc'), theme: 'hcDark', size: WIDE },
      { file: listing('inspector'), theme: 'dark', size: LISTING, bare: true },
    ],
  },
  compare: {
    open: openCompare,
    shots: [
      { file: docs('compare-dark'), theme: 'dark', size: WIDE, bare: true },
      { file: listing('compare'), theme: 'dark', size: LISTING, bare: true },
    ],
  },
  code: {
    open: openCode,
    shots: [
      { file: docs('code-dark'), theme: 'dark', size: WIDE, before: hover },
      { file: listing('code'), theme: 'dark', size: LISTING, bare: true, before: hover },
    ],
  },
  preview: {
    open: openPreview,
    shots: [
      { file: docs('prune-preview'), theme: 'dark', size: WIDE, bare: true },
      { file: listing('prune-preview'), theme: 'dark', size: LISTING, bare: true },
    ],
  },
  report: {
    open: openReport,
    shots: [
      { file: docs('prune-report'), theme: 'dark', size: TALL, bare: true },
      { file: docs('prune-report-maps'), theme: 'light', size: WIDE, bare: true, before: showMaps },
    ],
  },
  sweep: { open: openSweep, shots: [{ file: docs('sweep'), theme: 'dark', size: WIDE, bare: true }] },
};

process.exitCode = await main();

async function main() {
  const { values } = parseArgs({
    options: { help: { type: 'boolean' }, vsix: { type: 'string' }, only: { type: 'string' } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.only !== undefined && SCENES[values.only] === undefined) {
    say(`--only takes ${Object.keys(SCENES).join(', ')}; found ${values.only}`);
    return 2;
  }
  const vsix = values.vsix ?? (await pack());
  if (vsix === null) return 1;
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'espalier-screenshots-'));
  try {
    const workspace = path.join(scratch, 'digits');
    cpSync(path.join(ROOT, 'fixtures/demo'), workspace, { recursive: true });
    for (const [file, text] of Object.entries(RECIPES)) writeFileSync(path.join(workspace, file), text);
    for (const [name, scene] of Object.entries(SCENES)) {
      if (values.only === undefined || values.only === name) await take(scene, workspace, vsix);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return 0;
}

/** @returns {Promise<string | null>} the file of the packed extension */
async function pack() {
  const installed = await installPackages();
  if (installed.code !== 0) return null;
  const built = await run(process.execPath, [npmCli(), 'run', 'build'], { cwd: ROOT });
  if (built.code !== 0) return null;
  const packed = await packageExtension();
  if (packed.ok) return packed.file;
  say(packed.reason);
  return null;
}

/** A VS Code for each scene, so that no scene sees what another left open. */
async function take({ open, shots }, workspace, vsix) {
  const server = await startCodeServer({ workspace, vsix, settings: SETTINGS });
  try {
    const window = await openWindow({ server, ...WIDE });
    try {
      const { page } = window;
      await narrowExplorer(page);
      await open(page);
      let bare = false;
      for (const shot of shots) {
        await page.setViewportSize(shot.size);
        if ((shot.bare ?? false) !== bare) {
          bare = !bare;
          await runCommand(page, 'View: Toggle Primary Side Bar Visibility');
        }
        server.changeSettings({ 'workbench.colorTheme': THEMES[shot.theme].name });
        await page.waitForSelector(`.monaco-workbench.${THEMES[shot.theme].className}`);
        await quiet(page);
        await shot.before?.(page);
        mkdirSync(path.dirname(shot.file), { recursive: true });
        await screenshot(page, shot.file);
        const { size } = statSync(shot.file);
        say(`${path.relative(ROOT, shot.file)}, ${Math.round(size / 1000)} kB`);
        if (shot.size === LISTING && size > LISTING_LIMIT_BYTES)
          throw new Error(`${shot.file} has ${size} bytes, the limit is ${LISTING_LIMIT_BYTES}`);
      }
    } finally {
      await window.close();
    }
  } finally {
    await server.stop();
  }
}

async function openInspector(page) {
  await quickOpen(page, PRUNED);
  const frame = await webviewFrame(page, `espalier-checkpoint h1:text-is("${PRUNED}")`);
  await frame.getByText('= exact').or(frame.getByText('exact')).first().waitFor();
  await frame.getByRole('radio', { name: /^Prunable/ }).click();
  await frame.locator(`.row[data-key="${LAYER}"]`).click();
  await frame.locator('.read-out .num').first().waitFor();
}

async function openCompare(page) {
  await quickOpen(page, DENSE);
  await runCommand(page, 'Espalier: Compare Checkpoints…');
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: PRUNED }).first().click();
  const frame = await webviewFrame(page, `h1:text-is("${DENSE} → ${PRUNED}")`);
  // Once the values are known, the maps open where the largest of the differences is.
  await frame.locator(`.row[data-key="${LAYER}"] .c-pair`, { hasText: '93.6' }).waitFor();
  await frame.locator(`.row[data-key="${LAYER}"]`).click();
  await frame.locator('.read-out .num').first().waitFor();
}

async function openCode(page) {
  await quickOpen(page, 'compare.py');
  await page.locator('.view-line', { hasText: '72 % sparse' }).first().waitFor();
  // The middle of the window, so that there is room for the hover above and for the problem below.
  await page.keyboard.press('Control+G');
  await page.locator('.quick-input-widget .quick-input-filter input').fill(':51');
  await page.keyboard.press('Enter');
  await page.locator('.squiggly-warning').first().waitFor();
}

/** A recipe and what it would do, measured and compressed. */
async function openPreview(page) {
  await quickOpen(page, 'small.espalier.yaml');
  await runCommand(page, 'Espalier: Preview Recipe');
  const frame = await webviewFrame(page, 'espalier-report .report');
  await frame.locator('#gzip').click();
  await frame.locator('#measure:not([disabled])').click();
  await frame.locator('#time table').waitFor();
  return frame;
}

async function openReport(page) {
  await quickOpen(page, 'small.espalier.yaml');
  await finish(page, '80.0 % of 271,380 weights are zero');
  const frame = await webviewFrame(page, 'espalier-report .verdict');
  await frame.locator('#maps .read-out .num').first().waitFor();
}

async function showMaps(page) {
  const frame = await webviewFrame(page, 'espalier-report .verdict');
  await frame.locator('.outline a[href="#maps"]').click();
  await frame.locator('#maps .read-out .num').first().waitFor();
}

async function openSweep(page) {
  await quickOpen(page, 'compare.espalier.yaml');
  await finish(page, '10 of 10 points');
  const frame = await webviewFrame(page, 'espalier-sweep .verdict');
  await frame.locator('espalier-sweep-chart canvas').waitFor();
}

/** Runs the recipe in the editor and opens its report; the notification that led there goes. */
async function finish(page, words) {
  await runCommand(page, 'Espalier: Run Recipe');
  const done = page.locator('.notification-toast', { hasText: words });
  await done.waitFor({ timeout: 120_000 });
  await done.getByRole('button', { name: 'Open Report' }).click();
  await done.waitFor({ state: 'hidden' });
}

/** Rests the pointer on a path until its hover is complete. */
async function hover(page) {
  const path = page.locator('.view-line', { hasText: 'half = torch.load' }).getByText('models/resnet-tiny-80-half.pt');
  await path.hover();
  await page.locator('.monaco-resizable-hover', { hasText: 'exact' }).waitFor();
}

/** Drags the edge of the explorer, which is wider than the names need. */
async function narrowExplorer(page) {
  const sidebar = await page.locator('.part.sidebar').boundingBox();
  const edge = { x: sidebar.x + sidebar.width + 1, y: 500 };
  await page.mouse.move(edge.x, edge.y);
  await page.mouse.down();
  await page.mouse.move(EXPLORER_EDGE, edge.y, { steps: 5 });
  await page.mouse.up();
}

/** Until nothing moves: pictures are drawn, no skeleton breathes, no notification covers a corner. */
async function quiet(page) {
  await page.mouse.move(5, 5);
  for (const frame of page.frames()) {
    await frame.waitForFunction(() => document.querySelector('.skeleton') === null).catch(() => {});
  }
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));
}
