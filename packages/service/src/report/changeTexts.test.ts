import { idleWork } from '@espalier/base';
import type { ChangeReport } from '@espalier/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { runRecipe } from '../change/runRecipe.js';
import { MemoryFiles, safetensorsBytes } from '../testing/memoryFiles.js';
import { memoryMachine } from '../testing/memoryMachine.js';
import { reportCsv, reportHtml, reportMarkdown, verdictText } from './changeTexts.js';

/** Names that a spreadsheet, a page or a table could take for something else. */
const ODD = '=SUM(A1)|<img src=x onerror=alert(1)>.weight';

let report: ChangeReport;
beforeAll(async () => {
  const values = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i + 1));
  const files = new MemoryFiles().write(
    '/work/model.safetensors',
    safetensorsBytes({
      'conv1.weight': { shape: [8, 4, 3, 3], values: values(288) },
      [ODD]: { shape: [8, 16], values: values(128) },
      'fc.weight': { shape: [4, 8], values: values(32) },
      'fc.bias': { shape: [4], values: values(4) },
    }),
  );
  const recipe = `input: model.safetensors
steps:
  - prune: { method: magnitude, sparsity: 0.75 }
  - quantize: { method: post-training }
output: out/small.safetensors
`;
  const query = { recipe, folder: '/work', overwrite: false, detail: 'full' } as const;
  const answer = await runRecipe(query, memoryMachine(files).ports, idleWork());
  if (!answer.ok || answer.value.report === null) throw new Error(JSON.stringify(answer));
  report = answer.value.report.content;
});

/** The rows of a Markdown table below a heading, as cells. */
function tableBelow(markdown: string, title: string): string[][] {
  const [, after = ''] = markdown.split(`\n## ${title}\n`);
  const lines = after.split('\n').filter((line) => line.startsWith('|'));
  const end = after.split('\n').findIndex((line) => line.startsWith('## '));
  const own =
    end < 0
      ? lines
      : after
          .split('\n')
          .slice(0, end)
          .filter((line) => line.startsWith('|'));
  return own.slice(2).map((line) =>
    line
      .slice(2, -2)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

describe('Markdown', () => {
  test('has the verdict, what changed, the layers with their times, and how it was made', () => {
    const text = reportMarkdown(report);
    expect(text.split('\n')[0]).toBe('# model.safetensors · magnitude 75 % model-wide · post-training');
    expect(text).toContain('**75.0 %** of 448 weights are zero');
    expect(tableBelow(text, 'What changed')[1]!.slice(1, 3)).toEqual(['0', '336']);
    expect(tableBelow(text, 'Time, measured')[0]![0]).toMatch(/^Espalier kernels/);
    const times = tableBelow(text, 'Time by layer');
    expect(times.map((row) => row.length)).toEqual([6, 6, 6]);
    expect(times[0]!.slice(0, 2)).toEqual(['conv1.weight', '8×36 by 256 (assumed)']);
    expect(tableBelow(text, 'Layers')).toHaveLength(3);
    expect(text).toContain(report.provenance.inputSha256);
    expect(text).toContain('```yaml\ninput: model.safetensors');
  });

  test('a name cannot end a cell', () => {
    const [, odd] = tableBelow(reportMarkdown(report), 'Layers');
    expect(odd![0]).toBe(ODD.replace('|', '\\|'));
  });
});

describe('HTML', () => {
  test('is one file that nothing can run in', () => {
    const text = reportHtml(report);
    expect(text).toContain("default-src 'none'");
    expect(text).not.toMatch(/<(?:script|img|link|iframe|a)\b|<[^>]*\son\w+=/i);
    expect(text).toContain('<pre>input: model.safetensors\nsteps:\n');
    expect(text).toContain('=SUM(A1)|&lt;img src=x onerror=alert(1)&gt;.weight');
    for (const title of ['What changed', 'Time by layer', 'Layers', 'How it was made'])
      expect(text).toContain(`<h2>${title}</h2>`);
    expect([...text.matchAll(/<table>/g)].length).toBe([...text.matchAll(/<\/table>/g)].length);
  });
});

describe('CSV', () => {
  test('has one row a tensor, and no formula', () => {
    const lines = reportCsv(report).trim().split(/\r?\n/);
    expect(lines).toHaveLength(1 + 4);
    expect(lines[0]).toMatch(/^layer,role,shape,.*,product,dense ms,quickest ms,quickest way$/);
    const odd = lines.find((line) => line.includes('SUM(A1)'))!;
    expect(odd).toMatch(/^"?'=SUM/);
    const bias = lines.find((line) => line.startsWith('fc.bias'))!;
    expect(bias).toMatch(/,bias,.*not a weight.*,,,,,,,,,,$/);
  });
});

test('the verdict is one paragraph that says what was measured', () => {
  expect(verdictText(report)).toMatch(
    /75\.0 % of 448 weights are zero, .* as fast here, .*1\.0x where a runtime computes dense/,
  );
  expect(verdictText(report)).not.toContain('\n');
});
