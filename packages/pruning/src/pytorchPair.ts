import { breathe, type Work } from '@espalier/base';
import { entryOutput, type OutputTensor } from '@espalier/checkpoint';
import { kernels } from '@espalier/kernels';
import { BITS, type Dtype } from '@espalier/tensor';
import type { PrunableLayer } from './layer.js';
import type { Mask } from './mask.js';
import { maskBits } from './maskBits.js';

const WINDOW_BYTES = 4 * 1024 * 1024;

/** The number 1, least significant byte first. */
const ONE: Partial<Record<Dtype, readonly number[]>> = {
  F64: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
  F32: [0, 0, 0x80, 0x3f],
  F16: [0, 0x3c],
  BF16: [0x80, 0x3f],
};

/**
 * A weight and its mask as PyTorch's pruning keeps them in a state dict: `X_orig` with every value as it was, and `X_mask` of zeros and ones in the same type
 * (F32 where that is no floating type). The module multiplies them; `prune.remove` makes them one again. (PyTorch, torch.nn.utils.prune.BasePruningMethod.)
 */
export function pytorchPair(layer: PrunableLayer, mask: Mask): readonly [original: OutputTensor, mask: OutputTensor] {
  const output = entryOutput(layer.entry);
  const { name, shape, elements } = layer.entry;
  const dtype = ONE[output.dtype] === undefined ? 'F32' : output.dtype;
  return [
    { ...output, name: `${name}_orig` },
    {
      name: `${name}_mask`,
      dtype,
      shape,
      byteLength: (elements * BITS[dtype]) / 8,
      windows: (work) => maskWindows(layer, mask, ONE[dtype]!, work),
    },
  ];
}

async function* maskWindows(
  layer: PrunableLayer,
  mask: Mask,
  one: readonly number[],
  work: Work,
): AsyncGenerator<Uint8Array> {
  const { bits, elements } = await maskBits(layer, mask, work);
  const width = one.length as 2 | 4 | 8;
  const perWindow = WINDOW_BYTES / width;
  for (let begin = 0; begin < elements; begin += perWindow) {
    work.signal.throwIfAborted();
    const window = new Uint8Array(Math.min(perWindow, elements - begin) * width);
    for (const [byte, value] of one.entries())
      if (value !== 0) for (let i = byte; i < window.length; i += width) window[i] = value;
    kernels().dropUnset(window, width, bits.subarray(begin / 8), 0);
    yield window;
    await breathe();
  }
}
