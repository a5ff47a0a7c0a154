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

async function open(scenario: Scenario, more: Partial<OpenOptions> = {}) {
  opened = await pages.open({ page: 'checkpoint', scenario, ...more });
  return opened.page;
}

const scanned = (page: OpenedPage['page']) => page.waitForSelector('.facts .how');
const text = seenText;
const asked = (method: string) =>
  opened!.page.evaluate((name) => {
    const { sent } = (
      globalThis as unknown as {
        fakeHost: { sent: { type: string; id?: number; method?: string; query?: Record<string, unknown> }[] };
      }
    ).fakeHost;
    return sent.filter((envelope) => envelope.type === 'ask' && envelope.method === name);
  }, method);

describe('opening', () => {
  test('the whole table stands there from the head alone', async () => {
    const page = await open({ model: 'resnet', silent: ['checkpoint/scan'], select: 'conv1.weight' });
    await page.waitForSelector('.row');
    expect(await page.getAttribute('espalier-table', 'aria-rowcount')).toBe('63');
    expect(await text(page, '.facts')).toMatch(/62\s*tensors\s*701,466\s*parameters/);
    expect(await text(page, '.row[data-key="conv1.weight"]')).toMatch(/conv1\.weight.*F32\s*16×3×3×3\s*432\s*1\.7/s);
  });

  test('values fill in, without moving a row or taking the focus', async () => {
    const page = await open({ model: 'resnet', pauseAfter: 20 });
    await page.waitForFunction(() => document.querySelector('.notice')?.textContent?.includes('20 of 62'));
    expect(await text(page, '.strip .how')).toBe('7 of 21 layers');
    await page.fill('#filter', 'layer');
    const place = () => page.locator('.row').first().boundingBox();
    const before = await place();
    await opened!.host((host) => host.resume());
    await page.waitForFunction(() => document.querySelector('.notice') === null);
    expect(await place()).toEqual(before);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('filter');
    expect(await text(page, '.facts .zero-text')).toMatch(/^79\.\d$/);
  });

  test('no row moves when reading ends and nothing was found', async () => {
    const page = await open({ model: 'plain', pauseAfter: 8 });
    await page.waitForFunction(() => document.querySelector('.notice')?.textContent?.includes('8 of 41'));
    const top = async () => (await page.locator('.row').first().boundingBox())!.y;
    const before = await top();
    await opened!.host((host) => host.resume());
    await page.waitForFunction(() => document.querySelector('.notice') === null);
    expect(await top()).toBe(before);
  });

  test('the tensor with the worst finding is open', async () => {
    const page = await open({ model: 'one-fault' });
    await scanned(page);
    await page.waitForFunction(() =>
      document.querySelector('.detail-head')?.textContent?.includes('layer4.0.conv2.weight'),
    );
    expect(await text(page, '.detail')).toContain('The other 61 tensors are complete.');
    expect(await text(page, '.detail')).toContain('9,437,184 bytes');
    expect(await text(page, '.facts .how')).toBe('61 of 62 tensors');
    expect(await text(page, '.row[aria-selected=true] .sentence')).toContain('Values end at byte 32,505,856');
  });

  test('a locale writes its own figures', async () => {
    const page = await open({ model: 'resnet', locale: 'de', select: 'conv1.weight' });
    await scanned(page);
    expect(await text(page, '.facts')).toMatch(/701\.466/);
    expect(await text(page, '.row[data-key="conv1.weight"] .c-zeros')).toBe('31,5');
  });
});

