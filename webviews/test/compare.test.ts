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

async function open(scenario: Partial<Scenario> = {}, more: Partial<OpenOptions> = {}) {
  opened = await pages.open({
    page: 'compare',
    scenario: { model: 'resnet', compare: 'changed', ...scenario },
    ...more,
  });
  return opened.page;
}

const text = seenText;
const done = (page: OpenedPage['page']) =>
  page.waitForFunction(
    () => document.querySelector('.notice') === null && document.querySelector('.structure') !== null,
  );
const heading = (page: OpenedPage['page']) => text(page, '.detail-head h2');
type MapElement = HTMLElement & {
  view: { zoom: number; x: number; y: number; row: number; column: number };
  window: { width: number; height: number };
};

describe('two files', () => {
  test('stand as two lines with what changed between them', async () => {
    const page = await open();
    await done(page);
    await expect
      .poll(() => text(page, '.file-lines'), { timeout: 20_000 })
      .toMatch(
        /Before\s*resnet18-80\.safetensors.*701,466.*After\s*resnet18-83-tuned\.safetensors.*646,097.*−7\.9\s*%.*\+2\.5/s,
      );
  });

  test('tell the zeros before and after where the page is narrow', async () => {
    const page = await open({}, { width: 1040 });
    await done(page);
    await expect.poll(() => text(page, '.file-lines')).toMatch(/79\.\d\s*% zeros.*8\d\.\d\s*% zeros/s);
    const [inner, outer] = await page.evaluate(() => {
      const lines = document.querySelector('.file-lines')!;
      return [lines.scrollWidth, lines.clientWidth] as const;
    });
    expect(inner).toBeLessThanOrEqual(outer);
  });

  test('structure is told in words and marks', async () => {
    const page = await open();
    await done(page);
    const structure = await text(page, '.structure');
    expect(structure).toContain('1 added, 1 removed, 1 renamed, 4 reshaped');
    expect(structure).toMatch(/quant\.input_scale\s*added · F32, one value/);
    expect(structure).toMatch(
      /layer2\.0\.shortcut\.0\.weight\s*renamed · was layer2\.0\.downsample\.0\.weight, values identical/,
    );
    expect(structure).toMatch(/layer4\.0\.bn1\.\{weight, bias\}\s*reshaped · 128 → 96/);
  });

  test('of which one could not be read open by themselves when it becomes whole', async () => {
    const page = await open({ model: 'unreadable' });
    await page.waitForSelector('.fault-page');
    await opened!.host((host) => {
      host.become({ model: 'resnet', compare: 'changed' });
      host.tell('checkpoint/changed', { path: '', at: 0, deleted: false });
    });
    await done(page);
    expect(await page.locator('.row').count()).toBeGreaterThan(0);
  });

  test('values fill in while they are compared, and no row moves until the end', async () => {
    const page = await open({ pauseAfter: 20 });
    await page.waitForFunction(() => document.querySelector('.notice')?.textContent?.includes('20 of 61'));
    expect(await text(page, '.tools .segmented')).toMatch(/Changed weights 21/);
    const before = await page.locator('.row').first().boundingBox();
    await opened!.host((host) => host.resume());
    await done(page);
    expect((await page.locator('.row').first().boundingBox())!.y).toBe(before!.y);
    expect(await text(page, '.tools .segmented')).toMatch(/Changed weights 18\s*Others 36\s*Identical 7\s*All 61/);
    await page.click('text=Others 36');
    await expect.poll(() => page.getAttribute('espalier-table', 'aria-rowcount')).toBe('37');
  });

  test('that are equal say so', async () => {
    const page = await open({ compare: 'equal' });
    await done(page);
    await page.waitForFunction(() => document.querySelector('.over-table') !== null);
    expect(await text(page, '.structure')).toContain('The same 62 names, types and shapes.');
    expect(await text(page, '.over-table')).toMatch(/No value differs\.\s*The files are equal in every tensor\./);
    expect(await text(page, '.detail')).toContain('Choose a tensor under All');
    await page.click('.segmented [data-value=all]');
    await page.click('.row >> nth=3');
    expect(await text(page, '.mask-keys')).toMatch(/newly zero\s+0/);
  });

  test('that cannot be read say why', async () => {
    const page = await open({ model: 'unreadable' });
    await page.waitForSelector('.fault-page');
    expect(await text(page, '.fault-page')).toContain('The header ends at byte 4,120');
  });

  test('of which one changed on disk name it', async () => {
    const page = await open();
    await done(page);
    await opened!.host((host) =>
      host.tell('checkpoint/changed', { path: '/models/resnet18-83-tuned.safetensors', at: 0, deleted: false }),
    );
    await page.waitForSelector('.notice');
    expect(await text(page, '.notice')).toMatch(/^resnet18-83-tuned\.safetensors changed on disk at/);
    await page.click('.notice .button');
    await done(page);
  });

  test('swap and export go to the editor', async () => {
    const page = await open();
    await done(page);
    await page.click('text=Swap');
    await page.keyboard.press('e');
    await page.keyboard.press('Enter');
    const actions = await opened!.host((host) =>
      host.sent
        .filter((envelope) => envelope.type === 'ask' && envelope.method === 'page/action')
        .map((envelope) => ('query' in envelope ? envelope.query : null)),
    );
    expect(actions).toEqual([
      { action: 'swap' },
      {
        action: 'export',
        format: 'csv',
        path: '/models/resnet18-83-tuned.safetensors',
        compared: ['/models/resnet18-80.safetensors', '/models/resnet18-83-tuned.safetensors'],
      },
    ]);
  });
});

