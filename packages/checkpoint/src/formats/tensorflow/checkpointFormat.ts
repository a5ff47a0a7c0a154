import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Format } from '../../checkpoint.js';
import { brief } from '../../names.js';
import { unreadableFindings } from '../../values/unreadable.js';
import { openBundle } from './bundle.js';

const SHARD = /^(.*)\.data-\d{5}-of-\d{5}$/;

/** A TensorFlow checkpoint by its index, `….index`; data shards stand beside it. */
export const tensorflowCheckpoint: Format = {
  name: 'tf-checkpoint',
  matches: (head, source) => source.name.endsWith('.index') && !looksLikeText(head),
  open: async (source, { signal }) => openIndex(source, signal),
};

/** A data shard, or the small text file `checkpoint` that names the latest of several: opens the index that belongs to it. */
export const tensorflowShard: Format = {
  name: 'tf-checkpoint-shard',
  matches: (head, source) =>
    SHARD.test(source.name) ||
    (source.name === 'checkpoint' && new TextDecoder().decode(head.subarray(0, 23)) === 'model_checkpoint_path: '),
  async open(source, { signal }) {
    const prefix = SHARD.exec(source.name)?.[1] ?? (await latestPrefix(source, signal));
    const index = await source.sibling(`${prefix}.index`);
    if (!index.ok) {
      raise({
        code: 'checkpoint/index-missing',
        file: source.name,
        offset: 0,
        expected: `${prefix}.index`,
        message: `The names and shapes of a TensorFlow checkpoint are in ${brief(prefix)}.index, which cannot be opened: ${index.fault.message}`,
      });
    }
    try {
      const checkpoint = await openIndex(index.value, signal);
      return {
        ...checkpoint,
        files: [
          { name: source.name, sizeBytes: source.sizeBytes },
          ...checkpoint.files.filter(({ name }) => name !== source.name),
        ],
        async close() {
          await checkpoint.close();
          await source.close();
        },
      };
    } catch (error) {
      await index.value.close();
      throw error;
    }
  },
};

async function openIndex(source: ByteSource, signal: AbortSignal | undefined): Promise<Checkpoint> {
  const bundle = await openBundle(source, signal);
  return {
    format: 'tf-checkpoint',
    formatLabel: 'TensorFlow checkpoint',
    tensors: bundle.entries,
    metadata: {},
    findings: [...bundle.findings, ...unreadableFindings(bundle.entries)],
    files: bundle.files,
    close: () => bundle.close(),
  };
}

/** CheckpointState in text form: `model_checkpoint_path: "ckpt-12"`. Of an absolute path, which names where it was written, the base name counts. */
async function latestPrefix(source: ByteSource, signal: AbortSignal | undefined): Promise<string> {
  const text = new TextDecoder().decode(await source.read(0, Math.min(source.sizeBytes, 4096), signal));
  const path = /^model_checkpoint_path: "((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  if (path !== undefined)
    return /^(?:[\\/]|[a-z]:)/i.test(path)
      ? path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
      : path;
  return raise({
    code: 'checkpoint/header-malformed',
    file: source.name,
    offset: 0,
    message: 'The file names no checkpoint.',
  });
}

function looksLikeText(head: Uint8Array): boolean {
  return (
    head.length > 0 &&
    head.subarray(0, 64).every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte !== 127))
  );
}
