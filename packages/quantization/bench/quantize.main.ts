import { basename, dirname } from 'node:path';
import { idleWork } from '@espalier/base';
import { openCheckpoint, writerFor } from '@espalier/checkpoint';
import { blockingSource } from '../../analysis/bench/files.js';
import { fileFolder } from '../../pruning/bench/prune.js';
import { packedOutputs } from '../src/packedOutputs.js';
import { type QuantizedLayer, quantizeLayer } from '../src/quantizeLayer.js';
import type { QuantizeOptions } from '../src/quantizeTensor.js';
import { SCHEMES } from '../src/scheme.js';

/**
 * Quantizes every tensor of a file in a process of its own, as the product does between opening and renaming, and prints how long it took, the memory it needed and the mean squared
 * error: quantize.main.js FROM TO SCHEME GRANULARITY RANGE.
 */
const [from, to, schemeName, granularity, range] = process.argv.slice(2) as [string, string, string, string, string];
const began = performance.now();
const opened = await openCheckpoint(blockingSource(from));
if (!opened.ok) throw new Error(opened.fault.message);
const checkpoint = opened.value;
const work = idleWork();
const scheme = SCHEMES.get(schemeName) as QuantizeOptions['scheme'];
const layers: QuantizedLayer[] = [];
const metadata: Record<string, string> = { 'quant.version': '1' };
const tensors = [];
for (const entry of checkpoint.tensors) {
  const cell =
    granularity === 'group'
      ? ({ kind: 'group', size: 128, columns: entry.shape[1]! } as const)
      : granularity === 'channel'
        ? ({ kind: 'channel', axis: 0 } as const)
        : ({ kind: 'tensor' } as const);
  const options = { scheme, granularity: cell, clip: range as QuantizeOptions['clip'], percentile: 99.99 };
  const found = await quantizeLayer(entry, options, work);
  if (!found.ok) throw new Error(found.fault.message);
  layers.push(found.value);
  const packed = packedOutputs(entry, found.value.quantizer);
  metadata[`quant.${entry.name}`] = packed.description;
  tensors.push(...packed.tensors);
}
const folder = fileFolder(dirname(to));
await writerFor(to, null)!.write(folder, basename(to), { tensors, metadata, input: checkpoint }, work);
await folder.commit();
await checkpoint.close();
const wallMs = performance.now() - began;
const { user, system } = process.cpuUsage();
const maxRssMb = (process.resourceUsage().maxRSS * 1024) / 1e6;
const mse = layers.reduce((sum, { error }) => sum + error.mse, 0) / layers.length;
process.stdout.write(JSON.stringify({ mse, wallMs, cpuMs: (user + system) / 1000, maxRssMb }));
