import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Scenario } from './fakeHost.js';
import { ALL_THEMES, FOUR_THEMES, type OpenedPage, type OpenOptions, Pages, type ThemeName } from './page.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let pages: Pages;
let opened: OpenedPage | undefined;

beforeAll(async () => {
  pages = await Pages.start();
});
afterAll(() => pages.stop());
afterEach(async () => {
  const complaints = opened?.complaints ?? [];
  await opened?.close();
  opened = undefined;
  expect(complaints).toEqual([]);
});

interface Check {
  readonly name: string;
  readonly options: Pick<OpenOptions, 'page' | 'scenario'> & Partial<OpenOptions>;
  readonly ready: string;
  readonly keys?: readonly string[];
}

const resnet: Scenario = { model: 'resnet', select: 'layer4.0.conv1.weight' };
const READY: readonly Check[] = [
  { name: 'the inspector', options: { page: 'checkpoint', scenario: resnet }, ready: '.statistics' },
  {
    name: 'the comparison',
    options: { page: 'compare', scenario: { model: 'resnet', compare: 'changed', select: 'layer3.1.conv2.weight' } },
    ready: '.mask-keys',
  },
  {
    name: 'the report',
    options: { page: 'report', scenario: { model: 'resnet', report: 'done' } },
    ready: '.provenance',
  },
  { name: 'the doctor', options: { page: 'doctor', scenario: { model: 'one', doctor: 'missing' } }, ready: '.install' },
  {
    name: 'the sweep',
    options: { page: 'sweep', scenario: { model: 'resnet', sweep: 'done' } },
    ready: 'espalier-sweep-chart canvas',
  },
];
const STATES: readonly Check[] = [
  {
    name: 'while reading',
    options: { page: 'checkpoint', scenario: { model: 'resnet', pauseAfter: 30 } },
    ready: '.notice',
  },
  { name: 'with a fault', options: { page: 'checkpoint', scenario: { model: 'one-fault' } }, ready: '.fault-details' },
  {
    name: 'with an unreadable file',
    options: { page: 'checkpoint', scenario: { model: 'unreadable' } },
    ready: '.fault-page',
  },
  { name: 'without tensors', options: { page: 'checkpoint', scenario: { model: 'empty' } }, ready: '.centred' },
  { name: 'with odd tensors', options: { page: 'checkpoint', scenario: { model: 'strange' } }, ready: '.statistics' },
  {
    name: 'with two thousand tensors',
    options: { page: 'checkpoint', scenario: { model: 'many' } },
    ready: '.facts .how',
  },
  {
    name: 'with every picture as a table',
    options: { page: 'checkpoint', scenario: resnet },
    ready: '.statistics',
    keys: ['t'],
  },
  { name: 'with the keys open', options: { page: 'checkpoint', scenario: resnet }, ready: '.statistics', keys: ['?'] },
  { name: 'with a menu open', options: { page: 'checkpoint', scenario: resnet }, ready: '.statistics', keys: ['e'] },
  {
    name: 'per channel, at 500 px',
    options: { page: 'checkpoint', scenario: resnet, width: 500 },
    ready: '.statistics',
    keys: ['l'],
  },
  {
    name: 'comparing',
    options: { page: 'compare', scenario: { model: 'resnet', compare: 'changed', pauseAfter: 30 } },
    ready: '.notice',
  },
  {
    name: 'comparing equal files',
    options: { page: 'compare', scenario: { model: 'resnet', compare: 'equal' } },
    ready: '.over-table',
  },
  {
    name: 'comparing as tables',
    options: { page: 'compare', scenario: { model: 'resnet', compare: 'changed' } },
    ready: '.mask-keys',
    keys: ['t', 'm'],
  },
  {
    name: 'comparing at 500 px',
    options: { page: 'compare', scenario: { model: 'resnet', compare: 'changed' }, width: 500 },
    ready: '.mask-keys',
  },
  {
    name: 'a preview at 500 px',
    options: { page: 'report', scenario: { model: 'resnet', report: 'preview' }, width: 500 },
    ready: '#layers',
  },
  {
    name: 'a recipe with problems',
    options: { page: 'report', scenario: { model: 'resnet', report: 'problems' } },
    ready: '#problems',
  },
  {
    name: 'a report as tables',
    options: { page: 'report', scenario: { model: 'resnet', report: 'done' } },
    ready: '.provenance',
    keys: ['t', 'e'],
  },
  {
    name: 'a report of few bits',
    options: { page: 'report', scenario: { model: 'resnet', report: 'quantized' } },
    ready: '#quantization',
  },
  {
    name: 'a report that cannot be read',
    options: { page: 'report', scenario: { model: 'resnet', report: 'unreadable' } },
    ready: '.fault-page',
  },
  {
    name: 'a sweep that runs, as a table, at 500 px',
    options: { page: 'sweep', scenario: { model: 'resnet', sweep: 'running' }, width: 500 },
    ready: '#points tbody tr',
    keys: ['t', 'e'],
  },
  {
    name: 'a sweep that cannot be read',
    options: { page: 'sweep', scenario: { model: 'resnet', sweep: 'unreadable' } },
    ready: '.fault-page',
  },
  {
    name: 'a trend',
    options: { page: 'compare', scenario: { model: 'resnet', compare: 'trend' } },
    ready: '.small-chart',
  },
];