describe('reading', () => {
  test('can be cancelled and continued, and asks only for what is missing', async () => {
    const page = await open({ model: 'resnet', pauseAfter: 10 });
    await page.waitForFunction(() => document.querySelector('.notice')?.textContent?.includes('10 of 62'));
    await page.click('.notice .button');
    expect(await text(page, '.notice')).toMatch(/Stopped after 10 of 62 tensors\.\s*Continue/);
    expect(
      await page.evaluate(() =>
        (globalThis as unknown as { fakeHost: { sent: { type: string }[] } }).fakeHost.sent.some(
          ({ type }) => type === 'cancel',
        ),
      ),
    ).toBe(true);
    expect(await text(page, '.row[data-key="fc.weight"] .c-zeros').catch(() => '–')).toContain('–');
    await opened!.host((host) => host.become({ model: 'resnet' }));
    await page.click('.notice .button');
    await page.waitForFunction(() => document.querySelector('.notice') === null);
    const scans = await asked('checkpoint/scan');
    expect(scans[1]!.query).toMatchObject({ skip: expect.arrayContaining(['conv1.weight']) });
    expect((scans[1]!.query!['skip'] as string[]).length).toBe(10);
  });

  test('puts the tensor in view first when asked to', async () => {
    const page = await open({ model: 'resnet', pauseAfter: 10, select: 'fc.weight' });
    await page.waitForFunction(() => document.querySelector('.notice')?.textContent?.includes('10 of 62'));
    expect(await text(page, '.detail')).toContain('have not been read yet');
    await page.click('text=Read This Tensor Next');
    await page.waitForSelector('.detail .statistics');
    expect((await asked('checkpoint/scan'))[1]!.query).toMatchObject({ first: ['fc.weight'] });
  });

  test('waits until asked where automatic scans are off', async () => {
    const page = await open({ model: 'resnet', scanAutomatically: false });
    await page.waitForSelector('.notice');
    expect(await asked('checkpoint/scan')).toEqual([]);
    await page.click('text=Read Values');
    await scanned(page);
  });

  test('says that figures are a sample, and can read everything', async () => {
    const page = await open({ model: 'resnet', sampled: true });
    await scanned(page);
    expect(await text(page, '.facts .how')).toMatch(/^sampled ±0\.\d/);
    await page.click('text=Scan Fully');
    await expect.poll(async () => (await asked('checkpoint/scan')).at(-1)!.query).toMatchObject({ full: true });
  });
});

describe('the file', () => {
  test('says what gzip makes of the open tensor, once reading is over', async () => {
    const page = await open({ model: 'resnet', gzipApart: true, silent: ['checkpoint/gzip'], select: 'conv1.weight' });
    await scanned(page);
    await page.waitForFunction(() => document.querySelector('.sizes')?.textContent?.includes('compressing'));
    await opened!.host((host) => host.become({ model: 'resnet', gzipApart: true }));
    // Another tensor ends the question, and asks its own.
    await page.click('.row[data-key="layer1.0.conv1.weight"]');
    await page.waitForFunction(() => document.querySelector('.sizes')?.textContent?.includes('sampled ±0.3'));
    await page.click('.row[data-key="conv1.weight"]');
    await page.waitForFunction(() => document.querySelector('.detail h2')?.getAttribute('title') === 'conv1.weight');
    await page.waitForFunction(() => document.querySelector('.sizes')?.textContent?.includes('sampled ±0.3'));
    expect((await asked('checkpoint/gzip')).map(({ query }) => query?.['tensor'])).toEqual([
      'conv1.weight',
      'layer1.0.conv1.weight',
      'conv1.weight',
    ]);
  });

  test('that changed on disk keeps its figures until Reload, and its place after it', async () => {
    const page = await open({ model: 'resnet', select: 'layer3.0.conv1.weight' });
    await scanned(page);
    await opened!.host((host) =>
      host.tell('checkpoint/changed', { path: '', at: Date.UTC(2026, 0, 1, 14, 32), deleted: false }),
    );
    await page.waitForSelector('.notice');
    expect(await text(page, '.notice')).toMatch(
      /The file changed on disk at \d\d:\d\d\. These figures are of the earlier version\./,
    );
    const scroll = await page.evaluate(() => document.querySelector('espalier-table')!.scrollTop);
    await page.click('.notice .button');
    await page.waitForFunction(() => document.querySelector('.notice') === null);
    expect(await text(page, '.detail-head h2')).toBe('layer3.0.conv1.weight');
    expect(await page.evaluate(() => document.querySelector('espalier-table')!.scrollTop)).toBe(scroll);
  });

  test('that cannot be read says where and why', async () => {
    const page = await open({ model: 'unreadable' });
    await page.waitForSelector('.fault-page');
    expect(await text(page, '.fault-page')).toMatch(
      /The header ends at byte 4,120.*At byte\s*4,096.*Expected\s*4,120.*unfinished download/s,
    );
    await opened!.host((host) => host.become({ model: 'resnet' }));
    await page.click('text=Try Again');
    await page.waitForSelector('.row');
  });

  test('that could not be read opens by itself when it becomes whole', async () => {
    const page = await open({ model: 'unreadable' });
    await page.waitForSelector('.fault-page');
    await opened!.host((host) => host.tell('checkpoint/changed', { path: '', at: 0, deleted: false }));
    await expect.poll(async () => (await asked('checkpoint/open')).length).toBe(2);
    expect(await page.locator('.fault-page').count()).toBe(1);
    await opened!.host((host) => {
      host.become({ model: 'resnet' });
      host.tell('checkpoint/changed', { path: '', at: 0, deleted: false });
    });
    await scanned(page);
    expect(await page.locator('.notice').count()).toBe(0);
  });

  test('without tensors says so', async () => {
    const page = await open({ model: 'empty' });
    await page.waitForSelector('.centred');
    expect(await text(page, '.page')).toContain('This file holds no tensors.');
    expect(await page.locator('espalier-table').count()).toBe(0);
  });

  test('with odd tensors is shown as it is', async () => {
    const page = await open({ model: 'strange' });
    await scanned(page);
    expect(await text(page, '.detail-head h2')).toBe('not_finite.weight');
    expect(await text(page, '.detail')).toContain('1 NaN and 1 Inf weights.');
    await page.click('.row[data-key="vocabulary"]');
    expect(await text(page, '.detail')).toContain('text, no numbers');
    await page.click('.row[data-key="blocks.0.q4.weight"]');
    expect(await text(page, '.sub')).toContain('stored as Q4_K');
    expect(await text(page, '.row[data-key="all_zero.weight"] .c-zeros')).toMatch(/^100/);
  });
});

