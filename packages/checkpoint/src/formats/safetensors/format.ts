import { sizeOf } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Finding, Format, OpenOptions, TensorData, TensorEntry } from '../../checkpoint.js';
import { foldPackings } from '../../packing/fold.js';
import { unreadableFindings } from '../../values/unreadable.js';
import { type HeaderTensor, headerLength, parseHeader } from './header.js';

/** safetensors: 8 bytes of length, a JSON header, then the bytes of every tensor. */
export const safetensors: Format = {
  name: 'safetensors',
  matches(head, source) {
    if (source.name.toLowerCase().endsWith('.safetensors')) return true;
    return head.length >= 9 && head[8] === 0x7b && head[7] === 0 && head[6] === 0 && head[5] === 0;
  },
  open: async (source, options) => await foldPackings(await openSafetensors(source, options), source, options),
};

/** One file, every tensor as it is stored. A file that is cut short lists all tensors; those that are cut off are unreadable. */
export async function openSafetensors(source: ByteSource, { signal }: OpenOptions): Promise<Checkpoint> {
  const prefix = await source.read(0, Math.min(8, source.sizeBytes), signal);
  const length = headerLength(prefix, source.name, source.sizeBytes);
  const text = await source.read(8, length, signal);
  const header = parseHeader(text, source.name, 8 + length);
  const tensors = header.tensors.map((tensor) => toEntry(tensor, source));
  return {
    format: 'safetensors',
    formatLabel: 'safetensors',
    tensors,
    metadata: header.metadata,
    findings: [...unreadableFindings(tensors), ...unusedFindings(header.tensors, 8 + length, source)],
    files: [{ name: source.name, sizeBytes: source.sizeBytes }],
    close: () => source.close(),
  };
}

/** A tensor of the header as an entry; its values are read from `source` on demand. */
export function toEntry(tensor: HeaderTensor, source: ByteSource): TensorEntry {
  return {
    name: tensor.name,
    dtype: tensor.dtype ?? 'UNKNOWN',
    storage: tensor.storage,
    shape: tensor.shape,
    elements: sizeOf(tensor.shape),
    bytes: tensor.end - tensor.begin,
    data: dataOf(tensor, source),
  };
}

function dataOf(tensor: HeaderTensor, source: ByteSource): TensorData {
  const { name, dtype, begin, end, storage } = tensor;
  if (sizeOf(tensor.shape) === 0 && tensor.fault === undefined) return { kind: 'none', why: 'empty' };
  if (dtype === null) {
    const message = `Tensor ${name} has the element type ${storage}, which is not known.`;
    return {
      kind: 'none',
      why: 'unsupported',
      fault: { code: 'checkpoint/unsupported-tensor', file: source.name, offset: begin, message },
    };
  }
  if (tensor.fault !== undefined) return { kind: 'none', why: 'unreadable', fault: tensor.fault };
  if (end <= source.sizeBytes) return { kind: 'raw', dtype, source, begin };
  return {
    kind: 'none',
    why: 'unreadable',
    fault: {
      code: 'checkpoint/truncated',
      file: source.name,
      offset: begin,
      expected: end,
      found: source.sizeBytes,
      message: `The file ends at ${source.sizeBytes}, tensor ${name} needs ${end - begin} bytes at ${begin}.`,
      hint: 'It may be an unfinished download.',
    },
  };
}

/** Bytes that no tensor claims. The reference library refuses such files, because something may hide there. */
function unusedFindings(tensors: readonly HeaderTensor[], dataBegin: number, source: ByteSource): Finding[] {
  let end = dataBegin;
  let unused = 0;
  let first: number | undefined;
  const skip = (to: number): void => {
    if (to <= end) return;
    unused += to - end;
    first ??= end;
  };
  for (const tensor of tensors) {
    skip(tensor.begin);
    end = Math.max(end, tensor.end);
  }
  skip(source.sizeBytes);
  if (first === undefined) return [];
  const message = `${unused} bytes belong to no tensor, the first at ${first}. The safetensors library refuses such files.`;
  return [{ code: 'checkpoint/unused-bytes', severity: 'warning', message, file: source.name, offset: first }];
}
