import { describe, expect, test } from 'vitest';
import { readFacts } from '../testing/readFacts.js';
import {
  checkpointMarkdown,
  escapeMarkdown,
  faultMarkdown,
  hintText,
  layerMarkdown,
  moduleMarkdown,
  severalMarkdown,
  type Writing,
} from './checkpointWords.js';
import { faultRemark, findingRemarks, missingRemark } from './diagnosticWords.js';

const plain: Writing = { locale: 'en-US', link: () => null };
const linked: Writing = {
  locale: 'en-US',
  link: (title, command, ...args) => `[${title}](${command} ${args.join(' ')})`,
};

/** Values 1, 2, 3 … of which the first `zeros` are 0. */
const values = (count: number, zeros = 0): number[] => Array.from({ length: count }, (_, i) => (i < zeros ? 0 : i + 1));

const NET = {
  'conv1.weight': { shape: [4, 2, 2, 2], values: values(32, 8) },
  'conv1.bias': { shape: [4], values: values(4) },
  'fc.weight': { shape: [8, 16], values: values(128, 72) },
};

describe('hover on a checkpoint', () => {
  test('scanned', async () =>
    expect(checkpointMarkdown('net.safetensors', await readFacts(NET), null, linked)).toBe(
      [
        '**net.safetensors** · safetensors · 164 parameters · 656 B  ',
        '50.0 % of prunable weights are zero (48.8 % of all) · exact',
        '',
        '| widest layers | shape | zeros |',
        '|---|---|---:|',
        '| fc.weight | 8×16 | 56.3 % |',
        '| conv1.weight | 4×2×2×2 | 25.0 % |',
        '',
        '⚠ 4 dead output channels in fc, some in 1 other layer',
        '',
        '[Inspect](espalier.inspect /work/models/net.safetensors) · [Compare…](espalier.compareFiles /work/models/net.safetensors)',
      ].join('\n'),
    ));

  test('of a file that is cut off, figures are about what can be read, and that is said', async () => {
    const whole = await readFacts(NET);
    const tensors = whole.head.tensors.map((head) =>
      head.name.startsWith('fc') ? { ...head, noValues: { why: 'missing' } } : head,
    );
    const totals = { ...whole.totals, readableParameters: 36, readablePrunable: 32, zeros: 8, prunableZeros: 8 };
    const cut = { ...whole, head: { ...whole.head, tensors }, totals };
    const readable = tensors.filter(({ noValues }) => noValues === undefined).length;
    expect(checkpointMarkdown('net.safetensors', cut, null, linked)).toContain(
      `25.0 % of prunable weights are zero (22.2 % of all) · of the ${readable} of ${tensors.length} tensors that can be read`,
    );
    expect(hintText(cut, 'en')).toContain('25 % sparse');
  });

  test.each([
    [['fc'], '⚠ 1 dead output channel in fc'],
    [['a', 'b', 'c'], '⚠ 1 dead output channel in a, some in 2 other layers'],
  ])('dead channels of %s', async (layers, expected) => {
    const tensors = layers.map((layer) => [`${layer}.weight`, { shape: [4, 8], values: values(32, 8) }]);
    expect(checkpointMarkdown('n', await readFacts(Object.fromEntries(tensors)), null, plain)).toContain(expected);
  });

  test('NaN in one tensor, and in several', async () => {
    const broken = { shape: [2, 4], values: [...values(7), Number.NaN] };
    const one = checkpointMarkdown('n', await readFacts({ 'a.weight': broken }), null, plain);
    expect(one).toContain('⚠ 1 NaN weight in a.weight, the first at \\[1, 3\\]');
    const two = checkpointMarkdown('n', await readFacts({ 'a.weight': broken, 'b.bias': broken }), null, plain);
    expect(two).toContain('⚠ NaN or Inf in 2 tensors');
  });

  test('while it is scanned the header is there, figures are not made up', async () => {
    const facts = await readFacts(NET, { scanned: false });
    expect(
      checkpointMarkdown('net.safetensors', facts, { doneBytes: 31, bytes: 100, doneTensors: 1, tensors: 3 }, plain),
    ).toBe(
      [
        '**net.safetensors** · safetensors · 164 parameters · 656 B  ',
        'scanning 31 % …',
        '',
        '| widest layers | shape | zeros |',
        '|---|---|---:|',
        '| fc.weight | 8×16 |  |',
        '| conv1.weight | 4×2×2×2 |  |',
      ].join('\n'),
    );
  });

  test('not scanned', async () =>
    expect(checkpointMarkdown('n', await readFacts(NET, { scanned: false }), null, plain).split('\n')[0]).toBe(
      '**n** · safetensors · 164 parameters · 656 B',
    ));

  test('sampled', async () => {
    const big = { 'fc.weight': { shape: [1024, 1024], values: values(1024 * 1024, 512 * 1024) } };
    const text = checkpointMarkdown('big', await readFacts(big, { limitBytes: 1e6 }), null, linked);
    expect(text).toMatch(
      /^≈ \d\d\.\d % of prunable weights are zero \(\d\d\.\d % of all\) · sampled \d+(\.\d)? %, ± \d+\.\d %$/m,
    );
    expect(text).toContain('[Scan fully](espalier.scanFully');
  });

  test('without prunable weights', async () => {
    const facts = await readFacts({ scale: { shape: [4], values: [0, 1, 2, 3] } });
    expect(checkpointMarkdown('n', facts, null, plain)).toBe(
      '**n** · safetensors · 4 parameters · 16 B  \n25.0 % of all values are zero · exact',
    );
  });

  test('in another locale', async () =>
    expect(checkpointMarkdown('n', await readFacts(NET), null, { ...plain, locale: 'de' })).toContain(
      '50,0 % of prunable weights are zero (48,8 % of all)',
    ));
});

