import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { layoutOf } from './fakeAnalysis.js';
import type { Scenario } from './fakeHost.js';
import { resnet } from './fakeModel.js';
import { FOUR_THEMES, type OpenedPage, type OpenOptions, Pages, seenText } from './page.js';

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

const TENSOR = 'layer4.1.conv2.weight';
const { head, values } = resnet(16).find((tensor) => tensor.head.name === TENSOR)!;
const weights = values();
const layout = layoutOf(head, 'kernel');

async function open(more: Partial<OpenOptions> = {}, scenario: Partial<Scenario> = {}) {
  opened = await pages.open({
    page: 'checkpoint',
    scenario: { model: 'resnet', select: TENSOR, ...scenario },
    ...more,
  });
  await opened.page.waitForSelector('.read-out .num');
  await opened.page.waitForSelector('.statistics');
  await opened.page.keyboard.press('h');
  return opened.page;
}

interface View {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
  readonly row: number;
  readonly column: number;
}

type MapElement = HTMLElement & { view: View; window: { width: number; height: number }; loading: boolean };

const view = (page: OpenedPage['page']) =>
  page.evaluate(() => (document.querySelector('espalier-heatmap') as MapElement).view);
const drawn = (page: OpenedPage['page']) =>
  page
    .waitForFunction(() => !(document.querySelector('espalier-heatmap') as MapElement).loading)
    .then(() => page.waitForTimeout(60));

/** Colour in the middle of a cell, from the pixels on the screen. */
async function colourOf(page: OpenedPage['page'], row: number, column: number): Promise<number[]> {
  return page.evaluate(
    ([r, c]) => {
      const map = document.querySelector('espalier-heatmap') as MapElement;
      const { zoom, x, y } = map.view;
      const along = (index: number): number => index * zoom + (zoom >= 4 ? Math.floor(index / 3) : 0) + zoom / 2;
      const canvas = map.querySelector('canvas')!;
      const ratio = canvas.width / canvas.clientWidth;
      const pixel = canvas
        .getContext('2d')!
        .getImageData(Math.floor((40 + along(c!) - x) * ratio), Math.floor((15 + along(r!) - y) * ratio), 1, 1);
      return [...pixel.data.slice(0, 3)];
    },
    [row, column],
  );
}

