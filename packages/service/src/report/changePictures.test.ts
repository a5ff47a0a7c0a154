import { idleWork } from '@espalier/base';
import type { ChangeReport } from '@espalier/protocol';
import { beforeAll, expect, test } from 'vitest';
import { runRecipe } from '../change/runRecipe.js';
import { createEngine } from '../engine.js';
import { createService } from '../service.js';
import { MemoryFiles, safetensorsBytes } from '../testing/memoryFiles.js';
import { memoryMachine } from '../testing/memoryMachine.js';
import { changePictures } from './changePictures.js';
import { reportHtml } from './changeTexts.js';

const never = new AbortController().signal;
const values = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
let files: MemoryFiles;
let report: ChangeReport;

beforeAll(async () => {
  files = new MemoryFiles().write(
    '/work/model.safetensors',
    safetensorsBytes({
      'small.weight': { shape: [2, 4], values: values(8) },
      'large.weight': { shape: [4, 8], values: values(32) },
      'large.bias': { shape: [4], values: values(4) },
    }),
  );
  const recipe =
    'input: model.safetensors\nsteps:\n  - prune: { method: magnitude, sparsity: 0.5, scope: layer }\noutput: out/half.safetensors\n';
  const query = { recipe, folder: '/work', overwrite: false, detail: 'full' } as const;
  const answer = await runRecipe(query, memoryMachine(files).ports, idleWork());
  if (!answer.ok || answer.value.report === null) throw new Error(JSON.stringify(answer));
  report = answer.value.report.content;
});

const service = () => {
  const engine = createEngine(files, () => performance.now());
  return createService({
    files,
    runner: { width: 1, run: (kind, query, hooks) => engine.run(kind, query, hooks) },
    machine: 'a machine',
    now: () => 0,
    settings: () => ({ limitBytes: 1e9, nearZeroRatio: 1e-8 }),
  });
};

/** Colours of a BMP of 256 colours, from the top, as `#rrggbb`: read by the description of the format. */
function coloursOf(uri: string): string[][] {
  const bytes = Buffer.from(uri.replace('data:image/bmp;base64,', ''), 'base64');
  expect(bytes.toString('latin1', 0, 2)).toBe('BM');
  const [begin, width, height] = [bytes.readUInt32LE(10), bytes.readInt32LE(18), -bytes.readInt32LE(22)];
  expect(bytes.readUInt16LE(28)).toBe(8);
  const stride = Math.ceil(width / 4) * 4;
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => {
      const at = 54 + 4 * bytes[begin + row * stride + column]!;
      return `#${[bytes[at + 2]!, bytes[at + 1]!, bytes[at]!].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
    }),
  );
}

test('the layers that changed most are drawn before and after; zeros are white', async () => {
  const { pictures, missing } = await changePictures(service(), files, report, never);
  expect(missing).toBeNull();
  expect(pictures.map(({ name }) => name)).toEqual(['large.weight', 'small.weight']);
  expect(pictures[0]!.note).toBe('4 × 8; a pixel is a weight.');
  const before = coloursOf(pictures[0]!.before).flat();
  const after = coloursOf(pictures[0]!.after).flat();
  expect(before).toHaveLength(32);
  expect(before).not.toContain('#ffffff');
  expect(after.map((colour) => colour === '#ffffff')).toEqual(values(32).map((value) => value <= 16));
  // What stayed has the colour that it had.
  expect(after.slice(16)).toEqual(before.slice(16));
});

test('stand in the page, which still runs and loads nothing', async () => {
  const text = reportHtml(report, await changePictures(service(), files, report, never));
  expect([
    ...text.matchAll(/<img src="data:image\/bmp;base64,[A-Za-z0-9+/=]+" width="\d+" height="\d+" alt="/g),
  ]).toHaveLength(4);
  expect(text).not.toMatch(/<(?:script|link|iframe|a)\b|<[^>]*\son\w+=|https?:\/\/[^<]*\.(?:js|css|png)/i);
});

test('a file that was written to since, or is gone, is told instead', async () => {
  const provenance = { ...report.provenance, startedAt: '1960-01-01T00:00:00.000Z' };
  const changed = await changePictures(service(), files, { ...report, provenance }, never);
  expect(changed).toEqual({ pictures: [], missing: expect.stringMatching(/^The input was written to since the run/) });
  const plan = { ...report.plan, input: { ...report.plan.input, path: '/work/elsewhere.safetensors' } };
  const gone = await changePictures(service(), files, { ...report, plan }, never);
  expect(reportHtml(report, gone)).toContain('No heat maps: The input is not there any more;');
});