describe('hints', () => {
  test.each([
    [NET, '164, 50 % sparse'],
    [{ 'fc.weight': { shape: [8, 16], values: values(128) } }, '128, 0 % sparse'],
    [{ 'fc.weight': { shape: [8, 16], values: values(128, 128) } }, '128, 100 % sparse'],
    [{ 'fc.weight': { shape: [32, 32], values: values(1024, 1) } }, '1.02 k, < 1 % sparse'],
    [{ 'fc.weight': { shape: [32, 32], values: values(1024, 1023) } }, '1.02 k, > 99 % sparse'],
    [{ scale: { shape: [4], values: [0, 1, 2, 3] } }, '4, 25 % sparse'],
  ])('%# says %s', async (tensors, expected) => expect(hintText(await readFacts(tensors), 'en-US')).toBe(expected));

  test('only the size before a scan', async () =>
    expect(hintText(await readFacts(NET, { scanned: false }), 'en-US')).toBe('164'));
});

describe('hover on a layer', () => {
  test('scanned', async () => {
    const facts = await readFacts(NET);
    expect(layerMarkdown(facts.facts.get('fc.weight')!, 'net.safetensors', plain)).toBe(
      [
        '**fc.weight** · F32 · 8×16 · 128 weights · 512 B  ',
        '56.3 % zero · 4 dead channels · 4x1 blocks 88.9 % · 2:4 56.3 % of groups  ',
        'unstructured 56.3 %: onnxruntime 1.0x (runs dense), 2:4 on A100 n/a (56.3 % of groups)  ',
        '|w| median 100, largest 130 · in net.safetensors',
      ].join('\n'),
    );
  });

  test('a bias has no channels and no patterns', async () => {
    const facts = await readFacts(NET);
    expect(layerMarkdown(facts.facts.get('conv1.bias')!, 'net.safetensors', plain)).toBe(
      [
        '**conv1.bias** · F32 · 4 · 4 values · 16 B  ',
        '0 % zero  ',
        '|w| median 2, largest 4 · in net.safetensors',
      ].join('\n'),
    );
  });

  test('not read yet', async () => {
    const facts = await readFacts(NET, { scanned: false });
    const head = facts.head.tensors.find(({ name }) => name === 'fc.weight')!;
    expect(layerMarkdown({ head }, 'net.safetensors', plain)).toBe(
      '**fc.weight** · F32 · 8×16 · 128 weights · 512 B  \nvalues not read yet  \nin net.safetensors',
    );
  });

  test('a module lists its tensors', async () => {
    const facts = await readFacts(NET);
    const tensors = [facts.facts.get('conv1.weight')!, facts.facts.get('conv1.bias')!];
    expect(moduleMarkdown('conv1', tensors, 'net.safetensors', plain)).toBe(
      [
        '**conv1** · 2 tensors · in net.safetensors',
        '',
        '| tensor | shape | zeros |',
        '|---|---|---:|',
        '| weight | 4×2×2×2 | 25.0 % |',
        '| bias | 4 | 0 % |',
      ].join('\n'),
    );
  });

  test('several checkpoints have it', async () => {
    const fact = (await readFacts(NET)).facts.get('fc.weight')!;
    const found = [
      { fact, from: 'a.pt' },
      { fact: { head: fact.head }, from: 'b.pt' },
    ];
    expect(severalMarkdown('fc.weight', found, plain)).toBe(
      '2 checkpoints have fc.weight:\n- a.pt: 8×16 · 56.3 % zero\n- b.pt: 8×16',
    );
  });
});

