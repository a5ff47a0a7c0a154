import type { Work } from '@espalier/base';
import type { PrunableLayer } from '@espalier/pruning';
import { blocksEntry, blocksOutput, type GgufType, ggufBytes, whyNoBlocks } from '@espalier/quantization';
import { lossBetween } from './lossBetween.js';
import type { Quantized } from './toCodes.js';

/** Blocks of 32 weights as GGUF has them. Raises faults of the source. */
export async function toBlocks({ head, entry }: PrunableLayer, type: GgufType, work: Work): Promise<Quantized> {
  const why = whyNoBlocks(entry);
  if (why !== null) return { kind: 'kept', why };
  const after = blocksEntry(entry, type);
  const loss = await lossBetween(entry, after, work);
  if (!loss.ok) return { kind: 'fault', fault: loss.fault };
  const bytes = ggufBytes(entry.elements, type);
  return {
    kind: 'done',
    replacement: {
      head: { ...head, dtype: 'F32', storage: type, bytes },
      entry: after,
      stored: (format) =>
        format === 'gguf'
          ? { outputs: [blocksOutput(entry, type)] }
          : {
              outputs: [],
              refusal: {
                code: 'quantize/no-place',
                message: `Blocks of ${type} are of GGUF: ${format} files have no place for them.`,
                expected: 'gguf',
                found: format,
                hint: 'Quantize by the method post-training.',
              },
            },
      quantization: {
        ...loss.value,
        scheme: type,
        bits: type === 'Q8_0' ? 8 : 4,
        bitsPerWeight: (8 * bytes) / entry.elements,
        granularity: 'blocks of 32',
      },
    },
  };
}
