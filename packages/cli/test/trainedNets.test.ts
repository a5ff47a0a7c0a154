import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { idleWork, ok, parseOptions } from '@espalier/base';
import { openCheckpoint, readValues } from '@espalier/checkpoint';
import { nodeFiles } from '@espalier/host';
import { toHeads } from '@espalier/model';
import {
  type BitMask,
  chooseLayers,
  isKept,
  kernelMatrix,
  type MaskAnswer,
  maskBits,
  methods,
  NO_RULES,
  type PrunableLayer,
} from '@espalier/pruning';
import { expect, test } from 'vitest';

const folder = join(dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')), 'model');
const work = idleWork();

async function openModel(
  model: string,
): Promise<{ readonly layers: readonly PrunableLayer[]; close(): Promise<void> }> {
  const files = nodeFiles(() => ({ workspaceRoots: [], trusted: true }));
  const source = await files.open(join(folder, `${model}-weights_manifest.json`));
  if (!source.ok) throw new Error(source.fault.message);
  const opened = await openCheckpoint(source.value);
  if (!opened.ok) throw new Error(opened.fault.message);
  const heads = toHeads(opened.value);
  const chosen = new Set(chooseLayers(heads, [NO_RULES]).chosen.map(({ name }) => name));
  const layers = opened.value.tensors
    .map((entry, i) => ({ head: heads[i]!, entry }))
    .filter(({ head }) => chosen.has(head.name));
  return { layers, close: () => opened.value.close() };
}

async function run(name: string, layers: readonly PrunableLayer[], given: object): Promise<MaskAnswer> {
  const method = methods.find(({ description }) => description.name === name)!;
  const { options } = parseOptions(method.description, given);
  const answer = await method.masks(layers, options, { work, open: async () => ok([]) });
  if (!answer.ok) throw new Error(answer.fault.message);
  return answer.value;
}

/** Weights of a mask that stay when whole channels are kept, the strongest first, as many as `cells` weights fill; the last one in part. */
async function keptByChannels(layer: PrunableLayer, mask: BitMask, cells: number): Promise<number> {
  const matrix = kernelMatrix(layer.head);
  const values = await readValues(layer.entry);
  const channels = Array.from({ length: matrix.rows }, (_, row) => {
    const own = Array.from({ length: matrix.columns }, (__, column) => matrix.index(row, column)).filter((at) =>
      isKept(mask, at),
    );
    return { count: own.length, size: own.reduce((sum, at) => sum + Math.abs(values[at]!), 0) };
  }).sort((a, b) => b.size - a.size);
  const whole = Math.floor(cells / matrix.columns);
  const part = cells / matrix.columns - whole;
  const full = channels.slice(0, whole).reduce((sum, { count }) => sum + count, 0);
  return full + part * (channels[whole]?.count ?? 0);
}

/** In trained networks with layers of at least 256 channels, as the paper on structured tickets has it: groups keep more of a mask than channels do. */
test.each([
  ['face_recognition_model', 0.5],
  ['face_recognition_model', 0.8],
  ['ssd_mobilenetv1_model', 0.5],
  ['ssd_mobilenetv1_model', 0.8],
])(
  '%s at %d: re-grouping keeps more of the mask than re-filling at the same density',
  { timeout: 60_000 },
  async (model, sparsity) => {
    const { layers, close } = await openModel(model);
    const first = await run('magnitude', layers, { sparsity });
    let [weights, groups, channels] = [0, 0, 0];
    for (const layer of layers.filter(({ head }) => kernelMatrix(head).rows >= 256)) {
      const mask = await maskBits(layer, first.masks.get(layer.head.name)!, work);
      const found = (await run('regroup', [{ ...layer, mask }], {})).masks.get(layer.head.name);
      if (found === undefined) continue;
      const blocks = await maskBits(layer, found, work);
      weights += mask.kept;
      for (let at = 0; at < mask.elements; at++) if (isKept(mask, at) && isKept(blocks, at)) groups++;
      channels += await keptByChannels(layer, mask, blocks.kept);
    }
    await close();
    expect(weights).toBeGreaterThan(100_000);
    expect(groups).toBeGreaterThan(channels);
  },
);
