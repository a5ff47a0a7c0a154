import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitName, visibleName } from './fitName.js';

const fitted = (name: string, room: number): string => {
  const { prefix, module, suffix } = fitName(name, room, (text) => text.length);
  return prefix + module + suffix;
};

test.each([
  ['conv1.weight', 40, 'conv1.weight'],
  ['layer2.0.downsample.1.running_mean', 30, 'layer2.0.dow…le.1.running_mean'],
  ['model.layers.24.self_attn.q_proj.weight', 36, '…layers.24.self_attn.q_proj.weight'],
  ['model.layers.24.self_attn.q_proj.weight', 28, '…24.self_attn.q_proj.weight'],
  ['model.layers.24.self_attn.q_proj.weight', 20, '…24.…q_proj.weight'],
  ['abcdefghijklmnopqrstuvwxyz', 11, 'abcd…uvwxyz'],
  ['x'.repeat(30), 1, '…'],
])('%s in %i', (name, room, shown) => expect(fitted(name, room)).toBe(shown));

test('siblings stay apart', () => {
  const family = ['2.0', '3.0', '4.0'].flatMap((place) =>
    ['running_mean', 'running_var', 'weight', 'bias'].map((what) => `layer${place}.downsample.1.${what}`),
  );
  expect(new Set(family.map((name) => fitted(name, 28))).size).toBe(family.length);
});

test('what is shown fits, and what is left out leaves a mark', () =>
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9./()[\] ]{1,40}$/), fc.integer({ min: 1, max: 45 }), (name, room) => {
      const shown = fitted(name, room);
      expect(shown.length).toBeLessThanOrEqual(room);
      if (shown !== name) expect(shown).toContain('…');
    }),
  ));

test.each([
  ['two\nlines', 'two\\x0alines'],
  ['rtl\u202eevil', 'rtl\\u202eevil'],
  ['', '␣'],
  ['  ', '␣␣'],
  ['layer1.0.conv1.weight', 'layer1.0.conv1.weight'],
])('%j is seen', (name, seen) => expect(visibleName(name)).toBe(seen));
