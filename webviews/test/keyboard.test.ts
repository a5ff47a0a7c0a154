import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Scenario } from './fakeHost.js';
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

async function open(scenario: Scenario = { model: 'resnet' }, more: Partial<OpenOptions> = {}) {
  opened = await pages.open({ page: 'checkpoint', scenario, ...more });
  await opened.page.waitForSelector('.facts .how');
  await opened.page.waitForSelector('.read-out .num');
  return opened.page;
}

const press = async (page: OpenedPage['page'], ...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};
const focusedRow = (page: OpenedPage['page']) => page.evaluate(() => document.activeElement?.getAttribute('data-key'));
const heading = (page: OpenedPage['page']) => seenText(page, '.detail-head h2');
const readOut = (page: OpenedPage['page']) => seenText(page, '.read-out');
const focusIn = (page: OpenedPage['page']) =>
  page.evaluate(() =>
    document.activeElement?.closest('espalier-heatmap, espalier-table, espalier-strip, input')?.tagName.toLowerCase(),
  );

describe('the table', () => {
  test('moves without opening; Enter opens', async () => {
    const page = await open({ model: 'resnet', select: 'conv1.weight' });
    await page.focus('.row[tabindex="0"]');
    await press(page, 'ArrowDown', 'ArrowDown', 'ArrowDown');
    await expect.poll(() => focusedRow(page)).toBe('layer1.0.conv1.weight');
    expect(await heading(page)).toBe('conv1.weight');
    await press(page, 'Enter');
    await expect.poll(() => heading(page)).toBe('layer1.0.conv1.weight');
    expect(await focusedRow(page)).toBe('layer1.0.conv1.weight');
  });

  test('reaches both ends, and keeps its place when it is scrolled away', async () => {
    const page = await open({ model: 'many' });
    await page.focus('.row[tabindex="0"]');
    await press(page, 'End');
    await expect.poll(() => focusedRow(page)).toBe('model.layers.249.input_layernorm.weight');
    await page.evaluate(() => {
      document.querySelector('espalier-table')!.scrollTop = 0;
    });
    await page.waitForTimeout(100);
    expect(await focusedRow(page)).toBe('model.layers.249.input_layernorm.weight');
    await press(page, 'ArrowUp');
    await expect.poll(() => focusedRow(page)).toBe('model.layers.249.mlp.down_proj.weight');
    await press(page, 'Home', 'PageDown');
    await expect.poll(() => focusedRow(page)).toMatch(/^model\.layers\.[23]\./);
  });

  test('has column heads above its first row', async () => {
    const page = await open({ model: 'resnet', select: 'conv1.weight' });
    await page.focus('.row[tabindex="0"]');
    await press(page, 'ArrowUp', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter');
    expect(await page.getAttribute('.table-head .c-parameters', 'aria-sort')).toBe('descending');
    await press(page, 'ArrowDown');
    await expect.poll(() => focusedRow(page)).toBe('conv1.weight');
  });

  test('is one tab stop, and so is each other part', async () => {
    const page = await open();
    const stops: string[] = [];
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    for (let i = 0; i < 60; i++) {
      await press(page, 'Tab');
      const name = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === null || element === document.body) return null;
        return (
          element
            .closest('espalier-table, espalier-strip, espalier-heatmap, .segmented, .sash')
            ?.tagName.toLowerCase() ??
          element.getAttribute('aria-label') ??
          element.id ??
          element.textContent?.trim()
        );
      });
      if (name === null) break;
      stops.push(name);
    }
    for (const part of ['espalier-table', 'espalier-strip', 'espalier-heatmap']) {
      expect(stops.filter((stop) => stop === part)).toHaveLength(1);
    }
    expect(stops.length).toBeLessThan(40);
  });
});

