import { memorySource } from '@espalier/tensor';
import { type Hdf5Version, type Hdf5Writer, hdf5Bytes } from '@espalier/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readValues } from '../values/readValues.js';
import { dataOf } from './dataset.js';
import { type Hdf5, openHdf5 } from './hdf5.js';
import { type Found, walkHdf5 } from './walk.js';

const VERSIONS = ['earliest', 'v108', 'v110', 'v112', 'v114', 'v200'] as const satisfies readonly Hdf5Version[];

const written = (version: Hdf5Version, trackOrder: boolean, write: (file: Hdf5Writer) => void): Promise<Uint8Array> =>
  hdf5Bytes(write, { version, trackOrder });

async function opened(bytes: Uint8Array): Promise<{ file: Hdf5; found: Found[] }> {
  const file = await openHdf5(memorySource('test.h5', bytes));
  const found: Found[] = [];
  for await (const object of walkHdf5(file)) found.push(object);
  return { file, found };
}

async function valuesOf(file: Hdf5, found: Found): Promise<{ shape: readonly number[] | null; values: number[] }> {
  if (found.kind !== 'dataset') throw new Error(`${found.path} is ${found.kind}`);
  const shape = found.dataset.shape;
  const data = dataOf(file.bytes, found.dataset, found.path);
  if (data.kind === 'none' && data.fault !== undefined) throw new Error(data.fault.message);
  const elements = (shape ?? [0]).reduce((product, length) => product * length, 1);
  return { shape, values: [...(await readValues({ name: found.path, shape: shape ?? [0], elements, data }))] };
}

async function checkGroup(libver: Hdf5Version, count: number, trackOrder: boolean): Promise<void> {
  const names = Array.from(
    { length: count },
    (_, i) => `member ${String(Math.imul(i + 1, 7919) % 100_003).padStart(6, '0')} of the group`,
  );
  const bytes = await written(libver, trackOrder, (file) => {
    const group = file.create_group('outer', trackOrder);
    for (const [index, name] of names.entries()) group.create_dataset({ name, data: new Float32Array([index]) });
  });
  const { file, found } = await opened(bytes);
  const datasets = found.filter(({ kind }) => kind === 'dataset');
  const paths = datasets.map(({ path }) => path.slice('outer/'.length));
  expect(paths).toEqual(trackOrder ? names : [...names].sort());
  for (const [index, object] of datasets.entries())
    expect(names[(await valuesOf(file, object)).values[0]!]).toBe(paths[index]);
}

test.each(['earliest', 'v114'] as const)(
  'a group whose index has several levels (%s)',
  (libver) => checkGroup(libver, 1600, false),
  60_000,
);

const TYPES = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '<i1': Int8Array,
  '<i2': Int16Array,
  '<i4': Int32Array,
  '<u1': Uint8Array,
  '<u2': Uint16Array,
  '<u4': Uint32Array,
} as const;

const arbDataset = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(TYPES) as (keyof typeof TYPES)[])),
    shape: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    compression: fc.constantFrom(0, 1, 2, 3),
    growing: fc.constantFrom('no', 'to a limit', 'two axes'),
  })
  .chain((dataset) =>
    fc.record({
      ...(Object.fromEntries(Object.entries(dataset).map(([key, value]) => [key, fc.constant(value)])) as {
        [K in keyof typeof dataset]: fc.Arbitrary<(typeof dataset)[K]>;
      }),
      chunks: fc.option(fc.tuple(...dataset.shape.map((length) => fc.integer({ min: 1, max: length })))),
    }),
  );

