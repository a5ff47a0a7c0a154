import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idleWork } from '@espalier/base';
import type { ChangeReport } from '@espalier/protocol';
import { type LoadedModel, type ModelRuntime, runRecipe, wholeModelTimes } from '@espalier/service';
import { fixturePath, protoMessage } from '@espalier/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changePorts } from './changePorts.js';
import { onnxRuntimeVersion } from './onnxRuntime.js';
import { timeInProcess } from './timeInProcess.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-whole-'));
  copyFileSync(fixturePath('demo/models/resnet-tiny-80.onnx'), join(folder, 'model.onnx'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ports = (trusted = true) => changePorts(() => ({ workspaceRoots: [], trusted }), '1.0.0');

const MEASURED = { how: { kind: 'measured', baseline: expect.stringMatching(/^the input in onnxruntime/) } };

test('a model runs on random inputs of its shapes, a batch of one', async () => {
  const times = await wholeModelTimes([join(folder, 'model.onnx')], folder, ports(), idleWork());
  expect(times).toMatchObject({
    ok: true,
    value: {
      engine: expect.stringMatching(/^onnxruntime \d+\.\d+\.\d+, 1 thread$/),
      per: expect.stringMatching(/^ms for \w+ 1×1×8×8$/),
      figures: [MEASURED],
    },
  });
  expect(times.ok && times.value!.figures[0]!.value).toBeGreaterThan(0);
});

test('a report times input and output as wholes, and the verdict says what onnxruntime makes of them', async () => {
  const recipe = 'input: model.onnx\nsteps:\n  - prune: { method: magnitude, sparsity: 0.9 }\noutput: pruned.onnx\n';
  const done = await runRecipe({ recipe, folder, overwrite: true, detail: 'full' }, ports(), idleWork());
  if (!done.ok) throw new Error(JSON.stringify(done.fault));
  const { latency, verdict } = done.value.report!.content;
  expect(latency.map(({ engine }) => engine.split(/[ ,]/)[0])).toEqual(['Espalier', 'onnxruntime']);
  expect(latency[1]).toMatchObject({ before: MEASURED, after: MEASURED });
  const said = verdict.flat().map(({ text }) => text);
  expect(said.at(-1)).toMatch(/^ in onnxruntime .* for the whole model\.$/);
  expect(said.at(-2)).toBe(`${(latency[1]!.before.value / latency[1]!.after.value).toFixed(1)}x`);
});

test('nothing is timed of other formats, and nothing runs where the folder is not trusted', async () => {
  const safetensors = fixturePath('demo/models/resnet-tiny-80.safetensors');
  expect(await wholeModelTimes([safetensors], folder, ports(), idleWork())).toEqual({ ok: true, value: null });
  const model = join(folder, 'model.onnx');
  expect(await wholeModelTimes([model], folder, ports(false), idleWork())).toMatchObject({
    fault: { code: 'runtime/untrusted' },
  });
});

test('a model that the runtime refuses is a fault, and what was loaded is released', async () => {
  const model = join(folder, 'model.onnx');
  let released = 0;
  const loaded: LoadedModel = {
    run: async () => ({ ok: true, value: new Map() }),
    repeat: () => async () => {},
    release: async () => void released++,
  };
  const answers: Awaited<ReturnType<ModelRuntime['load']>>[] = [
    { ok: true, value: loaded },
    { ok: false, fault: { code: 'runtime/refused', message: 'onnxruntime does not run the model: no.' } },
  ];
  const runtime: ModelRuntime = { name: 'a runtime', load: async () => answers.shift()! };
  const findRuntime = async () => ({ ok: true, value: runtime }) as const;
  const times = await wholeModelTimes([model, model], folder, { ...ports(), findRuntime }, idleWork());
  expect(times).toMatchObject({ ok: false, fault: { code: 'runtime/refused' } });
  expect(released).toBe(1);
});

test('an output that the runtime refuses is a warning of the report', async () => {
  const findRuntime = async () => {
    const load = async () =>
      ({ ok: false, fault: { code: 'runtime/refused', message: 'onnxruntime does not run the model: no.' } }) as const;
    return { ok: true, value: { name: 'a runtime', load } } as const;
  };
  const recipe = 'input: model.onnx\nsteps:\n  - prune: { method: magnitude, sparsity: 0.9 }\noutput: pruned.onnx\n';
  const query = { recipe, folder, overwrite: true, detail: 'full' } as const;
  const done = await runRecipe(query, { ...ports(), findRuntime }, idleWork());
  const { latency, plan } = (done.ok && done.value.report!.content) as ChangeReport;
  expect(latency).toHaveLength(1);
  expect(plan.notes.map(({ code, severity }) => [code, severity])).toContainEqual(['runtime/refused', 'warning']);
});

test('weights may lie beside the model; what cannot be read has its reason', async () => {
  const beside = fixturePath('checkpoints/onnx/external-one/external-one.onnx');

  expect(await wholeModelTimes([beside], folder, ports(), idleWork())).toMatchObject({
    ok: true,
    value: { figures: [MEASURED] },
  });
  const missing = fixturePath('checkpoints/onnx/external-missing/model.onnx');
  const gone = await wholeModelTimes([missing], folder, ports(), idleWork());
  expect(gone.ok ? gone.value : gone.fault.message).toMatch(/missing|cannot be read/);
});

test('lengths that are left open are assumed, and the figure says so', async () => {
  const open = openLengths(join(folder, 'open.onnx'));
  expect(await wholeModelTimes([open], folder, ports(), idleWork())).toMatchObject({
    ok: true,
    value: { per: 'ms for x 1×128×8 (open lengths assumed)', figures: [MEASURED] },
  });
});

test('a model that memory does not hold is not loaded', async () => {
  const runtime: ModelRuntime = {
    name: 'a runtime',
    freeBytes: () => 1000,
    load: () => {
      throw new Error('loaded');
    },
  };
  const findRuntime = async () => ({ ok: true, value: runtime }) as const;
  const times = await wholeModelTimes([join(folder, 'model.onnx')], folder, { ...ports(), findRuntime }, idleWork());
  expect(times).toMatchObject({
    ok: true,
    value: expect.stringMatching(/^it may take .* in a runtime, and 1 kB are free$/),
  });
});

test('a cancel ends the timing', async () => {
  const controller = new AbortController();
  controller.abort(new Error('stop'));
  await expect(
    wholeModelTimes([join(folder, 'model.onnx')], folder, ports(), idleWork(controller.signal)),
  ).rejects.toThrow('stop');
});

describe('in a process of its own', () => {
  const entry = new URL('../../cli/dist/job.mjs', import.meta.url);
  const time = timeInProcess(entry, () => ({ workspaceRoots: [], trusted: true }));

  test('it gives the same', async () => {
    expect(await time([join(folder, 'model.onnx')], folder, idleWork())).toMatchObject({
      ok: true,
      value: { per: expect.stringMatching(/1×1×8×8$/), figures: [{ value: expect.any(Number) }] },
    });
  });

  test('a runtime that crashes is a fault, and a version without running any of it', async () => {
    const own = join(folder, 'node_modules', 'onnxruntime-node');
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'package.json'), '{ "name": "onnxruntime-node", "version": "0.0.1", "main": "main.js" }');
    const code = `
      const create = () => process.kill(process.pid, 'SIGSEGV');
      module.exports = { InferenceSession: { create }, Tensor: class {}, env: { versions: { common: '0.0.1' } } };
    `;
    writeFileSync(join(own, 'main.js'), code);
    expect(await time([join(folder, 'model.onnx')], folder, idleWork())).toMatchObject({
      fault: { code: 'runtime/crashed', message: expect.stringContaining('by SIGSEGV') },
    });
    expect(await onnxRuntimeVersion(folder)).toBe('0.0.1');
  });

  test('a cancel ends it', async () => {
    const controller = new AbortController();
    const running = time([join(folder, 'model.onnx')], folder, idleWork(controller.signal));
    controller.abort(new Error('stop'));
    await expect(running).rejects.toThrow('stop');
  });
});

/** Relu of [batch, steps, 8]. */
function openLengths(path: string): string {
  const dim = (length: number | string): Uint8Array => protoMessage([typeof length === 'string' ? 2 : 1, length]);
  const value = (name: string): Uint8Array =>
    protoMessage(
      [1, name],
      [
        2,
        protoMessage([1, protoMessage([1, 1], [2, protoMessage([1, dim('batch')], [1, dim('steps')], [1, dim(8)])])]),
      ],
    );
  const node = protoMessage([1, 'x'], [2, 'y'], [4, 'Relu']);
  const graph = protoMessage([1, node], [2, 'open'], [11, value('x')], [12, value('y')]);
  writeFileSync(path, protoMessage([1, 8], [7, graph], [8, protoMessage([1, ''], [2, 13])]));
  return path;
}
