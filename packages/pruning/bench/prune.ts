import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { idleWork, ok } from '@espalier/base';
import { entryOutput, type OutputFolder, openCheckpoint, writerFor } from '@espalier/checkpoint';
import { toHeads } from '@espalier/model';
import { blockingSource } from '../../analysis/bench/files.js';
import { maskedOutput } from '../src/applyMask.js';
import { chooseLayers, NO_RULES } from '../src/chooseLayers.js';
import type { PrunableLayer } from '../src/layer.js';
import { methods } from '../src/methods.js';

/** Prunes a file by magnitude, model-wide, and writes it: what the product does between opening and renaming. Answers how many weights went. */
export async function prune(path: string, to: string, method = 'magnitude', options = {}): Promise<number> {
  const opened = await openCheckpoint(blockingSource(path));
  if (!opened.ok) throw new Error(opened.fault.message);
  const checkpoint = opened.value;
  const heads = toHeads(checkpoint);
  const layers = checkpoint.tensors.map((entry, i): PrunableLayer => ({ head: heads[i]!, entry }));
  const chosen = new Set(chooseLayers(heads, [NO_RULES]).chosen.map(({ name }) => name));
  const work = idleWork();
  const answer = await methods
    .find(({ description }) => description.name === method)!
    .masks(
      layers.filter(({ head }) => chosen.has(head.name)),
      { sparsity: 0.8, scope: 'model', ...options },
      { work, open: async () => ok([]) },
    );
  if (!answer.ok) throw new Error(answer.fault.message);
  const { masks } = answer.value;
  const tensors = layers.map((layer) => {
    const mask = masks.get(layer.head.name);
    return mask === undefined ? entryOutput(layer.entry) : maskedOutput(layer, mask);
  });
  const folder = fileFolder(dirname(to));
  const content = { tensors, metadata: checkpoint.metadata, input: checkpoint };
  await writerFor(to, null)!.write(folder, basename(to), content, work);
  await folder.commit();
  await checkpoint.close();
  return [...masks.values()].reduce((sum, { elements, kept }) => sum + elements - kept, 0);
}

/** As `packages/host` has it. */
const PIECE_BYTES = 128 * 1024;

/** Files written as the product writes them, without waiting for the disk: `cp` does not either. */
export function fileFolder(folder: string): OutputFolder {
  const parts: { name: string; path: string; size: number; close(): Promise<void> }[] = [];
  return {
    async create(name) {
      const path = join(folder, `.${name}.part`);
      const handle = await open(path, 'w');
      const part = { name, path, size: 0, close: () => handle.close() };
      parts.push(part);
      const piece = async (bytes: Uint8Array, at: number): Promise<void> => {
        for (let done = 0; done < bytes.length; )
          done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
      };
      const put = async (bytes: Uint8Array, at: number): Promise<void> => {
        const pieces: Promise<void>[] = [];
        for (let from = 0; from < bytes.length; from += PIECE_BYTES)
          pieces.push(piece(bytes.subarray(from, from + PIECE_BYTES), at + from));
        await Promise.all(pieces);
      };
      return ok({
        get position() {
          return part.size;
        },
        async write(bytes) {
          await put(bytes, part.size);
          part.size += bytes.length;
        },
        patch: (begin, bytes) => put(bytes, begin),
      });
    },
    async commit() {
      for (const { path, name, close } of parts) {
        await close();
        await rename(path, join(folder, name));
      }
      return ok(parts.map(({ name, size }) => ({ name, sizeBytes: size })));
    },
    async discard() {
      for (const { path } of parts) await rm(path, { force: true });
    },
  };
}
