import type { Dtype } from '@espalier/tensor';
import { asNumber, asRecord, asText, isLength, isRecord, type JsonRecord, own } from '../json.js';
import type { Described } from './described.js';

/** What `config.json` says about how weights were packed. Every field may be missing: most of it also shows in names and shapes. */
export interface PackingConfig {
  /** `gptq`, `awq`, `bitsandbytes`, `mxfp4`, `compressed-tensors`, `fp8` … */
  readonly method?: string;
  readonly bits?: number;
  /** Inputs that share a scale; −1 in the file means all of them and is left out here. */
  readonly groupSize?: number;
  /** GPTQ: `gptq_v2` stores zero points as they are, earlier files minus one. */
  readonly checkpointFormat?: string;
  /** FP8 in blocks: rows and columns that share a scale. */
  readonly blockSize?: readonly [number, number];
  /** Element type of the model where nothing was packed. */
  readonly dtype?: Dtype;
  /** What the file's own metadata say of its tensors. */
  readonly described?: ReadonlyMap<string, Described>;
}

const TORCH_NAMES: ReadonlyMap<string, Dtype> = new Map([
  ['float32', 'F32'],
  ['float16', 'F16'],
  ['bfloat16', 'BF16'],
  ['float64', 'F64'],
]);

/** Element type by PyTorch's name, with or without `torch.`. */
export const torchDtype = (name: unknown): Dtype | undefined =>
  typeof name === 'string' ? TORCH_NAMES.get(name.replace(/^torch\./, '')) : undefined;

/** From `config.json` (with `quantization_config` inside) or from `quantize_config.json` and `quant_config.json`, which are that part alone. */
export function parsePackingConfig(json: unknown): PackingConfig {
  const config = asRecord(json);
  const nested = own(config, 'quantization_config') ?? own(asRecord(own(config, 'text_config')), 'quantization_config');
  const packing: JsonRecord = isRecord(nested) ? nested : config;
  const method = asText(own(packing, 'quant_method'));
  const bits = firstLength(packing, ['bits', 'w_bit', 'num_bits']);
  const groupSize = firstLength(packing, ['group_size', 'q_group_size']);
  const checkpointFormat = asText(own(packing, 'checkpoint_format'));
  const block = own(packing, 'weight_block_size');
  const dtype = torchDtype(own(config, 'torch_dtype') ?? own(config, 'dtype'));
  return {
    ...(method === undefined ? {} : { method }),
    ...(bits === undefined ? {} : { bits }),
    ...(groupSize === undefined ? {} : { groupSize }),
    ...(checkpointFormat === undefined ? {} : { checkpointFormat }),
    ...(isPair(block) ? { blockSize: block } : {}),
    ...(dtype === undefined ? {} : { dtype }),
  };
}

const isPair = (value: unknown): value is readonly [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((size) => isLength(size) && size > 0);

function firstLength(record: JsonRecord, keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const value = asNumber(own(record, key));
    if (value !== undefined && isLength(value) && value > 0) return value;
  }
  return undefined;
}
