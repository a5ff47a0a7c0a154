import path from 'node:path';
import { findBrowser } from './browser.mjs';

/** Under load on two cores the workbench needs seconds to draw; a healthy machine never waits this long. */
const PATIENCE_MS = 60_000;
/** An offer usually comes within a second. */
const TYPE_ANEW_MS = 6_000;

/** What a driven Chromium needs on a machine without a display, as root, and without calling home. */
const BROWSER_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Screenshots with the same letters everywhere.
  '--font-render-hinting=none',
];

/** Body classes by which VS Code says that a theme is on. */
const THEME_CLASSES = { dark: 'vs-dark', light: 'vs', hcDark: 'hc-black', hcLight: 'hc-light' };

/**
 * A Chromium that a test or a screenshot drives. Needs playwright-core.
 *
 * @param {{browser?: string}} [options] `browser`: path of the executable; otherwise {@link findBrowser} chooses
 * @returns {Promise<import('playwright-core').Browser>}
 */
export async function launchBrowser({ browser } = {}) {
  const { chromium } = await import('playwright-core');
  const found = browser ? { path: browser } : await findBrowser();
  if (found.path === null) throw new Error(`no browser: ${found.reason}`);
  return chromium.launch({ executablePath: found.path, args: BROWSER_FLAGS });
}

/**
 * Open VS Code's window at an address that `startCodeServer` gave, and wait until the workbench is drawn.
 *
 * `theme` is applied through the settings of `server` where one is given, and tells the page which colour scheme
 * the system prefers.
 *
 * @param {{url?: string, server?: import('./codeServer.mjs').RunningCodeServer, browser?: string, theme?: keyof typeof THEME_CLASSES,
 *   width?: number, height?: number, scale?: number}} options `width` and `height` in CSS pixels; `scale`: device pixels per CSS pixel
 * @returns {Promise<{page: import('playwright-core').Page, errors: string[], close(): Promise<void>}>}
 *   `errors`: what the page logged as errors, newest last
 */
export async function openWindow({ url, server, browser, theme, width = 1400, height = 900, scale = 1 }) {
  const address = url ?? server?.url;
  if (!address) throw new Error('openWindow needs a url or a server');
  const chromium = await launchBrowser({ browser });
  try {
    const context = await chromium.newContext({
      viewport: { width, height },
      deviceScaleFactor: scale,
      colorScheme: theme === 'light' || theme === 'hcLight' ? 'light' : 'dark',
    });
    const page = await context.newPage();
    const errors = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(String(error)));
    if (theme) server?.changeTheme(theme);
    await page.goto(address);
    await page.waitForSelector('.monaco-workbench .part.editor', { timeout: PATIENCE_MS });
    // The activity bar has its entries once extensions were read; before that, commands of the extension are unknown.
    await page.waitForSelector('.part.activitybar .action-item', { timeout: PATIENCE_MS });
    if (theme && server) await waitForTheme(page, theme);
    return { page, errors, close: () => chromium.close() };
  } catch (error) {
    await chromium.close();
    throw error;
  }
}

/** Change the theme of a running window and wait until it is drawn. */
export async function changeTheme(page, server, theme) {
  server.changeTheme(theme);
  await waitForTheme(page, theme);
}

async function waitForTheme(page, theme) {
  await page.waitForSelector(`.monaco-workbench.${THEME_CLASSES[theme]}`, { timeout: PATIENCE_MS });
}

/**
 * Open a file of the workspace by typing its name, as a person would, and wait for its tab.
 *
 * @param {import('playwright-core').Page} page
 * @param {string} file its name, or its path in the workspace where the name is not unique
 */
export async function quickOpen(page, file) {
  await page.keyboard.press('ControlOrMeta+P');
  await choose(page, file, path.posix.basename(file));
  await page
    .locator(`.tabs-container .tab[data-resource-name="${path.posix.basename(file)}"]`)
    .first()
    .waitFor({ timeout: PATIENCE_MS });
}

/**
 * Run a command by its title in the command palette ("Espalier: Copy Diagnostics").
 *
 * @param {import('playwright-core').Page} page
 * @param {string} title
 */
export async function runCommand(page, title) {
  await page.keyboard.press('F1');
  await choose(page, `>${title}`, title);
}

/** Type into the quick input that just opened and take the row with exactly this label. */
async function choose(page, text, label) {
  const input = page.locator('.quick-input-widget .quick-input-filter input');
  await input.waitFor({ timeout: PATIENCE_MS });
  const row = page.locator('.quick-input-list .monaco-list-row').filter({
    has: page.locator('.quick-input-list-label .label-name').getByText(label, { exact: true }),
  });
  // A list of files that was made a moment too early is kept until the text changes: so the text is typed anew.
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    await input.fill('');
    await input.fill(text);
    const offeredInTime = await row
      .first()
      .waitFor({ timeout: TYPE_ANEW_MS })
      .then(() => true)
      .catch(() => false);
    if (offeredInTime) break;
    if (Date.now() < deadline) continue;
    const offered = await page.locator('.quick-input-list .monaco-list-row').allInnerTexts();
    throw new Error(
      `"${label}" is not offered for "${text}"; offered: ${offered.slice(0, 8).join(' | ') || 'nothing'}`,
    );
  }
  await row.first().click();
}

/**
 * The frame that holds a webview's own content: VS Code wraps it in two frames of another origin.
 *
 * @param {import('playwright-core').Page} page
 * @param {string | (() => boolean)} [isIt] a selector that must be there, or a function evaluated inside the frame
 * @param {{timeoutMs?: number}} [options]
 * @returns {Promise<import('playwright-core').Frame>}
 */
export async function webviewFrame(page, isIt = 'body', { timeoutMs = PATIENCE_MS } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    for (const frame of page.frames()) {
      if (!isWebviewContent(frame)) continue;
      if (await answersYes(frame, isIt)) return frame;
    }
    const left = deadline - Date.now();
    if (left <= 0) {
      const seen = page.frames().map((frame) => frame.url());
      throw new Error(`no webview shows ${isIt} after ${timeoutMs} ms; frames: ${seen.join(', ')}`);
    }
    await nextChange(page, Math.min(left, 250));
  }
}

/** The outer frame is VS Code's page `index.html`; the content lives in its child `fake.html`, or in `about:blank` while it loads. */
function isWebviewContent(frame) {
  const parent = frame.parentFrame();
  return parent !== null && /\/webview\/browser\/pre\/index(-no-csp)?\.html/.test(parent.url());
}

async function answersYes(frame, isIt) {
  try {
    return typeof isIt === 'string' ? (await frame.locator(isIt).count()) > 0 : Boolean(await frame.evaluate(isIt));
  } catch {
    // The frame was replaced while it was asked: VS Code swaps a pending frame for the active one.
    return false;
  }
}

/** Until a frame comes, goes or loads; or `ms` later, since a page may also change without either. */
function nextChange(page, ms) {
  return new Promise((resolve) => {
    const events = ['frameattached', 'framenavigated', 'framedetached'];
    const done = () => {
      clearTimeout(timer);
      for (const event of events) page.off(event, done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    for (const event of events) page.on(event, done);
  });
}

/**
 * Write a picture of the window. Notifications and the blinking cursor are waited out or hidden, so that two
 * pictures of the same thing are the same.
 *
 * @param {import('playwright-core').Page} page
 * @param {string} file
 */
export async function screenshot(page, file) {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
  return file;
}
