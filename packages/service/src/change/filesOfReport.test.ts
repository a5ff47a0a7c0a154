import type { ChangeReport } from '@espalier/protocol';
import { expect, test } from 'vitest';
import type { FileStat, Files } from '../ports.js';
import { filesOfReport } from './filesOfReport.js';

const BEGAN = Date.parse('2026-01-01T10:00:00.000Z');
const report = {
  plan: { input: { path: '/in' } },
  provenance: { startedAt: '2026-01-01T10:00:00.000Z', seconds: 60, outputs: [{ path: '/out' }] },
} as unknown as ChangeReport;

/** Files that are nothing but the time at which they were written. */
const at = (times: Readonly<Record<string, number>>): Files => ({
  stat: async (path): Promise<FileStat | null> =>
    times[path] === undefined ? null : { kind: 'file', sizeBytes: 1, modifiedMs: times[path] },
  open: () => Promise.reject(new Error('nothing is read')),
  list: async () => [],
});

test.each([
  ['as they were', { '/in': BEGAN - 1, '/out': BEGAN + 60_000 }, 'same', 'same'],
  ['the input written while the run went on', { '/in': BEGAN + 1000, '/out': BEGAN + 60_000 }, 'changed', 'same'],
  ['the output written later', { '/in': BEGAN - 1, '/out': BEGAN + 600_000 }, 'same', 'changed'],
  ['neither there', {}, 'gone', 'gone'],
])('%s', async (_, times, input, output) =>
  expect(await filesOfReport(at(times), report)).toEqual({ input, outputs: [output] }),
);
