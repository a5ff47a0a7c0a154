import { sizeOf, stridesOf } from '@espalier/base';
import { type ByteSource, memorySource } from '@espalier/tensor';
import {
  f32Bytes,
  type Picklable,
  pickleBytes,
  type StorageBytes,
  storageRef,
  tensorRef,
  torchLegacy,
  torchZip,
  zipBytes,
} from '@espalier/testkit';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Checkpoint } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';
import { readValues } from '../../values/readValues.js';
import { extentOf } from '../../values/strided.js';
import { isExpected } from './globals.js';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

async function open(bytes: Uint8Array, name = 'x.pt'): Promise<Checkpoint> {
  const opened = await openCheckpoint(memorySource(name, bytes));
  if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
  return opened.value;
}

const map = (entries: Readonly<Record<string, Picklable>>): Map<Picklable, Picklable> =>
  new Map(Object.entries(entries));
const numbers = Array.from({ length: 24 }, (_, i) => i - 5.5);
const storage: StorageBytes = { key: '0', type: 'FloatStorage', bytes: f32Bytes(numbers), elements: 24 };
const object = (name: string, state: Picklable): Picklable => {
  const at = name.lastIndexOf('.');
  return { call: { global: [name.slice(0, at), name.slice(at + 1)] }, args: [], state };
};

describe.each([
  ['zip', torchZip],
  ['legacy', torchLegacy],
] as const)('views of a storage, %s', (_, write) => {
  test('have the values of their definition', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
        fc.array(fc.nat({ max: 3 }), { minLength: 3, maxLength: 3 }),
        fc.boolean(),
        fc.nat({ max: 10 }),
        async (shape, steps, contiguous, offset) => {
          const strides = contiguous ? stridesOf(shape) : steps.slice(0, shape.length);
          if (sizeOf(shape) > 24 || offset + extentOf(shape, strides) > 24) return;
          const { tensors } = await open(write(map({ w: tensorRef(storage, shape, strides, offset) }), [storage]));
          const [tensor] = tensors;
          const expected = Array.from({ length: sizeOf(shape) }, (_, i) => {
            let [rest, place] = [i, offset];
            for (let axis = shape.length - 1; axis >= 0; axis--) {
              place += (rest % shape[axis]!) * strides[axis]!;
              rest = Math.floor(rest / shape[axis]!);
            }
            return numbers[place]!;
          });
          expect(tensor).toMatchObject({ name: 'w', dtype: 'F32', shape });
          expect([...(await readValues(tensor!))]).toEqual(expected);
          if (contiguous) expect(tensor!.data.kind).toBe('raw');
        },
      ),
    ));
});

test('a contiguous tensor of a stored archive is a range of the file itself', async () => {
  const bytes = torchZip(map({ w: tensorRef(storage, [4, 6], [6, 1]) }), [storage]);
  const source = memorySource('x.pt', bytes);
  const opened = await openCheckpoint(source);
  const data = opened.ok ? opened.value.tensors[0]!.data : undefined;
  if (data?.kind !== 'raw') throw new Error('not raw');
  expect(data.source.sizeBytes).toBe(bytes.length);
  expect(bytes.slice(data.begin, data.begin + 96)).toEqual(storage.bytes);
});

test('a deflated archive decodes to the same values', async () => {
  const { tensors } = await open(
    torchZip(map({ w: tensorRef(storage, [6, 4], [1, 6]) }), [storage], { deflate: true }),
  );
  const plain = await open(torchZip(map({ w: tensorRef(storage, [6, 4], [1, 6]) }), [storage]));
  expect(await readValues(tensors[0]!)).toEqual(await readValues(plain.tensors[0]!));
});

test('an archive of a big-endian machine is swapped', async () => {
  const swapped = storage.bytes.slice();
  for (let at = 0; at < swapped.length; at += 4) swapped.subarray(at, at + 4).reverse();
  const { tensors } = await open(
    torchZip(map({ w: tensorRef(storage, [24], [1]) }), [{ ...storage, bytes: swapped }], { byteorder: 'big' }),
  );
  expect([...(await readValues(tensors[0]!))]).toEqual(numbers);
});

