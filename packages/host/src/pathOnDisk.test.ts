import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeFiles } from './nodeFiles.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-names-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const named = (...bytes: number[]): Buffer => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(bytes)]);

// macOS and Windows refuse such names.
test.runIf(process.platform === 'linux')(
  'a name that is not UTF-8 is found as long as it is the only one',
  async () => {
    await writeFile(named(0xff, 0x2e, 0x62), 'abc');
    const files = nodeFiles(() => ({ workspaceRoots: [], trusted: true }));
    const path = join(folder, '\ufffd.b');
    expect(await files.stat(path)).toMatchObject({ kind: 'file', sizeBytes: 3 });
    const opened = await files.open(path);
    expect(opened.ok && new TextDecoder().decode(await opened.value.read(0, 3))).toBe('abc');
    if (opened.ok) await opened.value.close();
    await writeFile(named(0xfe, 0x2e, 0x62), 'abcd');
    expect(await files.open(path)).toMatchObject({ ok: false, fault: { code: 'path/not-found' } });
  },
);
