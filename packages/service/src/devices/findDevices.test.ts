import { DEVICES, deviceNamed } from '@espalier/analysis';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryFiles } from '../testing/memoryFiles.js';
import { findDevices } from './findDevices.js';

const MINE = `# Measured on my desk.
name: my-board
peak: { f32: 1.2e10, int8: 4.8e10 }
memoryBytesPerSecond: 4e9
overheadSeconds: 2e-5
`;

const filesWith = (text: string): MemoryFiles =>
  new MemoryFiles().write('/work/board.yaml', new TextEncoder().encode(text));
const find = (text: string, names = ['board.yaml']) => findDevices(names, '/work', filesWith(text));

test('profiles are those that come along, by name, and those of files beside the recipe', async () => {
  const found = await find(MINE, ['a100', 'board.yaml']);
  expect(found).toEqual({
    ok: true,
    value: [
      deviceNamed('a100'),
      {
        name: 'my-board',
        label: 'my-board',
        peak: { f32: 1.2e10, int8: 4.8e10 },
        runs: 'f32',
        memoryBytesPerSecond: 4e9,
        overheadSeconds: 2e-5,
        channelMultiple: 1,
        sparse: [],
        sources: [],
      },
    ],
  });
});

test('every profile that comes along can be written down and read again', async () => {
  for (const device of DEVICES) expect(await find(JSON.stringify(device))).toEqual({ ok: true, value: [device] });
});

describe('what is wrong is told with its place', () => {
  test.each([
    [`${MINE}weight: 3\n`, 'device/unreadable', 'board.yaml:6:1: Unrecognized key: "weight".'],
    [MINE.replace('4e9', 'fast'), 'device/unreadable', 'board.yaml:4:23: memoryBytesPerSecond: '],
    [MINE.replace('1.2e10', '-1'), 'device/unreadable', 'board.yaml:3:14: peak.f32: '],
    [MINE.replace('f32: 1.2e10, ', ''), 'device/unreadable', 'board.yaml:3:7: peak: needs a rate for f32 or f16.'],
    ['- 1', 'device/unreadable', 'board.yaml:1:1: '],
    ['', 'device/unreadable', 'board.yaml:1:1: '],
    ['name: [', 'device/unreadable', 'board.yaml:'],
  ])('%j', async (text, code, message) => {
    const found = await find(text);
    expect(found).toMatchObject({ ok: false, fault: { code } });
    expect(!found.ok && found.fault.message).toContain(message);
  });

  test('a name that is none, and a file that is not there', async () => {
    expect(await find(MINE, ['a1000'])).toMatchObject({
      fault: { code: 'device/unknown', message: 'There is no profile of a device a1000. Did you mean a100?' },
    });
    expect(await find(MINE, ['nowhere.yml'])).toMatchObject({ fault: { code: 'path/not-found' } });
  });

  test('whatever stands in the file', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        const found = await find(text);
        expect(found.ok || found.fault.code).toBe('device/unreadable');
      }),
    ));
});
