import { sizeOf } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Format, TensorEntry } from '../../checkpoint.js';
import { type HeaderTensor, headerLength, parseHeader } from './header.js';

/** safetensors: 8 bytes of length, a JSON header, then the bytes of every tensor. */
export const safetensors: Format = {
  name: 'safetensors',
  matches(head, source) {
    if (source.name.endsWith('.safetensors')) return true;
    return head.length >= 9 && head[8] === 0x7b && head[7] === 0 && head[6] === 0 && head[5] === 0;
  },
  async open(source, { signal }) {
    const prefix = await source.read(0, Math.min(8, source.sizeBytes), signal);
    const length = headerLength(prefix, source.name, source.sizeBytes);
    const text = await source.read(8, length, signal);
    const header = parseHeader(text, source.name, 8 + length, source.sizeBytes);
    return {
      format: 'safetensors',
      formatLabel: 'safetensors',
      tensors: header.tensors.map((tensor) => toEntry(tensor, source)),
      metadata: header.metadata,
      findings: [],
      files: [{ name: source.name, sizeBytes: source.sizeBytes }],
      close: () => source.close(),
    };
  },
};

/** A tensor of the header as an entry; its values are read from `source` on demand. */
export function toEntry(tensor: HeaderTensor, source: ByteSource): TensorEntry {
  const elements = sizeOf(tensor.shape);
  return {
    name: tensor.name,
    dtype: tensor.dtype ?? 'UNKNOWN',
    storage: tensor.storage,
    shape: tensor.shape,
    elements,
    bytes: tensor.end - tensor.begin,
    data:
      elements === 0
        ? { kind: 'none', why: 'empty' }
        : tensor.dtype === null
          ? { kind: 'none', why: 'unsupported' }
          : { kind: 'raw', dtype: tensor.dtype, source, begin: tensor.begin },
  };
}