describe('room', () => {
  test('nothing below the heat map moves when its layout changes', async () => {
    for (const width of [1440, 1280, 1045]) {
      const page = await open({ model: 'resnet', select: 'layer4.1.conv2.weight' }, { width });
      await scanned(page);
      await page.waitForSelector('.read-out .num');
      const top = async () => (await page.locator('.read-out').boundingBox())!.y;
      const before = await top();
      const how = await page.locator('.toolbar .how').isVisible();
      await page.keyboard.press('l');
      await page.waitForSelector('.toolbar [aria-label="Next output channel"]');
      expect(await top()).toBe(before);
      expect(await page.locator('.toolbar .how').isVisible()).toBe(how);
      await opened!.close();
    }
  });

  test('the head tells as much as fits, and cuts nothing', async () => {
    const page = await open({ model: 'resnet' }, { width: 1280 });
    await scanned(page);
    for (const [width, said] of [
      [1280, /safetensors.*62\s*tensors.*of all/s],
      [1120, /62\s*tensors.*of all/s],
      [1040, /62\s*tensors/],
      [900, /parameters/],
    ] as const) {
      await page.setViewportSize({ width, height: 800 });
      expect(await text(page, '.facts')).toMatch(said);
      const [inner, outer] = await page.evaluate(() => {
        const facts = document.querySelector('.facts')!;
        return [facts.scrollWidth, facts.clientWidth] as const;
      });
      expect(inner, String(width)).toBeLessThanOrEqual(outer);
    }
  });

  test('statistics and histogram stand beside each other at 1040 pixels', async () => {
    const page = await open({ model: 'resnet' }, { width: 1040 });
    await scanned(page);
    const [statistics, histogram] = await Promise.all([
      page.locator('.two > :first-child').boundingBox(),
      page.locator('.two > :last-child').boundingBox(),
    ]);
    expect(histogram!.y).toBe(statistics!.y);
  });
});

