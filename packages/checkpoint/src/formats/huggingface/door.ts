/** Files by which a folder of weights is opened, best first: configuration, index, single file. */
const SINGLE = [
  'model.safetensors',
  'pytorch_model.bin',
  'diffusion_pytorch_model.safetensors',
  'diffusion_pytorch_model.bin',
  'adapter_model.safetensors',
  'adapter_model.bin',
  'consolidated.safetensors',
] as const;

/** `model.safetensors.index.json`, `pytorch_model.bin.index.json`, with variants such as `model.fp16.safetensors.index.json`. */
export const isIndexName = (name: string): boolean => /\.(?:safetensors|bin)\.index(?:\.[\w-]+)?\.json$/i.test(name);

/** `config.json`, or `adapter_config.json` of an adapter. */
export const isConfigName = (name: string): boolean => name === 'config.json' || name === 'adapter_config.json';

/** Where the weights of a folder are: an index of shards, or one file. undefined: this is no folder of weights. */
export function weightsOf(names: readonly string[]): string | undefined {
  const has = new Set(names);
  const indexes = names.filter(isIndexName).sort(bySafety);
  const single = SINGLE.find((name) => has.has(name));
  if (indexes[0] !== undefined && !(single?.endsWith('.safetensors') && indexes[0].includes('.bin.')))
    return indexes[0];
  if (single !== undefined) return single;
  const loose = names.filter((name) => name.endsWith('.safetensors'));
  return loose.length === 1 ? loose[0] : undefined;
}

/** safetensors before pickles, plain names before variants. */
const bySafety = (a: string, b: string): number =>
  Number(a.includes('.bin.')) - Number(b.includes('.bin.')) || a.length - b.length || (a < b ? -1 : 1);

/**
 * The file to hand to `openCheckpoint` for a folder with these files, so that the folder is opened as one checkpoint; undefined when it holds no
 * such model. Opening its configuration gives the weights together with what the configuration says of them.
 */
export function huggingfaceDoor(names: readonly string[]): string | undefined {
  const weights = weightsOf(names);
  if (weights === undefined) return undefined;
  return names.find((name) => name === 'config.json') ?? names.find(isConfigName) ?? weights;
}
