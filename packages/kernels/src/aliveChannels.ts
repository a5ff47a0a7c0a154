import type { Kernel } from './kernel.js';

/**
 * Marks the channels that hold something other than zero. The bits (set for zeros) are a C-order array of `dims`, where `isChannel` tells
 * the axes that number the channels (major first) from those inside a channel. `alive` has one byte a channel; marks are only ever added.
 */
export const aliveChannels: Kernel<
  [bits: Uint8Array, dims: readonly number[], isChannel: readonly boolean[], alive: Uint8Array],
  void
> = {
  name: 'aliveChannels',
  plain(bits, dims, isChannel, alive) {
    const steps = channelSteps(dims, isChannel);
    const index = new Array<number>(dims.length).fill(0);
    const total = dims.reduce((product, length) => product * length, 1);
    let channel = 0;
    for (let element = 0; element < total; element++) {
      if (((bits[Math.floor(element / 8)]! >> (element & 7)) & 1) === 0) alive[channel] = 1;
      for (let axis = dims.length - 1; axis >= 0; axis--) {
        channel += steps[axis]!;
        if (++index[axis]! < dims[axis]!) break;
        channel -= steps[axis]! * dims[axis]!;
        index[axis] = 0;
      }
    }
  },
  simd: (wasm) => (bits, dims, isChannel, alive) => {
    const axis = isChannel.indexOf(true);
    const single = axis >= 0 && isChannel.lastIndexOf(true) === axis;
    const frame = wasm.frame();
    const product = (lengths: readonly number[]): number => lengths.reduce((total, length) => total * length, 1);
    const channels = single ? dims[axis]! : 0;
    const place = frame.input(bits);
    const marks = frame.inout(alive.subarray(0, channels));
    const seen = frame.cleared(Math.ceil(channels / 8) + 8);
    if (!single || frame.full) return aliveChannels.plain(bits, dims, isChannel, alive);
    wasm.exports.aliveChannels(
      place,
      product(dims.slice(0, axis)),
      channels,
      product(dims.slice(axis + 1)),
      marks,
      seen,
    );
    frame.done();
  },
};

/** How far the channel number moves with each axis; 0 for axes inside a channel. */
function channelSteps(dims: readonly number[], isChannel: readonly boolean[]): number[] {
  const steps = new Array<number>(dims.length).fill(0);
  let step = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    if (!isChannel[axis]) continue;
    steps[axis] = step;
    step *= dims[axis]!;
  }
  return steps;
}