describe('names', () => {
  test('that would break a row, reorder it or be blank are seen as marks', async () => {
    const page = await open({ model: 'strange' });
    await scanned(page);
    const seen = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('.row .name')].map((name) =>
        [...name.children]
          .slice(1)
          .map((part) => part.textContent)
          .join(''),
      ),
    );
    expect(seen).toEqual(expect.arrayContaining(['two\\x0alines.weight', 'rtl\\u202eevil.weight', '␣', '␣␣']));
    expect(seen.join('')).not.toMatch(/[\n\u202e]/);
    const heights = await page.evaluate(() =>
      [...document.querySelectorAll('.row .name')].map((name) => name.getBoundingClientRect().height),
    );
    expect(Math.max(...heights)).toBeLessThan(22);
  });

  test('of one family stay apart where there is little room, and what is left out leaves a mark', async () => {
    const page = await open({ model: 'resnet' }, { width: 1040 });
    await scanned(page);
    await page.fill('#filter', 'downsample');
    await expect.poll(() => page.locator('.row').count()).toBeLessThan(20);
    const rows = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('.row')].map((row) => {
        const parts = [...row.querySelectorAll<HTMLElement>('.name > :not(.visually-hidden)')];
        return {
          name: row.getAttribute('data-key')!,
          seen: parts.map((part) => part.textContent).join(''),
          cut: parts.some((part) => part.scrollWidth > part.clientWidth + 1),
        };
      }),
    );
    expect(rows.length).toBeGreaterThan(5);
    expect(new Set(rows.map(({ seen }) => seen)).size).toBe(rows.length);
    for (const { name, seen, cut } of rows) {
      expect(cut).toBe(false);
      if (seen !== name) expect(seen).toContain('…');
    }
  });
});

describe('the table', () => {
  test('has whole rows at its top, at the end of the list as well', async () => {
    const page = await open({ model: 'resnet', select: 'fc.weight' }, { height: 793 });
    await scanned(page);
    const offset = () => page.evaluate(() => document.querySelector('espalier-table')!.scrollTop % 22);
    expect(await page.evaluate(() => document.querySelector('espalier-table')!.scrollTop)).toBeGreaterThan(0);
    expect(await offset()).toBe(0);
    await page.evaluate(() => {
      document.querySelector('espalier-table')!.scrollTop = 1e6;
    });
    expect(await offset()).toBe(0);
  });

  test('draws some tens of two thousand rows, and finds any', async () => {
    const page = await open({ model: 'many' });
    await scanned(page);
    expect(await page.locator('.row').count()).toBeLessThan(70);
    await page.fill('#filter', 'layers.249.mlp down');
    expect(await page.locator('.row').count()).toBe(1);
    expect(await text(page, '.tools')).toContain('1 of 2,000');
    await page.fill('#filter', 'no such tensor');
    expect(await text(page, '.over-table')).toContain('No tensor matches “no such tensor”.');
    await page.click('text=Clear Filter');
    expect(await page.getAttribute('espalier-table', 'aria-rowcount')).toBe('2001');
  });

  test('sorts by its heads', async () => {
    const page = await open({ model: 'resnet' });
    await scanned(page);
    const first = () => page.evaluate(() => document.querySelector('.row')?.getAttribute('data-key'));
    await page.click('.table-head >> text=Zeros, %');
    await page.evaluate(() => {
      document.querySelector('espalier-table')!.scrollTop = 0;
    });
    await expect.poll(first).toBe('layer4.1.conv2.weight');
    expect(await page.getAttribute('.table-head .c-zeros', 'aria-sort')).toBe('descending');
    await page.click('.table-head >> text=Zeros, %');
    await expect.poll(first).not.toBe('layer4.1.conv2.weight');
    await page.click('.table-head >> text=Zeros, %');
    await expect.poll(first).toBe('conv1.weight');
  });

  test('folds by the room it has, never the page sideways', async () => {
    const page = await open({ model: 'resnet' });
    await scanned(page);
    const seen = async () =>
      page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('.table-head [role=columnheader]')]
          .filter((head) => head.offsetParent !== null)
          .map((head) => head.textContent!.trim()),
      );
    expect(await seen()).toEqual([
      'Finding',
      'Name',
      'Type',
      'Shape',
      'Parameters',
      'Size, kB',
      'Zeros, %',
      'Dead',
      'Pattern',
    ]);
    for (const [width, columns] of [
      [1100, ['Finding', 'Name', 'Shape', 'Size, kB', 'Zeros, %', 'Dead', 'Pattern']],
      [980, ['Finding', 'Name', 'Shape', 'Zeros, %', 'Dead']],
      [400, ['Finding', 'Name', 'Shape', 'Zeros, %']],
    ] as const) {
      await page.setViewportSize({ width, height: 800 });
      expect(await seen()).toEqual(columns);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      expect(
        await page.evaluate(
          () => document.querySelector('.page')!.scrollWidth - document.querySelector('.page')!.clientWidth,
        ),
      ).toBe(0);
    }
  });
});

