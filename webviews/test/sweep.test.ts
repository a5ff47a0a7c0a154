import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Scenario } from './fakeHost.js';
import { SWEEP_RECIPE } from './fakeSweep.js';
import { type OpenedPage, type OpenOptions, Pages, seenText } from './page.js';

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

async function open(sweep: Scenario['sweep'], more: Partial<OpenOptions> = {}): Promise<OpenedPage['page']> {
  opened = await pages.open({
    page: 'sweep',
    scenario: { model: 'resnet', ...(sweep === undefined ? {} : { sweep }) },
    ...more,
  });
  return opened.page;
}

const actions = () =>
  opened!.page.evaluate(() => {
    const { sent } = (
      globalThis as unknown as { fakeHost: { sent: { method?: string; query?: Record<string, unknown> }[] } }
    ).fakeHost;
    return sent.filter(({ method }) => method === 'page/action').map(({ query }) => query);
  });

const rows = (page: OpenedPage['page'], at: string): Promise<string[]> =>
  page.locator(`${at} tbody tr`).evaluateAll((all) =>
    // biome-ignore lint/performance/useDomNodeTextContent: cells are told apart by their layout
    all.map((row) => [...row.children].map((cell) => (cell as HTMLElement).innerText.trim()).join(' | ')),
  );

test('opens with its verdict, a picture and a row for each point', async () => {
  const page = await open('done');
  await page.waitForSelector('espalier-sweep-chart canvas');
  expect(await seenText(page, '.verdict')).toMatch(/^11 of 12 points, 1 failed; 50\.0 to 90\.0 % of the weights zero;/);
  const points = await rows(page, '#points');
  expect(points).toHaveLength(12);
  expect(points[0]).toBe(
    'magnitude model | magnitude | 0.5 |  | 50.0 | 97.0 | 44.7\u202fMB | 23.8\u202fMB | 1.43x | Report Recipe',
  );
  expect(points[11]).toMatch(/Recipe\s+The first layer would be empty\.$/);
  expect(await page.locator('espalier-sweep-chart canvas').getAttribute('aria-label')).toBe(
    'Energy kept, % over the share of zeros, 2 lines. Shown as a table by t.',
  );
});

test('the picture has a table, with the mean over seeds between the lowest and the highest', async () => {
  const page = await open('done');
  await page.waitForSelector('espalier-sweep-chart canvas');
  await page.keyboard.press('t');
  expect(await rows(page, '#picture')).toEqual([
    'magnitude model | 50.0 | 97.0 | 97.0 | 97.0 | 1',
    'magnitude model | 80.0 | 81.0 | 81.0 | 81.0 | 1',
    'magnitude model | 90.0 | 62.0 | 62.0 | 62.0 | 1',
    'random erk | 50.0 | 50.0 | 48.0 | 52.0 | 3',
    'random erk | 80.0 | 20.0 | 18.0 | 22.0 | 3',
    // One of three failed.
    'random erk | 90.0 | 9.0 | 8.0 | 10.0 | 2',
  ]);
  await page.keyboard.press('t');
  await page.waitForSelector('espalier-sweep-chart canvas');
});

test('what is not known is not offered; m goes through what is', async () => {
  const page = await open('done');
  await page.waitForSelector('#measure');
  const offered = await page.locator('#measure [role=radio]').allInnerTexts();
  expect(offered.map((text) => text.trim())).toEqual(['Energy', 'Speed-up', 'Size', 'Work']);
  const chosen = () => seenText(page, '#measure [aria-checked=true]');
  expect((await chosen()).trim()).toBe('Energy');
  await page.keyboard.press('m');
  expect((await chosen()).trim()).toBe('Speed-up');
  await page.locator('#measure [aria-checked=true]').focus();
  await page.keyboard.press('ArrowRight');
  expect((await chosen()).trim()).toBe('Size');
  await page.keyboard.press('t');
  expect((await rows(page, '#picture'))[0]).toBe('magnitude model | 50.0 | 23.75 | 23.75 | 23.75 | 1');
});

test('points are sorted by a column, and what has no figure goes last', async () => {
  const page = await open('done');
  const head = page.getByRole('button', { name: 'Energy kept %' });
  await head.click();
  expect(await seenText(page, 'th[aria-sort=descending]')).toMatch(/^Energy kept %/);
  const energies = async () => (await rows(page, '#points')).map((row) => row.split(' | ')[5]);
  expect((await energies()).slice(0, 3)).toEqual(['97.0', '81.0', '62.0']);
  await head.click();
  expect((await energies())[0]).toBe('8.0');
  expect((await energies()).at(-1)).toBe('');
  await head.click();
  expect((await rows(page, '#points'))[0]).toMatch(/^magnitude model \| magnitude \| 0\.5/);
});

test('its buttons go to the editor', async () => {
  const page = await open('done');
  await page.waitForSelector('#points tbody tr');
  await page.getByRole('button', { name: 'Report of random erk, method random, sparsity 0.8, seed 2' }).click();
  await page.getByRole('button', { name: 'Recipe of magnitude model, method magnitude, sparsity 0.9' }).click();
  await page.getByRole('button', { name: 'Recipe', exact: true }).click();
  await page.keyboard.press('e');
  await page.getByRole('menuitem', { name: 'Markdown' }).click();
  expect(await actions()).toEqual([
    {
      action: 'open-report',
      path: '/models/out.sweep/method-random-sparsity-0.8-seed-2.safetensors.report.json',
    },
    { action: 'open-recipe', text: expect.stringContaining('method: magnitude, sparsity: 0.9') },
    { action: 'open-recipe', text: SWEEP_RECIPE },
    { action: 'export-report', path: '/models/out.sweep/sweep.json', format: 'markdown' },
  ]);
});

test('while a sweep runs its points are read again by r', async () => {
  const page = await open('running');
  await page.waitForSelector('#points tbody tr');
  expect((await rows(page, '#points')).filter((row) => row.endsWith('not run yet'))).toHaveLength(3);
  await opened!.host((host) => host.become({ model: 'resnet', sweep: 'done' }));
  await page.keyboard.press('r');
  await page.waitForFunction(() => document.querySelector('.verdict')?.textContent?.startsWith('11 of 12'));
  expect((await rows(page, '#points')).filter((row) => row.endsWith('not run yet'))).toEqual([]);
});

test('that cannot be read says where and why', async () => {
  const page = await open('unreadable');
  await page.waitForSelector('.fault-page');
  expect(await seenText(page, '.fault-page')).toContain('Try Again');
});

test('folds on a narrow page, never sideways', async () => {
  const page = await open('done', { width: 500 });
  await page.waitForSelector('#points tbody tr');
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll('.sections, .page, header')]
      .filter((element) => element.scrollWidth > element.clientWidth + 1)
      .map((element) => element.className),
  );
  expect(wide).toEqual([]);
});
