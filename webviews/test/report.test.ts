import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Scenario } from './fakeHost.js';
import { FAKE_RECIPE } from './fakeReport.js';
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

async function open(report: Scenario['report'], more: Partial<OpenOptions> = {}): Promise<OpenedPage['page']> {
  opened = await pages.open({
    page: 'report',
    scenario: { model: 'resnet', ...(report === undefined ? {} : { report }) },
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

describe('a report', () => {
  test('opens with its verdict, and says what was not measured', async () => {
    const page = await open('done');
    await page.waitForSelector('.verdict');
    expect(await seenText(page, '.verdict')).toMatch(
      /^79\.6 % of 695,664 weights are zero, 0 % were;\n[\d.]+x as fast here.*\n1\.0x where a runtime computes dense/,
    );
    expect(await seenText(page, '.verdict-facts')).toMatch(
      /Accuracy: not measured: no evaluate command\s+Time\s+measured here, median of 9, ±1\.8\s%/,
    );
    expect(await seenText(page, '#changed')).toMatch(/Sparsity, %\s+0\s+79\.\d/);
    expect(await seenText(page, '#changed')).toMatch(
      /Effective, zeros skipped\s+1,814,000,000\s+442,000,000\s+4\.1x fewer/,
    );
    expect(await seenText(page, '#changed')).toMatch(/Dense shapes\s+1,814,000,000\s+1,814,000,000\s+1\.0x/);
    expect(await seenText(page, '#provenance')).toContain(FAKE_RECIPE.split('\n')[2]!.trim());
  });

  test('says where the time goes, layer by layer, and why it is no less', async () => {
    const page = await open('done');
    await page.waitForSelector('#time table');
    expect(await seenText(page, '#changed')).toMatch(
      /Espalier kernels, WASM SIMD, 1 thread\s+[\d.]+\s+[\d.]+\s+[\d.]+x faster/,
    );
    expect(await page.locator('#time tbody tr').count()).toBe(21);
    expect(await seenText(page, '#time')).toMatch(/16×576 by 49\s+[\d.]+\s+[\d.]+\s+1\.0x\s+dense/);
    // Each layer begins where the one before it ended: the last bar ends at the right edge.
    const ends = await page
      .locator('#time td.stairs i.before')
      .evaluateAll((bars) =>
        bars.map((bar) => bar.getBoundingClientRect().right / bar.parentElement!.getBoundingClientRect().right),
      );
    expect([...ends].sort((a, b) => a - b)).toEqual(ends);
    expect(ends.at(-1)).toBeGreaterThan(0.98);
    expect(await seenText(page, '#bridge h2')).toMatch(/^Why [\d.]+x and not [\d.]+x\?$/);
    expect(await page.locator('#bridge tbody tr').count()).toBe(5);
    // As tables: every way, and no bars.
    await page.keyboard.press('t');
    expect(await page.locator('td.stairs').count()).toBe(0);
    expect(await seenText(page, '#time')).toMatch(/CSR\s+4x1\s+Groups\s+Removed\s+int8/);
  });

  test('says whether any runtime uses the zeros, the negative answer too', async () => {
    const page = await open('done');
    await page.waitForSelector('#runtimes table');
    const text = await seenText(page, '#runtimes');
    expect(text).toMatch(/Espalier kernels, here\s+any, f32\s+[\d.]+x\s+measured here/);
    expect(text).toMatch(
      /onnxruntime\s+any, any\s+1\.0x\s+published\s+no kernel takes sparse weights\s+a maintainer \(2026-01-01\)/,
    );
    expect(text).toMatch(
      /TensorRT, sparse tensor cores\s+2:4, f16, int8\s+–\s+n\/a: the pattern is broken in 21 layers/,
    );
  });

  test('estimates the time on the devices of the recipe', async () => {
    const page = await open('done');
    await page.waitForSelector('#devices table');
    expect(await seenText(page, '#devices')).toMatch(
      /NVIDIA A100 40 GB SXM\s+0\.210\s+0\.170\s+1\.2x\s+estimate\s+overhead 15, memory 6\s+6 of 21 layers/,
    );
  });

  test('says of every limit of the budget whether it is kept', async () => {
    const page = await open('done');
    await page.waitForSelector('#budget li');
    expect(await seenText(page, '#budget')).toMatch(
      /kept: 2\.8 MB on disk.*\n.*broken: 2:4 does not hold.*\n.*not known: Accuracy/,
    );
    expect(await page.locator('.outline a[href="#budget"] svg').count()).toBe(1);
  });

  test('says what few bits lose', async () => {
    const page = await open('quantized');
    await page.waitForSelector('#quantization table');
    expect(await seenText(page, '#quantization')).toMatch(/int8-sym\s+channel\s+8\.13\s+43\.2\s+0\.99998/);
    expect(await seenText(page, '.outline')).toContain('Few bits');
    expect(await seenText(page, 'h1')).toBe('Quantize report');
    await page.getByRole('button', { name: 'Use the Quantized File Here' }).waitFor();
  });

  test('shows its picture as a table by t, and back', async () => {
    const page = await open('done');
    await page.waitForSelector('espalier-zeros-chart canvas');
    await page.keyboard.press('t');
    expect(await page.locator('#zeros table tbody tr').count()).toBe(21);
    await page.keyboard.press('t');
    await page.waitForSelector('espalier-zeros-chart canvas');
  });

  test('shows the layers of input and output beside each other, the largest change first', async () => {
    const page = await open('done');
    const maps = page.locator('#maps');
    await maps.locator('.read-out .num').first().waitFor();
    const sizes = async () =>
      (await maps.locator('option').allTextContents()).length === (await page.locator('#layers tbody tr').count());
    expect(await sizes()).toBe(true);
    expect(await seenText(page, '#maps .captions')).toMatch(/Before\s+After\s+After − before/);
    const first = await maps.locator('select').inputValue();
    await maps.getByRole('button', { name: /^Next layer/ }).click();
    expect(await maps.locator('select').inputValue()).not.toBe(first);
    await maps.locator('select').selectOption('layer2.0.conv1.weight');
    expect(await seenText(page, '.maps-picker')).toMatch(/0 → [\d.]+\s% zeros/);
    // Both files are asked, by their paths.
    const asked = await page.evaluate(
      () =>
        (
          globalThis as unknown as { fakeHost: { sent: { method?: string; query?: Record<string, unknown> }[] } }
        ).fakeHost.sent.findLast(({ method }) => method === 'compare/heatmap')?.query,
    );
    expect(asked).toMatchObject({
      before: '/models/resnet18.safetensors',
      after: '/models/resnet18-80.safetensors',
      tensor: 'layer2.0.conv1.weight',
    });
  });

  test('moves through the heat maps by keys, and tells their values as a table', async () => {
    const page = await open('done');
    const maps = page.locator('#maps');
    await maps.locator('.read-out .num').first().waitFor();
    await maps.locator('select').focus();
    await maps.locator('espalier-heatmap canvas').focus();
    const before = await seenText(page, '#maps .read-out');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => seenText(page, '#maps .read-out')).not.toBe(before);
    await page.keyboard.press('t');
    await maps.locator('.twin-table tbody tr').first().waitFor();
    expect(await seenText(page, '#maps .twin-table')).toMatch(/\[\d+, \d+.*\]\s+[^\s]+\s+[^\s]+\s+[^\s]+/);
  });

  test('says in words that its input was changed since', async () => {
    const page = await open('done', { scenario: { model: 'resnet', report: 'done', input: 'changed' } });
    await page.locator('#maps .read-out .num').first().waitFor();
    expect(await seenText(page, '#maps')).toContain('The input was written to after the run began');
  });

  test('without its input has no heat maps, and says so', async () => {
    const page = await open('done', { scenario: { model: 'resnet', report: 'done', input: 'gone' } });
    await page.waitForSelector('#maps .maps-problem');
    expect(await seenText(page, '#maps')).toContain('The input is not there any more: /models/resnet18.safetensors.');
    await opened!.host((host) => host.become({ model: 'resnet', report: 'done' }));
    await page.getByRole('button', { name: 'Try Again' }).click();
    await page.locator('#maps .read-out .num').first().waitFor();
  });

  test('tells why each other tensor was left alone, when asked', async () => {
    const page = await open('done');
    await page.click('.others .link');
    expect(await seenText(page, '#layers')).toContain('norm, not a weight of a convolution or a linear layer');
  });

  test('goes through its sections by keys and by the outline', async () => {
    const page = await open('done', { height: 500 });
    await page.waitForSelector('.provenance');
    const top = () => page.locator('.sections').evaluate((element) => element.scrollTop);
    await page.keyboard.press(']');
    const second = await top();
    expect(second).toBeGreaterThan(0);
    await page.keyboard.press('[');
    expect(await top()).toBeLessThan(second);
    await page.click('.outline a[href="#provenance"]');
    expect(await top()).toBeGreaterThan(second);
  });

  test('its buttons go to the editor', async () => {
    const page = await open('done');
    await page.waitForSelector('.provenance');
    await page.getByRole('button', { name: 'Use the Pruned File Here' }).click();
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.getByRole('button', { name: 'Recipe', exact: true }).click();
    await page.keyboard.press('e');
    await page.getByRole('menuitem', { name: 'HTML (one file)' }).click();
    expect(await actions()).toEqual([
      { action: 'use-output', input: '/models/resnet18.safetensors', output: '/models/resnet18-80.safetensors' },
      { action: 'compare-files', before: '/models/resnet18.safetensors', after: '/models/resnet18-80.safetensors' },
      { action: 'open-recipe', text: FAKE_RECIPE },
      { action: 'export-report', path: '/models/resnet18-80.safetensors.report.json', format: 'html' },
    ]);
  });

  test('that cannot be read says where and why', async () => {
    const page = await open('unreadable');
    await page.waitForSelector('.fault-page');
    expect(await seenText(page, '.fault-page')).toContain('Try Again');
  });

  test('folds on a narrow page, never sideways', async () => {
    const page = await open('done', { width: 500 });
    await page.waitForSelector('.provenance');
    const wide = await page.evaluate(() =>
      [...document.querySelectorAll('.sections, .page, header')]
        .filter((element) => element.scrollWidth > element.clientWidth + 1)
        .map((element) => element.className),
    );
    expect(wide).toEqual([]);
  });
});

describe('a preview', () => {
  test('shows what would change, and runs it', async () => {
    const page = await open('preview');
    await page.waitForSelector('#layers');
    expect(await seenText(page, '#changed h2')).toBe('What would change');
    await page.click('#run');
    expect(await actions()).toEqual([{ action: 'run-recipe' }]);
  });

  test('measures and compresses when asked, and only then', async () => {
    const page = await open('preview');
    await page.waitForSelector('#measure');
    expect(await seenText(page, '#changed')).not.toMatch(/gzip -6\s+\d/);
    await page.click('#gzip');
    await expect.poll(() => seenText(page, '#changed')).toMatch(/gzip -6\s+[\d.]+\s+[\d.]+\s+2\.0x smaller/);
    expect(await page.locator('#gzip').count()).toBe(0);
    await page.click('#measure');
    await page.waitForSelector('#time table');
    expect(await seenText(page, '#changed')).toMatch(
      /measured here.*\s+Espalier kernels, WASM SIMD, 1 thread\s+[\d.]+/,
    );
    expect(await page.locator('#time tbody tr').count()).toBe(21);
  });

  test('with problems names them and leads to their place; it cannot run', async () => {
    const page = await open('problems');
    await page.waitForSelector('#problems');
    expect(await page.locator('#run').isDisabled()).toBe(true);
    await page.click('#problems .link');
    expect(await actions()).toEqual([{ action: 'reveal-in-recipe', from: 62, to: 65 }]);
  });

  test('keeps the last plan beside new problems, and plans again when the text changes', async () => {
    const page = await open('preview');
    await page.waitForSelector('#layers');
    await opened!.host((host) => {
      host.become({ model: 'resnet', report: 'problems' });
      host.tell('page/recipe', { recipe: 'steps: 3', folder: '/models', trusted: true });
    });
    await page.waitForSelector('#problems');
    expect(await page.locator('#layers').count()).toBe(1);
  });

  test('does not run in a workspace that is not trusted, and says why', async () => {
    const page = await open('untrusted');
    await page.waitForSelector('#layers');
    expect(await page.locator('#run').isDisabled()).toBe(true);
    expect(await seenText(page, '.actions')).toContain('Running needs a trusted workspace.');
  });
});
