import { attempt } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Finding, OpenOptions, TensorEntry } from '../checkpoint.js';
import { readJson } from '../json.js';
import { awq } from './awq.js';
import { bitmask } from './bitmask.js';
import { bitsandbytes4, bitsandbytes8 } from './bitsandbytes.js';
import { type PackingConfig, parsePackingConfig } from './config.js';
import { described, descriptionsIn } from './described.js';
import { gptq } from './gptq.js';
import { mxfp4, nvfp4 } from './microscaling.js';
import { type Packing, Parts } from './packing.js';
import { packQuantized } from './packQuantized.js';
import { prunedPair } from './prunedPair.js';
import { scaled } from './scaled.js';

/** Every packing. Several may look at the same suffix; the first that wants the weight gets it. */
const packings: readonly Packing[] = [
  described,
  gptq,
  awq,
  bitsandbytes4,
  bitsandbytes8,
  mxfp4,
  nvfp4,
  packQuantized,
  scaled,
  bitmask,
  prunedPair,
];

const SUFFIXES: readonly string[] = [...new Set(packings.flatMap((packing) => packing.suffixes))];

/** Longest configuration file that is read. */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** True when some tensor is named like a part of a packed weight. */
export const looksPacked = (tensors: readonly TensorEntry[]): boolean =>
  tensors.some((tensor) => SUFFIXES.some((suffix) => tensor.name.endsWith(suffix)));

/**
 * The checkpoint with packed weights in place of their parts. How they were packed is read from their names and shapes, and from
 * `config.json` (or `quantize_config.json`, `quant_config.json`) beside the file unless a configuration is given.
 */
export async function foldPackings(
  checkpoint: Checkpoint,
  source: ByteSource,
  { signal }: OpenOptions,
  config?: PackingConfig,
): Promise<Checkpoint> {
  if (!looksPacked(checkpoint.tensors)) return checkpoint;
  const beside = config ?? (await configBeside(source, signal));
  const known = { ...beside, described: descriptionsIn(checkpoint.metadata) };
  const { tensors, findings } = await fold(checkpoint.tensors, known, signal);
  return { ...checkpoint, tensors, findings: [...checkpoint.findings, ...findings] };
}

/** The first configuration file that says how weights were packed. */
export async function configBeside(source: ByteSource, signal?: AbortSignal): Promise<PackingConfig> {
  let first: PackingConfig | undefined;
  for (const name of ['config.json', 'quantize_config.json', 'quant_config.json']) {
    const found = await source.sibling(name);
    if (!found.ok) continue;
    const json = await attempt(() => readJson(found.value, MAX_CONFIG_BYTES, signal));
    await found.value.close();
    if (!json.ok) continue;
    const config = parsePackingConfig(json.value);
    if (config.method !== undefined || config.bits !== undefined) return { ...first, ...config };
    first ??= config;
  }
  return first ?? {};
}

/**
 * Replaces the parts of packed weights by the weights, where the first of their parts stood. What cannot be put together stays as it is
 * stored and becomes a finding.
 */
export async function fold(
  stored: readonly TensorEntry[],
  config: PackingConfig,
  signal?: AbortSignal,
): Promise<{ readonly tensors: readonly TensorEntry[]; readonly findings: readonly Finding[] }> {
  const parts = new Parts(stored);
  const taken = new Map<string, TensorEntry>();
  const findings: Finding[] = [];
  let failed = 0;
  for (const { name } of stored) {
    for (const packing of packings) {
      const suffix = packing.suffixes.find((candidate) => name.endsWith(candidate));
      if (suffix === undefined || taken.has(name)) continue;
      const folded = await attempt(() => packing.fold(name.slice(0, -suffix.length), parts, config, signal));
      if (folded.ok && (folded.value === undefined || isTaken(folded.value, parts))) continue;
      if (folded.ok) for (const part of folded.value?.packedFrom ?? []) taken.set(part, folded.value!);
      else if (failed++ === 0)
        findings.push({ code: folded.fault.code, severity: 'warning', message: folded.fault.message, tensor: name });
      break;
    }
  }
  if (failed > 1)
    findings.push({
      code: 'checkpoint/packing',
      severity: 'warning',
      message: `${failed - 1} more packed weights cannot be put together.`,
    });
  return { tensors: replaced(stored, taken), findings };
}

/** A weight of that name is stored beside its parts: two tensors must not have one name. */
const isTaken = (weight: TensorEntry, parts: Parts): boolean =>
  parts.find(weight.name) !== undefined && !weight.packedFrom?.includes(weight.name);

function replaced(stored: readonly TensorEntry[], taken: ReadonlyMap<string, TensorEntry>): TensorEntry[] {
  const placed = new Set<TensorEntry>();
  return stored.flatMap((tensor) => {
    const weight = taken.get(tensor.name);
    if (weight === undefined) return [tensor];
    if (placed.has(weight)) return [];
    placed.add(weight);
    return [weight];
  });
}