describe('the strip', () => {
  test('has a segment for each layer and opens it', async () => {
    const page = await open({ model: 'resnet' });
    await scanned(page);
    expect(await page.locator('.piece').count()).toBe(21);
    await page.click('.piece[title^="layer3.1.conv2"]');
    expect(await text(page, '.detail-head h2')).toBe('layer3.1.conv2.weight');
    expect(await page.locator('.row[aria-selected=true]').isVisible()).toBe(true);
  });

  test('puts layers together where two thousand have no room, and says so', async () => {
    const page = await open({ model: 'many' });
    await scanned(page);
    const count = await page.locator('.piece').count();
    expect(count).toBeGreaterThan(100);
    expect(count).toBeLessThan(400);
    expect(await page.locator('.piece').first().getAttribute('title')).toMatch(/^\d+ layers, model\.layers\.0/);
  });
});

describe('actions', () => {
  test('go to the editor', async () => {
    const page = await open({ model: 'resnet' });
    await scanned(page);
    await page.click('text=Compare…');
    await page.click('#export');
    await page.click('text=Figures of All Tensors (CSV)…');
    await page.click('[aria-label="More actions"]');
    await page.click('text=Copy Summary as Markdown');
    const actions = (await asked('page/action')).map(({ query }) => query!);
    expect(actions.slice(0, 2)).toEqual([
      { action: 'compare', path: '/models/resnet18-80.safetensors' },
      { action: 'export', format: 'csv', path: '/models/resnet18-80.safetensors' },
    ]);
    expect(actions[2]!['text']).toMatch(/^\*\*resnet18-80\.safetensors\*\* · safetensors/);
  });

  test('the picture of the heat map is a PNG', async () => {
    const page = await open({ model: 'resnet' });
    await scanned(page);
    await page.waitForSelector('.read-out .num');
    await page.click('#export');
    await page.click('text=Heat Map as Shown (PNG)…');
    await expect.poll(async () => (await asked('page/action')).length).toBe(1);
    const { base64 } = (await asked('page/action'))[0]!.query as { base64: string };
    expect(Buffer.from(base64, 'base64').subarray(1, 4).toString()).toBe('PNG');
  });

  test('file details name metadata', async () => {
    const page = await open({ model: 'resnet' });
    await scanned(page);
    await page.click('[aria-label="More actions"]');
    await page.click('text=File, Metadata and Operators');
    expect(await text(page, 'dialog')).toMatch(/espalier\.recipe\s*magnitude 0\.8/);
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog').count()).toBe(0);
  });

  test('the sash moves, is kept, and resets', async () => {
    const page = await open({ model: 'resnet', stored: { split: 0.5 } });
    await scanned(page);
    const width = async () => Math.round((await page.locator('.list').boundingBox())!.width);
    expect(await width()).toBe(640);
    await page.focus('.sash');
    await page.keyboard.press('ArrowRight');
    expect(await width()).toBe(666);
    await page.dblclick('.sash');
    expect(await width()).toBe(742);
    const kept = await opened!.host((host) => host.sent.filter((envelope) => envelope.type === 'event'));
    expect(kept.at(-1)).toMatchObject({ method: 'page/store', body: { key: 'split', value: 0.58 } });
  });
});