describe('names', () => {
  const tensor = tensorRef(storage, [24], [1]);
  const names = async (value: Picklable): Promise<string[]> =>
    (await open(torchZip(value, [storage]))).tensors.map(({ name }) => name);

  test.each<[string, Picklable, string[]]>([
    ['a tensor alone', tensor, ['tensor']],
    [
      'nested keys',
      map({ model: map({ 'a.weight': tensor }), list: [tensor, map({ b: tensor })] }),
      ['model.a.weight', 'list.0', 'list.1.b'],
    ],
    ['two ways to one name', map({ 'a.b': tensor, a: map({ b: tensor }) }), ['a.b', 'a.b (2)']],
    [
      'keys of Python',
      new Map<Picklable, Picklable>([
        [3, tensor],
        [{ tuple: ['a', 1] }, tensor],
        [null, tensor],
        [true, tensor],
      ]),
      ['3', "('a', 1)", 'None', 'True'],
    ],
  ])('%s', async (_, value, expected) => expect(await names(value)).toEqual(expected));

  test('a module gives what its state_dict would: no transient buffers, submodules last', async () => {
    const child = object(
      'torch.nn.modules.linear.Linear',
      map({ _parameters: map({ weight: tensor, bias: null }), _buffers: map({}), _modules: map({}) }),
    );
    const set: Picklable = { call: { global: ['builtins', 'set'] }, args: [['mask']] };
    const state = map({
      training: false,
      _modules: map({ fc: child }),
      _parameters: map({ scale: tensor }),
      _buffers: map({ mask: tensor, mean: tensor }),
      _non_persistent_buffers_set: set,
    });
    expect(await names(object('__main__.Net', state))).toEqual(['scale', 'mean', 'fc.weight']);
  });

  test('states of optimizers and generators are told apart from weights', async () => {
    const optimizer = map({ state: new Map<Picklable, Picklable>([[0, map({ exp_avg: tensor })]]), param_groups: [] });
    const { tensors, metadata } = await open(
      torchZip(map({ epoch: 3, model: map({ w: tensor }), optimizer, rng_state: tensor }), [storage]),
    );
    expect(tensors.map(({ name, roleHint }) => [name, roleHint])).toEqual([
      ['model.w', undefined],
      ['optimizer.state.0.exp_avg', 'optimizer'],
      ['rng_state', 'other'],
    ]);
    expect(metadata['epoch']).toBe('3');
  });
});

test('the same bytes under several names are one storage; parts of it are not', async () => {
  const value = map({
    a: tensorRef(storage, [4, 6], [6, 1]),
    tied: tensorRef(storage, [4, 6], [6, 1]),
    turned: tensorRef(storage, [6, 4], [1, 6]),
    row: tensorRef(storage, [6], [1]),
    sameRow: tensorRef(storage, [2, 3], [3, 1]),
  });
  const { tensors } = await open(torchZip(value, [storage]));
  expect(tensors.map(({ sharesStorageWith }) => sharesStorageWith)).toEqual([undefined, 'a', 'a', undefined, 'row']);
});

describe('files that are not whole', () => {
  const other: StorageBytes = { key: '1', type: 'HalfStorage', bytes: new Uint8Array(8), elements: 4 };
  const value = map({ a: tensorRef(storage, [24], [1]), b: tensorRef(other, [4], [1]) });

  test('a legacy file that was cut keeps what is whole', async () => {
    const bytes = torchLegacy(value, [storage, other]);
    const { tensors, findings } = await open(bytes.slice(0, -3));
    expect(tensors.map(({ data }) => data.kind)).toEqual(['raw', 'none']);
    expect(findings).toMatchObject([{ code: 'checkpoint/truncated', severity: 'error', tensor: 'b' }]);
  });

  test('a storage that is missing or short spoils its tensors alone', async () => {
    const { tensors, findings } = await open(torchZip(value, [{ ...storage, bytes: storage.bytes.slice(0, 50) }]));
    expect(tensors.map(({ data }) => data.kind === 'none' && data.why)).toEqual(['unreadable', 'unreadable']);
    expect(findings.map(({ code, tensor }) => [code, tensor])).toEqual([
      ['checkpoint/truncated', 'a'],
      ['checkpoint/missing-data', 'b'],
    ]);
  });

  test('a tensor that claims more than memory is never allocated', async () => {
    const { tensors } = await open(torchZip(map({ w: tensorRef(storage, [2 ** 40], [0]) }), [storage]));
    expect(tensors[0]!.data).toMatchObject({ kind: 'none', why: 'unsupported' });
  });

  test('a zip archive of something else says what it holds', async () => {
    const opened = await openCheckpoint(
      memorySource('x.zip', zipBytes([{ name: 'readme.txt', bytes: new Uint8Array(3) }])),
    );
    expect(opened).toMatchObject({ ok: false, fault: { code: 'checkpoint/unknown-format', found: 'readme.txt' } });
  });
});

test('foreign names are reported once each, with their place, and nothing else is', async () => {
  const call: Picklable = { call: { global: ['posix', 'system'] }, args: ['x'] };
  const bytes = pickleBytes(map({ a: call, b: call, c: object('torch.nn.modules.linear.Linear', map({})) }));
  const { findings } = await open(bytes, 'x.pkl');
  expect(findings).toMatchObject([{ code: 'checkpoint/foreign-global', severity: 'warning', file: 'x.pkl' }]);
  expect(findings[0]!.message).toBe(
    'The pickle names posix.system. Nothing was executed; loading it with torch.load would be unsafe.',
  );
  expect(new TextDecoder().decode(bytes.subarray(findings[0]!.offset!)).startsWith('cposix\nsystem')).toBe(true);
});

