import { expect, test } from 'vitest';
import { checkpointsOf, layersOf, siteOf, underCursor } from '../test/marked.js';

test.each([
  ['[a](models/m.pt)', ['models/m.pt ← link']],
  ['[a](models/m.pt#L1 "title")', ['models/m.pt ← link']],
  ['[a](<my models/m.pt>)', ['my models/m.pt ← link']],
  ['[a](my%20models/m.pt)', ['my models/m.pt ← link']],
  ['[a]: models/m.pt', ['models/m.pt ← link']],
  ['see `models/m.pt`', ['?models/m.pt ← code']],
  ['[a](https://host/m.pt) [b](x.md) models/m.pt', []],
  ['[a](/m.pt)', ['?/m.pt ← link']],
  ['```python\nx = torch.load("m.pt")\n```', ['?m.pt ← torch.load [as x]']],
  ['> ```json\n> {"model":\n>   "m.pt"}\n> ```', ['?m.pt ← key "model"']],
  ['```\ntorch.load("m.pt")\n```', []],
  ['    torch.load("m.pt")', []],
])('%s', (text, expected) => expect(checkpointsOf(text, 'markdown')).toEqual(expected));

test('inline code names layers', () =>
  expect(layersOf('prune `layer1.0.conv1`, `README.md`, `a b`', 'markdown')).toEqual(['layer1.0.conv1']));

test('a range in quoted code is the literal', () =>
  expect(underCursor('> ```json\n> {"model":\n>   "m|.pt"}\n> ```', 'markdown')).toBe('m.pt'));

test.each([
  ['[a](mo|)', 'path:mo<mo>'],
  ['`models/m|`', 'path:models/m<models/m>'],
  ['`layer1.c|`', 'layer:layer1.c<layer1.c>'],
  ['```python\ntorch.load("m|")\n```', 'path:m<m>'],
  ['plain te|xt', null],
])('completion knows where it stands: %s', (marked, expected) => expect(siteOf(marked, 'markdown')).toBe(expected));

const notebook = (...cells: { cell_type: string; source: string | string[] }[]): string =>
  JSON.stringify(
    { cells: cells.map((cell) => ({ ...cell, metadata: {}, outputs: [] })), metadata: {}, nbformat: 4 },
    null,
    1,
  );

test('cells of a notebook share names, and ranges lie in the JSON', () => {
  const text = notebook(
    { cell_type: 'code', source: ['import torch as t\n', 'P = "a\\x62.pt"\n', '%time t.load("no.pt")'] },
    { cell_type: 'markdown', source: '[link](m.onnx)' },
    { cell_type: 'code', source: 't.load(P)\nmodel.layer1[0].weight.sum()' },
    { cell_type: 'code', source: ['!python export.py --to onnx_out\n', 't.load("onnx_out/a.pt")'] },
    { cell_type: 'code', source: ['!wget https://host/w.pt\n', 't.load("w.pt")'] },
    { cell_type: 'code', source: ['%%bash\n', 't.load("no.pt")'] },
    { cell_type: 'raw', source: 't.load("no.pt")' },
  );
  expect(checkpointsOf(text, 'ipynb')).toEqual([
    'ab.pt ← torch.load',
    'm.onnx ← link',
    '?onnx_out/a.pt ← torch.load',
    '?w.pt ← torch.load',
  ]);
  expect(layersOf(text, 'ipynb')).toEqual(['model: layer1.0.weight']);
  const at = text.indexOf('a\\\\x62.pt');
  expect(underCursor(`${text.slice(0, at + 1)}|${text.slice(at + 1)}`, 'ipynb')).toBe('a\\\\x62.pt');
});

test('a notebook of another language is left alone', () =>
  expect(
    checkpointsOf(
      '{"cells":[{"cell_type":"code","source":"torch.load(\\"m.pt\\")"}],"metadata":{"language_info":{"name":"R"}}}',
      'ipynb',
    ),
  ).toEqual([]));

test('completion in a cell', () => {
  const text = notebook({ cell_type: 'code', source: ['x = 1\n', 'torch.load("mo@")'] });
  expect(siteOf(text.replace('@', '|'), 'ipynb')).toBe('path:mo<mo>');
});