describe('single letters', () => {
  test('n goes through the findings', async () => {
    const page = await open({ model: 'resnet', select: 'conv1.weight' });
    await press(page, 'n');
    await expect.poll(() => heading(page)).toBe('layer2.1.conv2.weight');
    await press(page, 'n');
    await expect.poll(() => heading(page)).toBe('layer3.0.conv2.weight');
    expect(await focusedRow(page)).toBe('layer3.0.conv2.weight');
  });

  test('/ filters, Escape clears and leads back to the table', async () => {
    const page = await open();
    await press(page, '/');
    expect(await focusIn(page)).toBe('input');
    await page.keyboard.type('fc');
    await expect.poll(() => page.locator('.row').count()).toBe(2);
    await press(page, 'Escape');
    await expect.poll(() => page.inputValue('#filter')).toBe('');
    await expect.poll(() => focusIn(page)).toBe('espalier-table');
  });

  test('letters typed into the filter are text', async () => {
    const page = await open();
    const before = await heading(page);
    await press(page, '/');
    await page.keyboard.type('nhlt');
    expect(await page.inputValue('#filter')).toBe('nhlt');
    expect(await heading(page)).toBe(before);
    expect(await page.locator('table').count()).toBe(1);
  });

  test('with a modifier they belong to the editor', async () => {
    const page = await open();
    await press(page, 'Control+t', 'Alt+t');
    expect(await page.locator('.twin[aria-pressed=true]').count()).toBe(0);
  });

  test('t shows every picture as a table and back', async () => {
    const page = await open();
    await press(page, 't');
    await expect.poll(() => page.locator('.twin[aria-pressed=true]').count()).toBe(4);
    expect(await page.locator('.strip table tbody tr').count()).toBe(21);
    expect(await page.locator('.twin-table tbody tr').count()).toBe(24);
    expect(await seenText(page, '.histogram table')).toContain('exactly 0');
    await press(page, 't');
    await expect.poll(() => page.locator('.twin[aria-pressed=true]').count()).toBe(0);
  });

  test('? lists the keys, and closes again', async () => {
    const page = await open();
    await press(page, '?');
    expect(await page.locator('dialog kbd').count()).toBeGreaterThan(10);
    await press(page, 'n', '?');
    expect(await page.locator('dialog').count()).toBe(0);
  });

  test('e opens the export menu, which arrows and Escape serve', async () => {
    const page = await open();
    await press(page, 'e', 'ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('JSON');
    await press(page, 'Escape');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('export');
  });
});

describe('the heat map', () => {
  test('from opening to reading one cell takes at most six keys', async () => {
    const page = await open({ model: 'resnet', select: 'layer3.1.conv1.weight' });
    await press(page, 'h', 'ArrowRight', 'ArrowDown');
    await expect.poll(() => readOut(page)).toMatch(/^\[0, 0, 1, 1\] = .*\s+output 0, input 0, kernel row 1, column 1/);
  });

  test('moves by value, by kernel with Shift, zooms and fits', async () => {
    const page = await open({ model: 'resnet', select: 'layer3.1.conv1.weight' });
    await press(page, 'h', 'Shift+ArrowRight', 'Shift+ArrowDown', 'Shift+ArrowDown', 'ArrowRight');
    await expect.poll(() => readOut(page)).toMatch(/^\[2, 1, 0, 1\]/);
    const zoom = () => seenText(page, '.zoom .num');
    expect(await zoom()).toBe('4\u202fpx');
    await press(page, '+', '+');
    await expect.poll(zoom).toBe('16\u202fpx');
    await press(page, '-');
    await expect.poll(zoom).toBe('8\u202fpx');
    await press(page, '0');
    await expect.poll(zoom).toMatch(/^(1\u202fpx|1:\d+)$/);
    await press(page, 'Escape');
    await expect.poll(() => focusIn(page)).toBe('espalier-table');
  });

  test('l goes through the layouts; per channel opens on the channel of the cell', async () => {
    const page = await open({ model: 'resnet', select: 'layer3.1.conv1.weight' });
    await press(page, 'h', 'Shift+ArrowDown', 'Shift+ArrowDown', 'Shift+ArrowDown', 'l');
    await expect.poll(() => readOut(page)).toMatch(/^\[3, 0, 0, 0\]/);
    expect(await seenText(page, '.toolbar .together .num')).toBe('3');
    await page.click('[aria-label="Next output channel"]');
    await expect.poll(() => readOut(page)).toMatch(/^\[4, 0, 0, 0\]/);
    await press(page, 'l');
    await expect.poll(() => seenText(page, '.toolbar [aria-checked=true] >> nth=0')).toBe('Raw rows');
  });

  test('selectors move by arrows', async () => {
    const page = await open();
    await page.focus('[role=radiogroup][aria-label="Colour"] [tabindex="0"]');
    await press(page, 'ArrowRight');
    await expect
      .poll(() => page.getAttribute('[role=radiogroup][aria-label="Colour"] [data-value=signed]', 'aria-checked'))
      .toBe('true');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-value'))).toBe('signed');
  });

  test('the strip moves by arrows and opens by Enter', async () => {
    const page = await open({ model: 'resnet', select: 'conv1.weight' });
    await page.focus('.piece[tabindex="0"]');
    await press(page, 'ArrowRight', 'ArrowRight');
    expect(await heading(page)).toBe('conv1.weight');
    await press(page, 'Enter');
    await expect.poll(() => heading(page)).toBe('layer1.0.conv2.weight');
  });
});