describe('one tensor', () => {
  const select = 'layer3.1.conv2.weight';
  const ready = async (more: Partial<Scenario> = {}, options: Partial<OpenOptions> = {}) => {
    const page = await open({ select, ...more }, options);
    await done(page);
    await page.waitForSelector('.read-out .num:first-child');
    return page;
  };

  test('its mask, figures and differences agree', async () => {
    const page = await ready();
    const figure = async (selector: string) => Number((await text(page, selector)).replaceAll(/[^\d]/g, ''));
    const [both, zero, kept, stays] = [
      await figure('.key:has(.zero-in-both) .num'),
      await figure('.key:has(.newly-zero) .num'),
      await figure('.mask-keys .key:has(.newly-kept) .num'),
      await figure('.key:has(.kept-in-both) .num'),
    ];
    expect(both + zero + kept + stays).toBe(64 * 64 * 9);
    const zeros = await seenText(page, '.two tbody tr >> nth=0');
    expect(zeros.replaceAll(',', '')).toContain(`${both + kept}\t${both + zero}`);
    expect(await page.locator('.histogram canvas').getAttribute('aria-label')).toContain(select);
  });

  test('three maps are one window: a drag moves all, the outlines agree to the pixel', async () => {
    const page = await ready();
    const box = (await page.locator('espalier-heatmap canvas').boundingBox())!;
    await page.mouse.move(box.x + 120, box.y + 120);
    await page.mouse.down();
    await page.mouse.move(box.x + 60, box.y + 60, { steps: 3 });
    await page.mouse.up();
    await page.mouse.move(box.x + 100, box.y + 100);
    await page.waitForTimeout(150);
    const { view, width, pixels } = await page.evaluate(() => {
      const map = document.querySelector('espalier-heatmap') as MapElement;
      const canvas = map.querySelector('canvas')!;
      const pen = canvas.getContext('2d')!;
      const at = (x: number, y: number) => [...pen.getImageData(x, y, 1, 1).data.slice(0, 3)].join();
      const { zoom, x, y, row, column } = map.view;
      const along = (index: number): number => index * zoom + Math.floor(index / 3);
      const left = 40 + along(column) - x - 2;
      const top = 15 + along(row) - y - 2;
      const pitch = map.window.width + 8;
      return { view: map.view, width: map.window.width, pixels: [0, 1, 2].map((pane) => at(left + pane * pitch, top)) };
    });
    expect(view.x).toBeGreaterThan(0);
    expect(width).toBeGreaterThan(100);
    expect(pixels).toEqual(['204,204,204', '204,204,204', '204,204,204']);
  });

  test('the read-out names both values and what became of them', async () => {
    const page = await ready();
    await expect
      .poll(() => text(page, '.read-out'))
      .toMatch(
        /^\[\d+, \d+, \d, \d\] = \S+ → \S+\s*(newly zero|newly kept|the same|zero in both|Δ [+−]\S+) · output \d+, input \d+, kernel row \d, column \d/,
      );
  });

  test('m shows the mask and the difference, l the layouts, n the next tensor, t the tables', async () => {
    const page = await ready();
    await page.keyboard.press('m');
    await expect.poll(() => text(page, '.captions')).toContain('Mask');
    await page.keyboard.press('m');
    await page.keyboard.press('l');
    await expect.poll(() => seenText(page, '.toolbar [aria-checked=true] >> nth=0')).toBe('Per channel');
    await page.keyboard.press('l');
    await page.keyboard.press('l');
    await page.keyboard.press('n');
    await expect.poll(() => heading(page)).toBe('layer4.0.conv1.weight');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-key'))).toBe('layer4.0.conv1.weight');
    await page.keyboard.press('t');
    await expect.poll(() => page.locator('.twin[aria-pressed=true]').count()).toBe(3);
    await expect.poll(() => page.locator('.twin-table tbody tr').count(), { timeout: 20_000 }).toBeGreaterThan(0);
  });

  test('a place among the largest differences leads into the maps', async () => {
    const page = await ready();
    const place = await text(page, '.link.num >> nth=0');
    await page.click('.link.num >> nth=0');
    await expect.poll(() => text(page, '.read-out')).toContain(place);
    expect(await page.evaluate(() => document.activeElement?.closest('espalier-heatmap') !== null)).toBe(true);
  });

  test('reshaped tensors are compared over what both have, and say so', async () => {
    const page = await ready({ select: 'layer4.0.conv1.weight' });
    expect(await text(page, '.sub')).toContain('before [128, 64, 3, 3], compared over what both have');
    expect(await page.locator('.row[aria-selected=true] svg.reshaped-mark').count()).toBe(1);
  });

  test('the three maps stay beside each other at 500 px, and nothing goes sideways', async () => {
    const page = await ready({}, { width: 500 });
    const captions = await page
      .locator('.captions span')
      .evaluateAll((spans) => spans.map((span) => Math.round(span.getBoundingClientRect().top)));
    expect(new Set(captions).size).toBe(1);
    const overflow = await page.evaluate(() => {
      const inner = document.querySelector('.page')!;
      return [document.documentElement.scrollWidth, inner.scrollWidth - inner.clientWidth];
    });
    expect(overflow).toEqual([500, 0]);
  });
});

describe('a trend', () => {
  test('has a column for each checkpoint, a line and the change', async () => {
    const page = await open({ compare: 'trend' });
    await page.waitForSelector('.row');
    expect(await text(page, 'h1')).toBe('5 checkpoints');
    expect(await page.locator('.table-head [role=columnheader]').allInnerTexts()).toEqual([
      'Layer',
      'dense',
      'step-1',
      'step-2',
      'step-3',
      'step-4',
      'Trend',
      'Change',
    ]);
    expect(await page.locator('.small-chart').count()).toBe(21);
    expect(await page.locator('.small-chart svg').first().getAttribute('aria-label')).toMatch(
      /^conv1\.weight: 0\s%, \d/,
    );
    await page.click('.table-head >> text=Change');
    await expect.poll(() => page.locator('.row').first().getAttribute('data-key')).toBe('layer4.1.conv2.weight');
    await page.fill('#filter', 'layer1');
    await expect.poll(() => page.locator('.small-chart').count()).toBe(4);
    await page.click('.row >> nth=1');
    await expect.poll(() => page.locator('.small-chart.chosen').count()).toBe(1);
  });
});
