import { readFileSync } from 'node:fs';
import { fixturePath } from '@espalier/testkit';
import { expect, test } from 'vitest';
import { familyGroups } from './index.js';

type Table = Readonly<Record<string, readonly number[]>>;
const golden = JSON.parse(readFileSync(fixturePath('golden/removal-families.json'), 'utf8')) as {
  readonly models: Readonly<Record<string, { readonly before: Table }>>;
};
const NAMES = Object.keys(golden.models);
const before = (name: string): Table => golden.models[name]!.before;
const HEADS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'vit-hf': { num_attention_heads: '3' },
  bert: { num_attention_heads: '3' },
  llama: { num_attention_heads: '8', num_key_value_heads: '4', head_dim: '8' },
};

const groupsOf = (shapes: Table, configuration: Readonly<Record<string, string>> = {}) =>
  familyGroups(new Map(Object.entries(shapes)), configuration);

function found(shapes: Table, configuration: Readonly<Record<string, string>> = {}) {
  const known = groupsOf(shapes, configuration);
  if (!known.ok) throw new Error(known.why);
  return known;
}

/** Tensors whose channels may go. */
const free = (known: ReturnType<typeof found>): Set<string> =>
  new Set(known.found.groups.flatMap(({ members }) => members.map(({ tensor }) => tensor)));

const norm = (name: string, width: number): Table =>
  Object.fromEntries(['weight', 'bias', 'running_mean', 'running_var'].map((part) => [`${name}.${part}`, [width]]));

test.each(NAMES)('members of a group of %s have room for its channels, and no place is in two groups', (name) => {
  const shapes = before(name);
  const { groups } = found(shapes, HEADS[name]).found;
  expect(groups.length).toBeGreaterThan(1);
  const taken = new Map<string, { readonly begin: number; readonly end: number }[]>();
  for (const { channels, members } of groups)
    for (const { tensor, axis, offset, width } of members) {
      expect(width % channels).toBe(0);
      expect(offset + width).toBeLessThanOrEqual(shapes[tensor]![axis]!);
      const along = taken.get(`${tensor} ${axis}`) ?? [];
      expect(along.filter(({ begin, end }) => begin < offset + width && offset < end)).toEqual([]);
      taken.set(`${tensor} ${axis}`, [...along, { begin: offset, end: offset + width }]);
    }
});

test.each(NAMES)('names of %s in wrappers make the same groups', (name) => {
  const wrapped = Object.fromEntries(
    Object.entries(before(name)).map(([tensor, shape]) => [`module._orig_mod.${tensor}`, shape]),
  );
  const plain = [...free(found(before(name), HEADS[name]))].map((tensor) => `module._orig_mod.${tensor}`);
  expect([...free(found(wrapped, HEADS[name]))]).toEqual(plain);
});

test.each(NAMES)('any one tensor of %s of another width, or missing, frees nothing that it is coupled with', (name) => {
  const shapes = before(name);
  const { groups } = found(shapes, HEADS[name]).found;
  const coupled = groups.flatMap(({ members }) => members).filter((_, i) => i % 11 === 0);
  for (const { tensor, axis } of coupled) {
    const odd = groupsOf({ ...shapes, [tensor]: shapes[tensor]!.with(axis, shapes[tensor]![axis]! + 1) }, HEADS[name]);
    if (odd.ok)
      for (const { members } of odd.found.groups)
        expect(members.filter((one) => one.tensor === tensor && one.axis === axis)).toEqual([]);
    const { [tensor]: _, ...rest } = shapes;
    const without = groupsOf(rest, HEADS[name]);
    if (without.ok) expect(free(without)).not.toContain(tensor);
  }
});

test('hostile names and shapes are refused or left alone, and break nothing', () => {
  for (const name of NAMES)
    for (const shape of [[], [0], [0, 0, 0, 0], [1, 0], [-1, 3], [2 ** 53, 2 ** 53], [3, 0, 3, 3]]) {
      const all = Object.fromEntries(Object.keys(before(name)).map((tensor) => [tensor, shape]));
      const known = groupsOf(all, { num_attention_heads: '0', head_dim: '-8' });
      if (known.ok)
        for (const { channels } of known.found.groups) expect([name, shape, channels > 1]).toEqual([name, shape, true]);
    }
  expect(groupsOf({ 'layer1.0.conv1.weight': [4, 4, 3, 3] }).ok).toBe(false);
  expect(groupsOf({ '__proto__.features.0.weight': [4, 3, 3, 3], 'constructor.classifier.0.weight': [2, 4] }).ok).toBe(
    false,
  );
  expect(groupsOf({}).ok).toBe(false);
});

test('a residual net that normalizes before it convolves has the names of a ResNet, and is none', () => {
  const block = (name: string): Table => ({
    ...norm(`${name}.bn1`, 8),
    [`${name}.conv1.weight`]: [8, 8, 3, 3],
    ...norm(`${name}.bn2`, 8),
    [`${name}.conv2.weight`]: [8, 8, 3, 3],
  });
  const shapes = { 'conv1.weight': [8, 3, 3, 3], ...block('layer1.0'), ...block('layer1.1'), 'linear.weight': [10, 8] };
  const known = groupsOf(shapes);
  expect(known).toEqual({ ok: false, why: expect.stringContaining('bn1') });
});

test('a shortcut without weights between widths that differ leaves both stages alone', () => {
  const block = (name: string, from: number, width: number): Table => ({
    [`${name}.conv1.weight`]: [width, from, 3, 3],
    ...norm(`${name}.bn1`, width),
    [`${name}.conv2.weight`]: [width, width, 3, 3],
    ...norm(`${name}.bn2`, width),
  });
  const known = found({
    'conv1.weight': [8, 3, 3, 3],
    ...norm('bn1', 8),
    ...block('layer1.0', 8, 8),
    ...block('layer2.0', 8, 16),
    'linear.weight': [10, 16],
  });
  const makers = known.found.groups.flatMap(({ members }) =>
    members.filter(({ part }) => part === 'producer').map(({ tensor }) => tensor),
  );
  expect(makers.sort()).toEqual(['layer1.0.conv1.weight', 'layer2.0.conv1.weight']);
});

test('a normalization of queries over all heads depends on them: nothing is told', () => {
  const wide = { 'model.layers.0.self_attn.q_norm.weight': [64], 'model.layers.0.self_attn.k_norm.weight': [32] };
  expect(groupsOf({ ...before('llama'), ...wide }, HEADS['llama'])).toEqual({
    ok: false,
    why: expect.stringContaining('q_norm'),
  });
  const each = { 'model.layers.0.self_attn.q_norm.weight': [8], 'model.layers.0.self_attn.k_norm.weight': [8] };
  expect(free(found({ ...before('llama'), ...each }, HEADS['llama']))).toContain(
    'model.layers.0.self_attn.q_proj.weight',
  );
});

test('a head size that the configuration leaves open follows from the number of heads; without one that is said', () => {
  for (const head_dim of ['null', 'None', '']) {
    const known = found(before('llama'), { num_attention_heads: '8', head_dim });
    expect(known.notes).toEqual([]);
    const heads = known.found.groups.find(({ members }) => members.some(({ tensor }) => tensor.includes('k_proj')))!;
    expect(heads.channels).toBe(4);
  }
  expect(found(before('deit-timm')).notes).toEqual([expect.stringContaining('64 channels')]);
});
