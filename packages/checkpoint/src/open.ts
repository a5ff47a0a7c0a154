import { attempt, type Fault, type Result, raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, OpenOptions } from './checkpoint.js';
import { formats } from './formats/index.js';
import { raiseIfPointer } from './pointer.js';
import { raiseIfText } from './text.js';

/** Enough for every magic number, and for telling a pointer file from a model. */
const HEAD_BYTES = 4096;

/**
 * Opens a checkpoint of any known format: sniffs the first bytes and hands over. Reads headers only.
 * Faults: `checkpoint/unknown-format`, `checkpoint/text`, `checkpoint/lfs-pointer`, `checkpoint/dvc-pointer`, `checkpoint/empty`, and those of the format.
 */
export function openCheckpoint(source: ByteSource, options: OpenOptions = {}): Promise<Result<Checkpoint, Fault>> {
  return attempt(async () => {
    try {
      const head = await source.read(0, Math.min(HEAD_BYTES, source.sizeBytes), options.signal);
      if (head.length === 0)
        raise({ code: 'checkpoint/empty', message: 'The file is empty.', file: source.name, offset: 0 });
      raiseIfPointer(head, source.name);
      raiseIfText(head, source.name);
      const format = formats.find((candidate) => candidate.matches(head, source));
      if (format === undefined) {
        raise({
          code: 'checkpoint/unknown-format',
          message: 'No known checkpoint format begins like this file.',
          file: source.name,
          offset: 0,
          expected: 'safetensors, PyTorch, ONNX, TFLite, TensorFlow.js, Keras, HDF5, TensorFlow, NumPy or GGUF',
          found: hex(head.subarray(0, 8)),
        });
      }
      return await format.open(source, options);
    } catch (error) {
      await source.close();
      throw error;
    }
  });
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
