import { attempt, type Fault, type Result, raise } from '@espalier/base';
import { openCheckpoint } from '@espalier/checkpoint';
import { toHeads } from '@espalier/model';
import { findDoor } from '../door.js';
import type { Files } from '../ports.js';
import { nearestName } from '../resolve/nearestName.js';
import { baseName, parentOf } from '../resolve/paths.js';
import type { EditState } from './edited.js';

export interface OpenInput {
  /** The file that was opened: of a folder, the one that stands for it. */
  readonly path: string;
  readonly name: string;
  readonly state: EditState;
}

/** Opens the checkpoint that a recipe starts from; a folder of a model is one too. */
export function openInput(files: Files, path: string, signal: AbortSignal): Promise<Result<OpenInput, Fault>> {
  return attempt(async () => {
    const door = await findDoor(files, path);
    const source = await files.open(door, signal);
    if (!source.ok) raise(await withNearest(files, path, source.fault));
    const opened = await openCheckpoint(source.value, { signal });
    if (!opened.ok) raise(opened.fault);
    const checkpoint = opened.value;
    const heads = toHeads(checkpoint);
    const tensors = checkpoint.tensors.map((entry, i) => ({ head: heads[i]!, entry, steps: [], leftAlone: null }));
    return { path: door, name: baseName(door), state: { checkpoint, tensors, notes: [] } };
  });
}

/** Of a file that is not there, the one beside it that was likely meant. */
async function withNearest(files: Files, path: string, fault: Fault): Promise<Fault> {
  if (fault.hint !== undefined || (await files.stat(path)) !== null) return fault;
  const entries = await files.list(parentOf(path));
  const meant = nearestName(
    baseName(path),
    entries.map(({ name }) => name),
  );
  return meant === null ? fault : { ...fault, hint: `Did you mean ${meant}?` };
}
