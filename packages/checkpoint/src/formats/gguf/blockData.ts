import type { ByteSource } from '@espalier/tensor';
import type { DecodedData } from '../../checkpoint.js';
import type { Decoder } from './decoders/index.js';

/** Encoded bytes that are held at once while a long range is decoded. */
const BATCH_BYTES = 4_194_304;

/** Values of a tensor of blocks: whole blocks are read and decoded straight into place, only the ragged ends by way of a copy. */
export function blockData(
  source: ByteSource,
  begin: number,
  blockElements: number,
  blockBytes: number,
  decode: Decoder,
): DecodedData {
  const batch = Math.max(1, Math.floor(BATCH_BYTES / blockBytes));
  return {
    kind: 'decoded',
    blockElements,
    async read(from, count, signal) {
      const out = new Float32Array(count);
      const end = from + count;
      const lastBlock = Math.ceil(end / blockElements);
      for (let block = Math.floor(from / blockElements); block < lastBlock; ) {
        const blocks = Math.min(batch, lastBlock - block);
        const bytes = await source.read(begin + block * blockBytes, blocks * blockBytes, signal);
        const first = block * blockElements;
        const whole = first >= from && first + blocks * blockElements <= end;
        if (whole) decode(bytes, 0, blocks, out, first - from);
        else decodeRagged(bytes, blocks, first, from, out, blockElements, blockBytes, decode);
        block += blocks;
      }
      return out;
    },
  };
}

function decodeRagged(
  bytes: Uint8Array,
  blocks: number,
  first: number,
  from: number,
  out: Float32Array,
  blockElements: number,
  blockBytes: number,
  decode: Decoder,
): void {
  const one = new Float32Array(blockElements);
  const place = (block: number): number => first + block * blockElements - from;
  let begin = 0;
  let end = blocks;
  if (place(0) < 0) begin = 1;
  if (end > begin && place(end) > out.length) end--;
  decode(bytes, begin * blockBytes, end - begin, out, place(begin));
  for (const block of [begin === 1 ? 0 : -1, end < blocks ? end : -1]) {
    if (block < 0) continue;
    decode(bytes, block * blockBytes, 1, one, 0);
    const at = place(block);
    const skip = Math.max(0, -at);
    out.set(one.subarray(skip, Math.min(blockElements, out.length - at)), at + skip);
  }
}
