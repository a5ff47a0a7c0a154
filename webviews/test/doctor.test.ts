import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
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

async function open(doctor: Scenario['doctor'], more: Partial<OpenOptions> = {}): Promise<OpenedPage['page']> {
  opened = await pages.open({ page: 'doctor', scenario: { model: 'one', doctor: doctor! }, ...more });
  await opened.page.waitForSelector('.tool');
  return opened.page;
}

const sent = () =>
  opened!.page.evaluate(() => {
    const { sent: all } = (
      globalThis as unknown as { fakeHost: { sent: { type: string; method?: string; query?: unknown }[] } }
    ).fakeHost;
    return all.map(({ type, method, query }) => ({ type, method, query }));
  });

test('tells what the machine has, and copies it as text', async () => {
  const page = await open('missing');
  expect(await seenText(page, '#machine')).toMatch(
    /Processor\s+A processor with sixteen cores\s+Threads\s+16\s+Memory\s+64 GB, 41 GB free\s+Kernels\s+WebAssembly SIMD/,
  );
  await page.keyboard.press('c');
  await expect
    .poll(async () => (await sent()).find(({ method }) => method === 'page/action')?.query)
    .toMatchObject({
      action: 'copy',
      text: expect.stringMatching(/^Espalier: 0\.1\.0\n.*onnxruntime-node: not found\n$/s),
    });
});

test('a tool that is missing is installed by its button, and found then', async () => {
  const page = await open('missing');
  expect(await seenText(page, '#tools')).toContain('not found · times whole ONNX models');
  await page.getByRole('button', { name: 'Install 1.30.0' }).click();
  await page.locator('.installing', { hasText: /Installing, [1-3] s/ }).waitFor();
  await expect.poll(() => seenText(page, '#tools')).toContain('installed by Espalier /tools/onnxruntime-node-1.30.0');
  expect(await page.locator('.install').count()).toBe(0);
});

test('an installation can be cancelled, and says that nothing was left behind', async () => {
  const page = await open('missing', { scenario: { model: 'one', doctor: 'missing', silent: ['doctor/install'] } });
  await page.getByRole('button', { name: 'Install 1.30.0' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect.poll(() => seenText(page, '#tools')).toContain('Cancelled; nothing was left behind.');
  expect((await sent()).some(({ type }) => type === 'cancel')).toBe(true);
  await page.getByRole('button', { name: 'Install 1.30.0' }).waitFor();
});

test('without the network it says why, and can be tried again', async () => {
  const page = await open('offline');
  await page.getByRole('button', { name: 'Install 1.30.0' }).click();
  await page.getByRole('button', { name: 'Try Again' }).waitFor();
  expect(await seenText(page, '#tools')).toContain('was not installed: the registry was not reached.');
});

test('nothing is installed in a workspace that is not trusted, until it is', async () => {
  const page = await open('untrusted');
  expect(await page.locator('.install').isDisabled()).toBe(true);
  expect(await seenText(page, '#tools')).toContain('Installing needs a trusted workspace.');
  await opened!.host((host) => {
    host.become({ model: 'one', doctor: 'missing' });
    host.tell('page/reload', {});
  });
  await expect.poll(() => page.locator('.install').isDisabled()).toBe(false);
});

test('folds on a narrow page, never sideways', async () => {
  const page = await open('missing', { width: 400 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});