describe.each(VERSIONS)('files of version %s', (libver) => {
  test('datasets read back as the library wrote them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbDataset, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (datasets, trackOrder) => {
          const truth = datasets.map((dataset) => {
            const elements = dataset.shape.reduce((product, length) => product * length, 1);
            const Typed = TYPES[dataset.dtype];
            return {
              ...dataset,
              data: Typed.from({ length: elements }, (_, i) => (Math.imul(i + 1, dataset.seed) >>> 7) % 120),
            };
          });
          const bytes = await written(libver, trackOrder, (file) => {
            for (const [index, { shape, data, chunks, compression, growing, seed }] of truth.entries()) {
              const growth =
                chunks === null || growing === 'no'
                  ? {}
                  : growing === 'to a limit'
                    ? { maxshape: shape.map((length, axis) => length + ((seed >> axis) % 40)) }
                    : shape.length > 1
                      ? { maxshape: shape.map(() => null) }
                      : {};
              file.create_dataset({
                name: `d${index}`,
                data,
                shape,
                ...growth,
                ...(chunks === null ? {} : { chunks }),
                ...(chunks === null || compression === 0
                  ? {}
                  : {
                      compression,
                      compression_opts: compression === 2 ? [data.BYTES_PER_ELEMENT] : compression === 1 ? [4] : [],
                    }),
              });
            }
          });
          const { file, found } = await opened(bytes);
          const datasetsFound = found.filter(({ kind }) => kind === 'dataset');
          expect(datasetsFound.map(({ path }) => path)).toEqual(truth.map((_, index) => `d${index}`));
          for (const [index, object] of datasetsFound.entries()) {
            expect(await valuesOf(file, object)).toEqual({
              shape: truth[index]!.shape,
              values: [...truth[index]!.data],
            });
          }
        },
      ),
      { numRuns: 20, seed: 7 },
    );
  });

  test.each([3, 9, 60])('a group of %i members, ordered and not', async (count) => {
    for (const trackOrder of [false, true]) await checkGroup(libver, count, trackOrder);
  });

  test.each([2, 12, 200])('an object with %i attributes', async (count) => {
    const bytes = await written(libver, false, (file) => {
      for (let index = 0; index < count; index++) {
        file.create_attribute(`text ${index}`, `value ${'x'.repeat(index % 50)} ${index}`);
        file.create_attribute(`list ${index}`, ['a', 'bb', `c${index}`]);
        file.create_attribute(`numbers ${index}`, new Float64Array([index, index + 0.5]));
      }
    });
    const { file } = await opened(bytes);
    const root = await file.root();
    expect((await root.attributeNames()).length).toBe(3 * count);
    for (let index = 0; index < count; index++) {
      expect(await root.attribute(`text ${index}`)).toMatchObject({
        texts: [`value ${'x'.repeat(index % 50)} ${index}`],
      });
      expect(await root.attribute(`list ${index}`)).toMatchObject({ texts: ['a', 'bb', `c${index}`] });
      expect(await root.attribute(`numbers ${index}`)).toMatchObject({ numbers: [index, index + 0.5] });
    }
  });

  test('links: soft ones are passed over, hard ones are the same object, external ones are told', async () => {
    const bytes = await written(libver, false, (file) => {
      file.create_dataset({ name: 'a', data: new Float32Array([1]) });
      file.create_hard_link('/a', 'b');
      file.create_soft_link('/a', 'c');
      file.create_external_link('other.h5', '/x', 'd');
    });
    const { found } = await opened(bytes);
    expect(found.map((object) => [object.kind, object.path, 'same' in object ? object.same : undefined])).toEqual([
      ['group', '', undefined],
      ['dataset', 'a', undefined],
      ['dataset', 'b', 'a'],
      ['external', 'd', undefined],
    ]);
  });

  test('groups that contain each other are entered once', async () => {
    const bytes = await written(libver, false, (file) => {
      const outer = file.create_group('outer');
      const inner = outer.create_group('inner');
      inner.create_dataset({ name: 'x', data: new Float32Array([1]) });
      inner.create_hard_link('/outer', 'back');
    });
    const { found } = await opened(bytes);
    expect(found.map(({ path }) => path)).toEqual(['', 'outer', 'outer/inner', 'outer/inner/x']);
  });

  test('many chunks of one dataset', async () => {
    const data = Int32Array.from({ length: 60 * 50 }, (_, i) => i);
    const bytes = await written(libver, false, (file) => {
      for (const compression of [0, 1] as const) {
        for (const growth of [{}, { maxshape: [null, null] }]) {
          file.create_dataset({
            name: `c${compression}${'maxshape' in growth}`,
            data,
            shape: [60, 50],
            chunks: [2, 1],
            ...growth,
            ...(compression === 0 ? {} : { compression, compression_opts: [1] }),
          });
        }
      }
    });
    const { file, found } = await opened(bytes);
    for (const object of found)
      if (object.kind === 'dataset') expect((await valuesOf(file, object)).values).toEqual([...data]);
  });

  test('texts, and an array that can grow along one axis', async () => {
    const bytes = await written(libver, false, (file) => {
      file.create_dataset({ name: 'texts', data: ['one', 'two'] });
      file.create_dataset({ name: 'grows', data: new Float32Array([1, 2, 3, 4]), chunks: [2], maxshape: [null] });
      file.create_dataset({ name: 'after', data: new Float32Array([5]) });
    });
    const { file, found } = await opened(bytes);
    const data = new Map(
      found.flatMap((object) =>
        object.kind === 'dataset' ? [[object.path, dataOf(file.bytes, object.dataset, object.path)]] : [],
      ),
    );
    expect(data.get('texts')).toMatchObject({ kind: 'none', why: 'text' });
    expect(data.get('after')).toMatchObject({ kind: 'raw' });
    const grows = data.get('grows')!;
    if (grows.kind === 'none') expect(grows).toMatchObject({ why: 'unsupported', fault: { code: 'hdf5/unsupported' } });
    else expect([...(await readValues({ name: 'grows', shape: [4], elements: 4, data: grows }))]).toEqual([1, 2, 3, 4]);
  });
});

test('any range of a chunked dataset is the same range of its values', async () => {
  const data = Float32Array.from({ length: 7 * 6 * 5 }, (_, i) => i);
  const bytes = await written('earliest', false, (file) => {
    file.create_dataset({ name: 'x', data, shape: [7, 6, 5], chunks: [3, 2, 4], compression: 'gzip' });
  });
  const { file, found } = await opened(bytes);
  const object = found.find(({ kind }) => kind === 'dataset')!;
  if (object.kind !== 'dataset') throw new Error('no dataset');
  const chunked = dataOf(file.bytes, object.dataset, 'x');
  await fc.assert(
    fc.asyncProperty(fc.nat(209), fc.nat(210), async (begin, length) => {
      const count = Math.min(length, 210 - begin);
      const values = await readValues({ name: 'x', shape: [7, 6, 5], elements: 210, data: chunked }, begin, count);
      expect([...values]).toEqual([...data.subarray(begin, begin + count)]);
    }),
    { seed: 7 },
  );
});
