import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examine, install } from '@espalier/protocol';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { TestClient } from './harness.js';

let tools: string;
let client: TestClient | undefined;
beforeAll(() => {
  tools = mkdtempSync(join(tmpdir(), 'espalier-doctor-'));
});
afterAll(() => rmSync(tools, { recursive: true, force: true }));
afterEach(async () => {
  await client?.stop();
  client = undefined;
});

/** An npm that never reaches its registry. */
const OFFLINE = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' };

const start = async (trusted: boolean): Promise<TestClient> => {
  client = await TestClient.start({
    folders: [tools],
    initializationOptions: { trusted },
    env: { ESPALIER_TOOLS: join(tools, 'own'), ...OFFLINE },
  });
  return client;
};

test('the machine and the optional tools are told, with the folder that would be installed into', async () => {
  const found = await (await start(true)).ask(examine, {});
  expect(found).toMatchObject({ kernels: 'wasm-simd', mayInstall: true, toolsFolder: join(tools, 'own') });
  expect(found.threads).toBeGreaterThan(0);
  expect(found.tools.map(({ name, pinnedVersion }) => [name, /^\d+\.\d+\.\d+$/.test(pinnedVersion)])).toEqual([
    ['onnxruntime-node', true],
  ]);
});

test('nothing is installed in a workspace that is not trusted, and nothing that is not on the list', async () => {
  const untrusted = await start(false);
  expect((await untrusted.ask(examine, {})).mayInstall).toBe(false);
  const refused = await untrusted.stream(install, { name: 'onnxruntime-node' }, () => {});
  expect(refused).toMatchObject({ ok: false, fault: { code: 'tool/untrusted' } });
  await untrusted.stop();
  const unknown = await (await start(true)).stream(install, { name: 'left-pad' }, () => {});
  expect(unknown).toMatchObject({ ok: false, fault: { code: 'tool/unknown' } });
});

test('without the network it says so, and leaves nothing', async () => {
  const failed = await (await start(true)).stream(install, { name: 'onnxruntime-node' }, () => {});
  expect(failed).toMatchObject({ ok: false, fault: { code: 'tool/install' } });
  expect(!failed.ok && failed.fault.message).toMatch(
    /^onnxruntime-node was not installed: .*(127\.0\.0\.1|ECONNREFUSED)/,
  );
  expect(readdirSync(join(tools, 'own'))).toEqual([]);
});