describe('expected names', () => {
  test.each([
    ['collections.OrderedDict', true],
    ['torch._utils._rebuild_tensor_v2', true],
    ['torch.FloatStorage', true],
    ['torch.cuda.HalfStorage', true],
    ['torch.float8_e4m3fn', true],
    ['torch.nn.modules.conv.Conv2d', true],
    ['torch.optim.adamw.AdamW', true],
    ['torch.nn.functional.relu', true],
    ['__torch__.torch.nn.Linear', true],
    ['numpy._core.multiarray.scalar', true],
    ['posix.system', false],
    ['builtins.eval', false],
    ['builtins.getattr', false],
    ['torch.hub.load', false],
    ['torch.load', false],
    ['torch.nn.functional.importlib', false],
    ['torch.nn.modules.module.os', false],
    ['torch.nn.modules.conv.Conv2d.x', false],
    ['torchvision.models.resnet.ResNet', false],
    ['torch.storage.os', false],
    ['runpy._run_code', false],
  ])('%s: %s', (name, expected) => {
    const at = name.lastIndexOf('.');
    expect(isExpected({ kind: 'global', module: name.slice(0, at), name: name.slice(at + 1) })).toBe(expected);
  });
});

test('NumPy arrays inside a pickle are read where they stand', async () => {
  const dtype: Picklable = {
    call: { global: ['numpy', 'dtype'] },
    args: ['f4', false, true],
    state: { tuple: [3, '<', null, null, null, -1, -1, 0] },
  };
  const array: Picklable = {
    call: { global: ['numpy.core.multiarray', '_reconstruct'] },
    args: [{ global: ['numpy', 'ndarray'] }, { tuple: [0] }, Uint8Array.of(0x62)],
    state: { tuple: [1, { tuple: [4, 6] }, dtype, true, storage.bytes] },
  };
  for (const protocol of [2, 4] as const) {
    const { tensors } = await open(pickleBytes(map({ w: array }), protocol), 'x.pkl');
    expect(tensors[0]).toMatchObject({ name: 'w', dtype: 'F32', shape: [4, 6] });
    expect([...(await readValues(tensors[0]!))].slice(0, 3)).toEqual([numbers[0], numbers[4], numbers[8]]);
  }
});

test('storages inside byte strings, as pickle.dump writes them, are read where they stand', async () => {
  const nested = (bytes: Uint8Array): Picklable => ({
    call: { global: ['torch.storage', '_load_from_bytes'] },
    args: [bytes],
  });
  const view = tensorRef(storage, [6, 4], [1, 6]) as { args: readonly Picklable[]; call: Picklable };
  const inner = torchLegacy(storageRef(storage), [storage]);
  for (const protocol of [2, 3, 5] as const) {
    const pickled = pickleBytes(map({ w: { ...view, args: [nested(inner), ...view.args.slice(1)] } }), protocol);
    const { tensors, findings } = await open(pickled, 'x.pkl');
    expect(findings).toEqual([]);
    expect(tensors).toMatchObject([{ name: 'w', dtype: 'F32', shape: [6, 4] }]);
    expect([...(await readValues(tensors[0]!))].slice(0, 5)).toEqual([0, 6, 12, 18, 1].map((i) => numbers[i]));
  }
  const broken = await open(
    pickleBytes(map({ w: { ...view, args: [nested(inner.slice(0, 40)), ...view.args.slice(1)] } }), 4),
    'x.pkl',
  );
  expect(broken.tensors[0]!.data).toMatchObject({ kind: 'none', why: 'unsupported' });
});

test('a legacy file that ends behind its description lists tensors without values', async () => {
  const bytes = torchLegacy(map({ w: tensorRef(storage, [24], [1]) }), [storage]);
  const keys = pickleBytes(['0']).length;
  const { tensors, findings } = await open(bytes.slice(0, bytes.length - 8 - 96 - keys));
  expect(tensors).toMatchObject([{ name: 'w', shape: [24], data: { kind: 'none', why: 'unreadable' } }]);
  expect(findings).toMatchObject([{ code: 'checkpoint/truncated', severity: 'error' }]);
});

test('opening reads descriptions alone', async () => {
  const big: StorageBytes = { key: '0', type: 'FloatStorage', bytes: new Uint8Array(40_000_000), elements: 10_000_000 };
  const memory = memorySource('x.pt', torchZip(map({ w: tensorRef(big, [10_000_000], [1]) }), [big]));
  let bytesRead = 0;
  const read: ByteSource['read'] = (begin, length) => {
    bytesRead += length;
    return memory.read(begin, length);
  };
  expect((await openCheckpoint({ ...memory, read })).ok).toBe(true);
  expect(bytesRead).toBeLessThan(100_000);
});
