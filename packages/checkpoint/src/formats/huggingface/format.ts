import { attempt, raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Finding, Format, OpenOptions } from '../../checkpoint.js';
import { asRecord, isRecord, type JsonRecord, own, readJson } from '../../json.js';
import { parsePackingConfig } from '../../packing/config.js';
import { configBeside, foldPackings } from '../../packing/fold.js';
import { isConfigName, isIndexName, shardsWithoutIndex, weightsOf } from './door.js';
import { impliedIndex, openShard, openShards } from './shards.js';

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/**
 * A model folder of transformers, diffusers or PEFT as one checkpoint. It is opened through its `config.json`, which leads to the weights beside it,
 * or through the index of its shards; `huggingfaceDoor` picks the file for a folder.
 */
export const huggingface: Format = {
  name: 'huggingface',
  matches: (head, source) => (isConfigName(source.name) || isIndexName(source.name)) && firstCharacter(head) === '{',
  async open(source, options) {
    return isIndexName(source.name) ? await openByIndex(source, options) : await openByConfig(source, options);
  },
};

const firstCharacter = (head: Uint8Array): string =>
  new TextDecoder('utf-8').decode(head.subarray(0, 64)).trimStart().slice(0, 1);

/** Shards alone stay `safetensors (3 shards)`; with a configuration beside them they are a model folder. */
async function openByIndex(source: ByteSource, options: OpenOptions): Promise<Checkpoint> {
  const shards = await openShards(source, options);
  const found = await source.sibling('config.json');
  if (!found.ok) return await foldPackings(shards, source, options, await configBeside(source, options.signal));
  const read = await attempt(() => readJson(found.value, MAX_CONFIG_BYTES, options.signal));
  await found.value.close();
  const config = read.ok ? read.value : {};
  return asFolder(await foldPackings(shards, source, options, parsePackingConfig(config)), asRecord(config));
}

async function openByConfig(source: ByteSource, options: OpenOptions): Promise<Checkpoint> {
  const config = await readJson(source, MAX_CONFIG_BYTES, options.signal);
  if (!isRecord(config))
    raise({
      code: 'checkpoint/header-malformed',
      file: source.name,
      offset: 0,
      message: 'The configuration is not a JSON object.',
    });
  const stored = await openWeightsBeside(source, options);
  const packing = { ...(await configBeside(source, options.signal)), ...parsePackingConfig(config) };
  const folded = await foldPackings(stored, source, options, packing);
  const { close } = folded;
  return {
    ...asFolder(folded, asRecord(config)),
    files: [{ name: source.name, sizeBytes: source.sizeBytes }, ...folded.files],
    async close() {
      await close();
      await source.close();
    },
  };
}

async function openWeightsBeside(source: ByteSource, options: OpenOptions): Promise<Checkpoint> {
  const names = await source.siblingNames();
  const weights = weightsOf(names);
  if (weights !== undefined) {
    return isIndexName(weights)
      ? await openIndexBeside(source, weights, options)
      : await openSingleBeside(source, weights, options);
  }
  const shards = shardsWithoutIndex(names);
  if (shards.length === 0) {
    raise({
      code: 'checkpoint/no-weights',
      file: source.name,
      expected: 'model.safetensors, pytorch_model.bin or an index of shards',
      message: 'There are no weights beside this configuration.',
    });
  }
  const opened = await openShards(source, options, impliedIndex(shards));
  const message = `The index of the ${shards.length} shards is missing; they were found by their names.`;
  const missing: Finding = { code: 'checkpoint/shards-differ', severity: 'warning', message, file: source.name };
  return { ...opened, files: opened.files.slice(1), findings: [missing, ...opened.findings] };
}

async function openIndexBeside(source: ByteSource, name: string, options: OpenOptions): Promise<Checkpoint> {
  const index = await source.sibling(name);
  if (!index.ok) raise(index.fault);
  try {
    return await openShards(index.value, options);
  } catch (error) {
    await index.value.close();
    throw error;
  }
}

async function openSingleBeside(source: ByteSource, name: string, options: OpenOptions): Promise<Checkpoint> {
  const shard = await openShard(source, name, options);
  if (!shard.ok) raise({ ...shard.fault, message: `${name}: ${shard.fault.message}` });
  return shard.value;
}

function asFolder(checkpoint: Checkpoint, config: JsonRecord): Checkpoint {
  return {
    ...checkpoint,
    format: 'huggingface-folder',
    formatLabel: `Hugging Face folder, ${checkpoint.formatLabel}`,
    metadata: { ...checkpoint.metadata, ...configTexts(config) },
  };
}

/** What a person wants to know of a configuration: who it is, how large, how packed. */
function configTexts(config: JsonRecord): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const key of [
    'model_type',
    '_class_name',
    'torch_dtype',
    'dtype',
    'hidden_size',
    'num_hidden_layers',
    'num_attention_heads',
    'num_key_value_heads',
    'head_dim',
    'intermediate_size',
    'vocab_size',
    'transformers_version',
    'base_model_name_or_path',
  ]) {
    const value = own(config, key);
    if (typeof value === 'string' || typeof value === 'number') texts[key] = String(value).slice(0, 200);
  }
  const architectures = own(config, 'architectures');
  if (Array.isArray(architectures) && typeof architectures[0] === 'string')
    texts['architecture'] = architectures[0].slice(0, 200);
  const method = own(asRecord(own(config, 'quantization_config')), 'quant_method');
  if (typeof method === 'string') texts['quantization'] = method.slice(0, 200);
  return texts;
}
