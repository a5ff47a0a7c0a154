import { type Fault, fail, ok, type Result } from '@espalier/base';
import { type Checkpoint, openCheckpoint } from '@espalier/checkpoint';
import { toHeads } from '@espalier/model';
import type { ByteSource } from '@espalier/tensor';
import { findDoor } from '../door.js';
import type { Files } from '../ports.js';
import { baseName } from '../resolve/paths.js';
import type { EditState } from './edited.js';

export interface OpenInput {
  readonly path: string;
  readonly name: string;
  readonly checkpoint: Checkpoint;
  readonly state: EditState;
}

/** Opens the checkpoint that a recipe starts from. Raises what `findDoor` raises; a folder of a model is a checkpoint too. */
export async function openInput(files: Files, path: string, signal: AbortSignal): Promise<Result<OpenInput, Fault>> {
  const door = await findDoor(files, path);
  const source = await files.open(door, signal);
  if (!source.ok) return fail(source.fault);
  const opened = await openCheckpoint(source.value satisfies ByteSource, { signal });
  if (!opened.ok) return fail(opened.fault);
  const checkpoint = opened.value;
  const heads = toHeads(checkpoint);
  const tensors = checkpoint.tensors.map((entry, i) => {
    const head = heads[i]!;
    return { original: { head, entry }, head, entry, steps: [], leftAlone: null, patterns: [] };
  });
  return ok({ path, name: baseName(door), checkpoint, state: { checkpoint, tensors, notes: [] } });
}
