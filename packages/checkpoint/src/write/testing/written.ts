import { idleWork } from '@espalier/base';
import { memorySource } from '@espalier/tensor';
import type { Checkpoint, TensorEntry } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';
import { entryOutput } from '../entryOutput.js';
import type { OutputContent, OutputTensor, Writer } from '../output.js';
import { halved } from './halved.js';
import { MemoryFolder } from './memoryFolder.js';

export type Files = ReadonlyMap<string, Uint8Array>;

/** A checkpoint in memory with the files beside it. For tests. */
export interface Input {
  readonly name: string;
  readonly files: Files;
  readonly checkpoint: Checkpoint;
}

export const PROVENANCE = { 'espalier.recipe': 'input: x\nsteps: []\n', 'espalier.seed': '7' };

export async function openFiles(files: Files, name: string): Promise<Checkpoint> {
  const opened = await openCheckpoint(memorySource(name, files.get(name)!, files));
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

/** The input of a name among files in memory. */
export async function inputOf(files: Files, name: string): Promise<Input> {
  return { name, files, checkpoint: await openFiles(files, name) };
}

/** Texts and what cannot be read stay in the container: no output holds them. */
export const numbersOf = ({ tensors }: Checkpoint): TensorEntry[] =>
  tensors.filter(({ data, elements }) => data.kind !== 'none' || elements === 0);

/** Every tensor that a step could prune, pruned. */
export const prunedTensors = ({ checkpoint }: Input): OutputTensor[] =>
  numbersOf(checkpoint).map((entry) => halved(entry) ?? entryOutput(entry));

/** What a writer makes of it; unchanged where no tensors are given. */
export async function writeInput(
  writer: Writer,
  { checkpoint }: Input,
  name: string,
  more: Partial<OutputContent> = {},
): Promise<Files> {
  const out = new MemoryFolder();
  const content = { tensors: numbersOf(checkpoint).map(entryOutput), metadata: {}, input: checkpoint, ...more };
  const refusal = writer.refuses(content);
  if (refusal !== null) throw new Error(refusal.message);
  await writer.write(out, name, content, idleWork());
  await out.commit();
  return out.files;
}