describe('names come from strangers', () => {
  test.each([
    ['[x](command:run)', '\\[x\\]\\(command:run\\)'],
    ['a|b`c*d_e<f>', '\\a\\|b\\`c\\*d\\_e\\<f\\>'.slice(1)],
    ['two\nlines', 'two lines'],
    ['![](http://x)', '\\!\\[\\]\\(http://x\\)'],
  ])('%s stays text', (name, expected) => expect(escapeMarkdown(name)).toBe(expected));
});

describe('faults', () => {
  test.each([
    [
      {
        code: 'checkpoint/truncated',
        message: 'Header ends at byte 4 120, the file has 4 096.',
        hint: 'It may be an unfinished download.',
      },
      '**x.pt**\n\nNot readable: Header ends at byte 4 120, the file has 4 096. It may be an unfinished download.',
    ],
    [
      {
        code: 'checkpoint/lfs-pointer',
        message: 'This is a Git LFS pointer, not the model.',
        hint: 'git lfs pull --include "x.pt" fetches it.',
      },
      '**x.pt**\n\nThis is a Git LFS pointer, not the model. git lfs pull --include "x.pt" fetches it.',
    ],
  ])('%#', (fault, expected) => expect(faultMarkdown('x.pt', fault)).toBe(expected));
});

describe('diagnostics', () => {
  test('missing', () =>
    expect(missingRemark('models/resnet18.pt', 'models/resnet18.safetensors')).toEqual({
      code: 'checkpoint/missing',
      severity: 'warning',
      message: 'models/resnet18.pt does not exist. Did you mean models/resnet18.safetensors?',
    }));

  test('missing, and nothing near', () =>
    expect(missingRemark('a.pt', undefined).message).toBe('a.pt does not exist.'));

  test.each([
    ['checkpoint/truncated', 'error'],
    ['checkpoint/lfs-pointer', 'warning'],
    ['checkpoint/dvc-pointer', 'warning'],
  ])('%s is %s', (code, severity) => expect(faultRemark({ code, message: 'm' }, '/x.pt').severity).toBe(severity));

  test('a fault names its file only where it is another one', () => {
    const fault = { code: 'checkpoint/truncated', message: 'The file ends at 9.', file: 'b.safetensors' };
    expect(faultRemark(fault, '/work/b.safetensors').message).toBe('The file ends at 9.');
    expect(faultRemark(fault, '/work/a.safetensors.index.json').message).toBe('b.safetensors: The file ends at 9.');
  });

  test('of the values: what breaks or surprises, not what is merely worth knowing', async () => {
    const facts = await readFacts({
      'head.weight': { shape: [2, 18], values: [...values(17), Number.NaN, Number.POSITIVE_INFINITY, ...values(17)] },
      'classifier.3.weight': { shape: [4, 8], values: values(32, 32) },
      'fc.weight': { shape: [4, 8], values: values(32, 8) },
    });
    expect(findingRemarks(facts)).toEqual([
      {
        code: 'checkpoint/non-finite',
        severity: 'warning',
        message: '1 NaN and 1 Inf weights in head.weight, the first at [0, 17].',
      },
      {
        code: 'checkpoint/dead-layer',
        severity: 'information',
        message: 'All 32 weights of classifier.3.weight are zero.',
      },
    ]);
  });

  test('many of a kind are counted', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}.weight`, { shape: [2, 4], values: values(8, 8) }]);
    const remarks = findingRemarks(await readFacts(Object.fromEntries(names)));
    expect(remarks.map(({ message }) => message)).toEqual([
      'All 8 weights of a.weight are zero.',
      'All 8 weights of b.weight are zero.',
      'All 8 weights of c.weight are zero. And 2 more like it.',
    ]);
  });
});
