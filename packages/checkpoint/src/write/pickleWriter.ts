import { stridesOf } from '@espalier/base';
import type { OutputTensor } from './output.js';
import { concat } from './zipWriter.js';

/** Storage classes of PyTorch by type. (torch/storage.py; types newer than these have none.) */
export const STORAGES: Partial<Record<OutputTensor['dtype'], string>> = {
  F64: 'DoubleStorage',
  F32: 'FloatStorage',
  F16: 'HalfStorage',
  BF16: 'BFloat16Storage',
  I64: 'LongStorage',
  I32: 'IntStorage',
  I16: 'ShortStorage',
  I8: 'CharStorage',
  U8: 'ByteStorage',
  BOOL: 'BoolStorage',
  C64: 'ComplexFloatStorage',
  C128: 'ComplexDoubleStorage',
};

const bytes = (...all: number[]): Uint8Array => Uint8Array.from(all);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const global = (module: string, name: string): Uint8Array => text(`c${module}\n${name}\n`);

/** BINUNICODE: a length of 32 bits, then UTF-8. */
function unicode(value: string): Uint8Array {
  const encoded = text(value);
  const head = new Uint8Array(5);
  head[0] = 0x58;
  new DataView(head.buffer).setUint32(1, encoded.length, true);
  return concat([head, encoded]);
}

/** BININT1, BININT or LONG1: the shortest that holds a whole number from 0. */
function integer(value: number): Uint8Array {
  if (value < 0x100) return bytes(0x4b, value);
  if (value < 0x8000_0000) {
    const out = new Uint8Array(5);
    out[0] = 0x4a;
    new DataView(out.buffer).setInt32(1, value, true);
    return out;
  }
  const out = new Uint8Array(10);
  out[0] = 0x8a;
  out[1] = 8;
  new DataView(out.buffer).setBigInt64(2, BigInt(value), true);
  return out;
}

/** MARK … TUPLE; the empty tuple has an opcode of its own. */
const tuple = (values: readonly number[]): Uint8Array =>
  values.length === 0 ? bytes(0x29) : concat([bytes(0x28), ...values.map(integer), bytes(0x74)]);

/**
 * A state dict as PyTorch pickles it, protocol 2: an OrderedDict of `_rebuild_tensor_v2` over storages with the keys 0, 1, 2 …, contiguous in C order. It names
 * nothing that `torch.load(weights_only=True)` does not allow. (torch/_utils.py, torch/serialization.py.)
 */
export function stateDictPickle(tensors: readonly OutputTensor[]): Uint8Array {
  const emptyDict = concat([global('collections', 'OrderedDict'), bytes(0x29, 0x52)]);
  const entries = tensors.flatMap(({ name, dtype, shape }, key) => {
    const elements = shape.reduce((product, length) => product * length, 1);
    return [
      unicode(name),
      global('torch._utils', '_rebuild_tensor_v2'),
      bytes(0x28, 0x28),
      unicode('storage'),
      global('torch', STORAGES[dtype] ?? ''),
      unicode(String(key)),
      unicode('cpu'),
      integer(elements),
      // TUPLE, BINPERSID; offset 0.
      bytes(0x74, 0x51),
      integer(0),
      tuple(shape),
      tuple(stridesOf(shape)),
      // requires_grad False; no backward hooks; REDUCE.
      bytes(0x89),
      emptyDict,
      bytes(0x74, 0x52),
    ];
  });
  const items = entries.length === 0 ? [] : [bytes(0x28), ...entries, bytes(0x75)];
  return concat([bytes(0x80, 2), emptyDict, ...items, bytes(0x2e)]);
}