/** What axe finds, one line each; empty is what we want. */
async function violations(page: OpenedPage['page']): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(
          options: object,
        ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
      };
    };
    const found = await axe.run({ resultTypes: ['violations'] });
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.slice(0, 4).map((node) => `${id}: ${node.html.slice(0, 160)} (${node.failureSummary.slice(0, 220)})`),
    );
  });
}

/** Opens the page once and changes its theme, as a person would. */
async function check({ options, ready, keys = [] }: Check, themes: readonly ThemeName[]): Promise<void> {
  opened = await pages.open({ ...options, theme: themes[0]! });
  const { page } = opened;
  await page.waitForSelector(ready);
  for (const key of keys) await page.keyboard.press(key);
  for (const theme of themes) {
    await opened.setTheme(theme);
    await page.waitForTimeout(150);
    expect(await violations(page), theme).toEqual([]);
  }
}

test.each(READY)('$name has no violation in any theme', (state) => check(state, ALL_THEMES));

describe('there is no violation in four themes', () => {
  test.each(STATES)('$name', (state) => check(state, FOUR_THEMES));
});

test('under reduced motion nothing moves', async () => {
  opened = await pages.open({ page: 'checkpoint', scenario: { model: 'resnet', pauseAfter: 10 }, reducedMotion: true });
  await opened.page.waitForSelector('.skeleton');
  const moving = await opened.page.evaluate(
    () => document.getAnimations().filter((animation) => animation.effect?.getTiming().duration !== 0).length,
  );
  expect(moving).toBe(0);
});

test('without reduced motion skeletons breathe', async () => {
  opened = await pages.open({ page: 'checkpoint', scenario: { model: 'resnet', pauseAfter: 10 } });
  await opened.page.waitForSelector('.skeleton');
  expect(await opened.page.evaluate(() => document.getAnimations().length)).toBeGreaterThan(0);
});

test('under forced colours bars, segments and the selection stay visible', async () => {
  opened = await pages.open({ page: 'checkpoint', scenario: resnet, forcedColors: true });
  const { page } = opened;
  await page.waitForSelector('.statistics');
  const seen = await page.evaluate(() => {
    const colour = (selector: string, property: string): string =>
      getComputedStyle(document.querySelector(selector)!).getPropertyValue(property);
    const canvas = 'rgb(255, 255, 255)';
    return {
      bar: colour('.row .meter i', 'background-color') !== canvas,
      level: colour('.piece .level', 'background-color') !== canvas,
      row: colour('.row[aria-selected=true]', 'outline-width'),
    };
  });
  expect(seen).toEqual({ bar: true, level: true, row: '2px' });
});

test('the focus can be seen wherever Tab leads', async () => {
  opened = await pages.open({ page: 'checkpoint', scenario: resnet });
  const { page } = opened;
  await page.waitForSelector('.read-out .num');
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  const hidden: string[] = [];
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const problem = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      if (element === null || element === document.body) return 'end';
      const style = getComputedStyle(element);
      const outlined = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0;
      const marked = ['::after', '::before'].some((part) => {
        const pseudo = getComputedStyle(element, part);
        return (
          pseudo.content !== 'none' &&
          (pseudo.borderTopWidth !== '0px' || pseudo.backgroundColor !== 'rgba(0, 0, 0, 0)')
        );
      });
      return outlined || marked ? '' : element.outerHTML.slice(0, 120);
    });
    if (problem === 'end') break;
    if (problem !== '') hidden.push(problem);
  }
  expect(hidden).toEqual([]);
});
