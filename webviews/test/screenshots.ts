/**
 * Makes pictures of the pages in every state, theme and width, to be looked at:
 *
 *   npm run screenshots -w webviews -- OUT_FOLDER [FILTER]
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Scenario } from './fakeHost.js';
import { FOUR_THEMES, Pages, type ThemeName } from './page.js';

const [, , folder = 'build/screenshots', filter = ''] = process.argv;
const WIDTHS = [1280, 980, 500];

interface Shot {
  readonly name: string;
  readonly page: 'checkpoint' | 'compare' | 'report' | 'sweep' | 'doctor';
  readonly scenario: Scenario;
  readonly themes?: readonly ThemeName[];
  readonly widths?: readonly number[];
  readonly keys?: readonly string[];
  /** Device pixels per CSS pixel. */
  readonly ratio?: number;
}

const real: Scenario = { model: 'resnet', width: 64, select: 'layer4.1.conv2.weight' };
const compared: Scenario = { model: 'resnet', width: 32, compare: 'changed', select: 'layer3.1.conv2.weight' };
const one: readonly ThemeName[] = ['dark-modern'];
const SHOTS: readonly Shot[] = [
  {
    name: 'report',
    page: 'report',
    scenario: { model: 'resnet', report: 'done' },
    themes: FOUR_THEMES,
    widths: WIDTHS,
  },
  {
    name: 'doctor',
    page: 'doctor',
    scenario: { model: 'one', doctor: 'missing' },
    themes: ['dark-modern', 'light-modern', 'high-contrast'],
    widths: [980, 500],
  },
  {
    name: 'maps-of-report',
    page: 'report',
    scenario: { model: 'resnet', report: 'done', width: 32 },
    themes: ['dark-modern', 'light-modern', 'high-contrast'],
    widths: [1280, 500],
    keys: new Array(8).fill(']'),
  },
  {
    name: 'preview-problems',
    page: 'report',
    scenario: { model: 'resnet', report: 'problems' },
    themes: one,
    widths: [700],
  },
  { name: 'inspector', page: 'checkpoint', scenario: real, themes: FOUR_THEMES, widths: WIDTHS },
  {
    name: 'inspector-scanning',
    page: 'checkpoint',
    scenario: { model: 'resnet', pauseAfter: 41 },
    themes: one,
    widths: [1280, 500],
  },
  { name: 'inspector-fault', page: 'checkpoint', scenario: { model: 'one-fault' }, themes: one, widths: [1280] },
  { name: 'inspector-unreadable', page: 'checkpoint', scenario: { model: 'unreadable' }, themes: one, widths: [1280] },
  { name: 'inspector-empty', page: 'checkpoint', scenario: { model: 'empty' }, themes: one, widths: [1280] },
  { name: 'inspector-many', page: 'checkpoint', scenario: { model: 'many' }, themes: one, widths: [1280] },
  { name: 'inspector-one', page: 'checkpoint', scenario: { model: 'one' }, themes: one, widths: [1280] },
  { name: 'inspector-strange', page: 'checkpoint', scenario: { model: 'strange' }, themes: one, widths: [1280, 980] },
  {
    name: 'inspector-tables',
    page: 'checkpoint',
    scenario: { model: 'resnet' },
    themes: one,
    widths: [1280],
    keys: ['t'],
  },
  {
    name: 'inspector-keys',
    page: 'checkpoint',
    scenario: { model: 'resnet' },
    themes: one,
    widths: [1280],
    keys: ['?'],
  },
  {
    name: 'inspector-signed',
    page: 'checkpoint',
    scenario: real,
    themes: ['dark-modern', 'light-modern'],
    widths: [1280],
    keys: ['m', 'h', '+', '+', '+'],
  },
  {
    name: 'inspector-whole',
    page: 'checkpoint',
    scenario: real,
    themes: ['dark-modern', 'light-modern'],
    widths: [1280],
    keys: ['h', '0'],
  },
  {
    name: 'inspector-zeros',
    page: 'checkpoint',
    scenario: real,
    themes: ['dark-modern', 'light-modern'],
    widths: [1280],
    keys: ['m', 'm', 'h', '0'],
  },
  { name: 'inspector-magnified', page: 'checkpoint', scenario: real, themes: one, widths: [640], ratio: 2 },
  { name: 'inspector-channel', page: 'checkpoint', scenario: real, themes: one, widths: [1280], keys: ['l'] },
  { name: 'compare', page: 'compare', scenario: compared, themes: FOUR_THEMES, widths: WIDTHS },
  {
    name: 'compare-mask',
    page: 'compare',
    scenario: compared,
    themes: ['dark-modern', 'light-modern'],
    widths: [1280],
    keys: ['m', 'h', '+'],
  },
  {
    name: 'compare-scanning',
    page: 'compare',
    scenario: { model: 'resnet', compare: 'changed', pauseAfter: 38 },
    themes: one,
    widths: [1280],
  },
  {
    name: 'compare-equal',
    page: 'compare',
    scenario: { model: 'resnet', compare: 'equal' },
    themes: one,
    widths: [1280, 500],
  },
  {
    name: 'compare-tables',
    page: 'compare',
    scenario: { model: 'resnet', compare: 'changed' },
    themes: one,
    widths: [1280],
    keys: ['t'],
  },
  {
    name: 'trend',
    page: 'compare',
    scenario: { model: 'resnet', compare: 'trend' },
    themes: FOUR_THEMES,
    widths: [1280, 500],
  },
];

const pages = await Pages.start();
try {
  mkdirSync(folder, { recursive: true });
  for (const shot of SHOTS) {
    for (const theme of shot.themes ?? FOUR_THEMES) {
      for (const width of shot.widths ?? WIDTHS) {
        if (!`${shot.name}-${theme}-${width}`.includes(filter)) continue;
        const opened = await pages.open({
          page: shot.page,
          scenario: shot.scenario,
          theme,
          width,
          deviceScaleFactor: shot.ratio ?? 1,
        });
        await settle(opened.page);
        for (const key of shot.keys ?? []) {
          await opened.page.keyboard.press(key);
          await opened.page.waitForTimeout(120);
        }
        await settle(opened.page);
        const file = path.join(folder, `${shot.name}-${theme}-${width}.png`);
        // Narrow pages scroll as one; the picture shows all of it.
        if (width < 760) await opened.page.setViewportSize({ width, height: 1500 });
        await opened.page.waitForTimeout(200);
        await opened.page.screenshot({ path: file });
        console.log(file, opened.complaints.join(' | '));
        await opened.close();
      }
    }
  }
} finally {
  await pages.stop();
}

/** Until the host has been quiet for a while: everything has been asked and drawn. */
async function settle(page: import('playwright-core').Page): Promise<void> {
  let before = -1;
  for (let tries = 0; tries < 100; tries++) {
    const now = await page.evaluate('globalThis.fakeHost.sent.length * 1000 + document.querySelectorAll("*").length');
    if (now === before) return;
    before = now as number;
    await page.waitForTimeout(400);
  }
}