describe('what the pixels say', () => {
  test.each(FOUR_THEMES)('kept values are coloured and exact zeros are paper, cell by cell, in %s', async (theme) => {
    const page = await open({ theme });
    await page.keyboard.press('+');
    await drawn(page);
    const paper = await page.evaluate(() => {
      const pixel = document.createElement('canvas').getContext('2d')!;
      pixel.fillStyle = getComputedStyle(document.body).backgroundColor;
      pixel.fillRect(0, 0, 1, 1);
      return [...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    });
    const { row, column } = await view(page);
    const seen = { kept: 0, zero: 0 };
    // Below and right of the outlined cell, so that the outline is not what is read.
    for (let r = row + 1; r < row + 7; r++) {
      for (let c = column + 2; c < column + 30; c++) {
        const value = weights[layout.at(r, c)]!;
        const colour = await colourOf(page, r, c);
        const away = Math.max(...colour.map((channel, i) => Math.abs(channel - paper[i]!)));
        if (value === 0) {
          seen.zero++;
          expect(away).toBeLessThan(50);
        } else {
          seen.kept++;
          expect(away).toBeGreaterThan(35);
        }
      }
    }
    expect(seen.zero).toBeGreaterThan(10);
    expect(seen.kept).toBeGreaterThan(3);
  });

  test('larger values are lighter on dark paper', async () => {
    const page = await open();
    await page.keyboard.press('+');
    await drawn(page);
    const { row, column } = await view(page);
    const cells: { size: number; light: number }[] = [];
    for (let r = row + 1; r < row + 8; r++) {
      for (let c = column + 2; c < column + 36; c++) {
        const size = Math.abs(weights[layout.at(r, c)]!);
        if (size === 0) continue;
        const [red = 0, green = 0, blue = 0] = await colourOf(page, r, c);
        cells.push({ size, light: 0.2126 * red + 0.7152 * green + 0.0722 * blue });
      }
    }
    cells.sort((a, b) => a.size - b.size);
    const third = Math.floor(cells.length / 3);
    const mean = (list: typeof cells) => list.reduce((sum, { light }) => sum + light, 0) / list.length;
    expect(mean(cells.slice(-third))).toBeGreaterThan(mean(cells.slice(0, third)) + 20);
  });

  test('a pixel of many values is empty only if all of them are zero', async () => {
    const page = await open();
    await page.keyboard.press('0');
    await drawn(page);
    const { zoom } = await view(page);
    const step = Math.round(1 / zoom);
    expect(step).toBeGreaterThan(1);
    for (const [top, left] of [
      [0, 0],
      [step * 8, step * 20],
      [step * 31, step * 7],
    ] as const) {
      let kept = 0;
      for (let r = top; r < top + step; r++)
        for (let c = left; c < left + step; c++) if (weights[layout.at(r, c)] !== 0) kept++;
      const colour = await page.evaluate(
        ([x, y]) => [
          ...document
            .querySelector<HTMLCanvasElement>('espalier-heatmap canvas')!
            .getContext('2d')!
            .getImageData(40 + x!, 15 + y!, 1, 1).data,
        ],
        [left / step, top / step],
      );
      const paper = Math.max(...colour.slice(0, 3).map((channel) => Math.abs(channel - 0x1f))) < 3;
      expect(paper).toBe(kept === 0);
    }
  });
});

describe('moving', () => {
  test('a drag pans, the read-out follows the pointer', async () => {
    const page = await open();
    const box = (await page.locator('espalier-heatmap canvas').boundingBox())!;
    const before = await view(page);
    await page.mouse.move(box.x + 240, box.y + 120);
    await page.mouse.down();
    await page.mouse.move(box.x + 180, box.y + 80, { steps: 4 });
    await page.mouse.up();
    const after = await view(page);
    expect(after.x - before.x).toBe(60);
    expect(after.y - before.y).toBeGreaterThan(0);
    await page.mouse.move(box.x + 100, box.y + 60);
    const { row, column } = await view(page);
    const index = [Math.floor(row / 3), Math.floor(column / 3), row % 3, column % 3].join(', ');
    await expect.poll(() => seenText(page, '.read-out')).toContain(`[${index}]`);
  });

  test('the wheel pans, with Ctrl it zooms around the pointer', async () => {
    const page = await open();
    const box = (await page.locator('espalier-heatmap canvas').boundingBox())!;
    await page.mouse.move(box.x + 200, box.y + 100);
    await page.mouse.wheel(0, 100);
    await expect.poll(async () => (await view(page)).y).toBeGreaterThan(0);
    const before = await view(page);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -100);
    await page.keyboard.up('Control');
    await expect.poll(async () => (await view(page)).zoom).toBe(8);
    const after = await view(page);
    expect([after.row, after.column]).toEqual([before.row, before.column]);
  });

  test('the small map moves the window', async () => {
    const page = await open();
    const small = (await page.locator('espalier-minimap canvas').boundingBox())!;
    await page.mouse.click(small.x + small.width * 0.9, small.y + small.height * 0.9);
    const { x, y } = await view(page);
    expect(x).toBeGreaterThan(1000);
    expect(y).toBeGreaterThan(1000);
  });

  test('what is scrolled past before it came is given up', async () => {
    const page = await open({}, { silent: ['checkpoint/heatmap'] }).catch(() => opened!.page);
    await page.keyboard.press('+');
    await page.keyboard.press('0');
    await expect
      .poll(() => opened!.host((host) => host.sent.filter(({ type }) => type === 'cancel').length))
      .toBeGreaterThan(0);
  });

  test('a view comes back when its tensor does', async () => {
    const page = await open();
    for (const key of ['+', 'Shift+ArrowRight', 'Shift+ArrowDown']) await page.keyboard.press(key);
    const before = await view(page);
    await page.click('.row[data-key="layer4.1.conv1.weight"]');
    await expect.poll(async () => (await view(page)).zoom).toBe(4);
    await page.click(`.row[data-key="${TENSOR}"]`);
    await expect.poll(() => view(page)).toEqual(before);
  });
});

test('on a fine screen the canvas has its pixels', async () => {
  const page = await open({ deviceScaleFactor: 2 });
  const sizes = await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('espalier-heatmap canvas')!;
    return [canvas.width / canvas.clientWidth, canvas.height / canvas.clientHeight];
  });
  expect(sizes).toEqual([2, 2]);
});

test('a change of theme repaints the map', async () => {
  const page = await open();
  const corner = () =>
    page.evaluate(() => [
      ...document
        .querySelector<HTMLCanvasElement>('espalier-heatmap canvas')!
        .getContext('2d')!
        .getImageData(2, 2, 1, 1)
        .data.slice(0, 3),
    ]);
  expect(await corner()).toEqual([0x1f, 0x1f, 0x1f]);
  await opened!.setTheme('light-modern');
  await expect.poll(corner).toEqual([255, 255, 255]);
});

test('an unreadable tensor says so in place of the map', async () => {
  const page = await open();
  await opened!.host((host) => host.become({ model: 'resnet', tileFault: true }));
  await page.click('.row[data-key="layer4.1.conv1.weight"]');
  await expect.poll(() => seenText(page, '.map-frame')).toContain('The values cannot be shown: The file ends early.');
});
