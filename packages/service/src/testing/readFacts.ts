import { createEngine } from '../engine.js';
import type { FileFacts } from '../fileFacts.js';
import { createService } from '../service.js';
import { MemoryFiles, safetensorsBytes } from './memoryFiles.js';

/** Facts of a small checkpoint, found by the product itself. `scanned: false`: of its header alone. */
export async function readFacts(
  tensors: Parameters<typeof safetensorsBytes>[0],
  options: { readonly scanned?: boolean; readonly limitBytes?: number } = {},
): Promise<FileFacts> {
  const path = '/work/models/net.safetensors';
  const files = new MemoryFiles().write(path, safetensorsBytes(tensors));
  const engine = createEngine(files, () => performance.now());
  const service = createService({
    files,
    runner: { width: 1, run: (kind, query, hooks) => engine.run(kind, query, hooks) },
    machine: 'a machine',
    now: () => 0,
    settings: () => ({ limitBytes: options.limitBytes ?? 1e9, nearZeroRatio: 1e-8 }),
  });
  const { signal } = new AbortController();
  if (options.scanned ?? true) await service.scan({ path }, 'soon', signal, () => {});
  const facts = await service.facts(path, signal);
  if (facts === null) throw new Error('the checkpoint cannot be read');
  return facts;
}
