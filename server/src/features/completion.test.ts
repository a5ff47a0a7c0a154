import type { TensorHead } from '@espalier/analysis';
import { expect, test } from 'vitest';
import { nextItems, writtenPath } from './completion.js';
import { holdsInOrder } from './workspaceSymbols.js';

test.each([
  ['below the document', '/w/src/models/a.pt', 'src/models/a.pt', 'either', 'models/a.pt'],
  ['elsewhere in the workspace', '/w/models/a.pt', 'models/a.pt', 'either', 'models/a.pt'],
  ['outside of the workspace', '/x/a.pt', '/x/a.pt', 'either', '../../x/a.pt'],
  ['as a link of Markdown', '/w/models/a.pt', 'models/a.pt', 'document', '../models/a.pt'],
  ['with dots begun', '/w/src/a.pt', 'src/a.pt', 'dotted', './a.pt'],
  ['with dots that climb', '/w/a.pt', 'a.pt', 'dotted', '../a.pt'],
] as const)('a path %s', (_, path, fromWorkspace, style, expected) =>
  expect(writtenPath(path, fromWorkspace, '/w/src/train.py', style)).toBe(expected),
);

test('a text without a file takes paths of the workspace', () =>
  expect(writtenPath('/w/models/a.pt', 'models/a.pt', null, 'dotted')).toBe('models/a.pt'));

const tensors = [
  'layer1.0.conv1.weight',
  'layer1.0.bn1.bias',
  'layer1.1.conv1.weight',
  'fc.weight',
  'scale',
  '0.weight',
].map((name) => ({ name, shape: [2, 2] }) as unknown as TensorHead);

test.each([
  ['', ['layer1', 'fc', 'scale']],
  ['layer1', ['[0]', '[1]']],
  ['layer1.0', ['conv1', 'bn1']],
  ['fc', ['weight']],
  ['lay', []],
])('after `model.%s` come', (root, expected) => {
  const items = nextItems(tensors, root, (withDot) => ({
    start: { line: 0, character: withDot ? 4 : 5 },
    end: { line: 0, character: 5 },
  }));
  expect(items.map(({ label }) => label)).toEqual(expected);
  // An index takes the place of the dot.
  for (const { label, textEdit } of items) {
    expect(textEdit).toMatchObject({ newText: label, range: { start: { character: label.startsWith('[') ? 4 : 5 } } });
  }
});

test.each([
  ['layer1.0.conv1.weight', 'l1conv', true],
  ['layer1.0.conv1.weight', 'LAYER1 conv', true],
  ['layer1.0.conv1.weight', 'conv1.bias', false],
])('%s holds %s in order: %s', (name, query, expected) => expect(holdsInOrder(name, query)).toBe(expected));
