/** Files that hold the weights of a folder, or lead to them, in the order in which transformers, diffusers and PEFT look for them. */
const PREFERRED: readonly string[] = [
  'model.safetensors',
  'model.safetensors.index.json',
  'diffusion_pytorch_model.safetensors',
  'diffusion_pytorch_model.safetensors.index.json',
  'adapter_model.safetensors',
  'consolidated.safetensors',
  'consolidated.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'diffusion_pytorch_model.bin',
  'adapter_model.bin',
];

/** `model.safetensors.index.json`, `pytorch_model.bin.index.json`, with variants such as `model.safetensors.index.fp16.json`. */
export const isIndexName = (name: string): boolean => /\.(?:safetensors|bin)\.index(?:\.[\w-]+)?\.json$/i.test(name);

/** `config.json`, or `adapter_config.json` of an adapter. */
export const isConfigName = (name: string): boolean => name === 'config.json' || name === 'adapter_config.json';

/** Where the weights of a folder are: an index of shards, or one file. undefined: there is neither. */
export function weightsOf(names: readonly string[]): string | undefined {
  const has = new Set(names);
  const preferred = PREFERRED.find((name) => has.has(name));
  if (preferred !== undefined) return preferred;
  const [index] = names.filter(isIndexName).sort(bySafety);
  if (index !== undefined) return index;
  const loose = names.filter((name) => name.endsWith('.safetensors'));
  return loose.length === 1 ? loose[0] : undefined;
}

/** safetensors before pickles, plain names before variants. */
const bySafety = (a: string, b: string): number =>
  Number(a.includes('.bin.')) - Number(b.includes('.bin.')) || a.length - b.length || (a < b ? -1 : 1);

const SHARD = /^(.+)-(\d{5})-of-(\d{5})\.(safetensors|bin)$/;

/** Names of all shards of a model whose index is missing, by the numbers in the names of those that are there. [] if there are none. */
export function shardsWithoutIndex(names: readonly string[]): string[] {
  const [first] = names
    .filter((name) => SHARD.test(name))
    .sort((a, b) => Number(a.endsWith('.bin')) - Number(b.endsWith('.bin')) || (a < b ? -1 : 1));
  if (first === undefined) return [];
  const [, stem, , total, ending] = SHARD.exec(first)!;
  // What the name states is believed as far as files are there: no list is longer than twice their number.
  const count = Math.min(Number(total), 2 * names.length);
  return Array.from({ length: count }, (_, i) => `${stem}-${String(i + 1).padStart(5, '0')}-of-${total}.${ending}`);
}

/**
 * The file to hand to `openCheckpoint` for a folder with these files, so that the folder is opened as one checkpoint; undefined when it holds no
 * such model. Opening its configuration gives the weights together with what the configuration says of them.
 */
export function huggingfaceDoor(names: readonly string[]): string | undefined {
  const config = names.find((name) => name === 'config.json') ?? names.find(isConfigName);
  const weights = weightsOf(names);
  if (weights === undefined) return shardsWithoutIndex(names).length > 0 ? config : undefined;
  return config ?? weights;
}
