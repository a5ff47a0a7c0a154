import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { attempt, type Fault, sizeOf } from '@espalier/base';
import { type Checkpoint, openCheckpoint, readValues, type TensorEntry } from '@espalier/checkpoint';
import { byteLength, memorySource } from '@espalier/tensor';
import { type Mutation, mutations } from './mutations.js';

/** Longest time that a spoilt file of a few kilobytes may take, far above what any takes. */
const MAX_MS = 5000;
/** Values read of each tensor. */
const MAX_VALUES = 4096;

/** How often each thing happened, for a test that wants to see both: faults, and files that are still readable. */
export interface Outcomes {
  files: number;
  faults: number;
  opened: number;
  tensors: number;
  unreadable: number;
}

/**
 * Opens spoilt copies of a file and reads what they offer. Throws when an outcome is not a `Result`, when a listed tensor contradicts itself,
 * or when it takes too long; the message names the file, the seed and what was done, so that the case can be kept.
 * `around` are the files of its folder, by name.
 */
export function survive(
  name: string,
  bytes: Uint8Array,
  seed: number,
  count: number,
  around: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<Outcomes> {
  return surviveCopies(name, mutations(bytes, seed, count), seed, around);
}

/** The same with copies that the test spoilt in its own way. */
export async function surviveCopies(
  name: string,
  copies: Iterable<Mutation>,
  seed: number,
  around: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<Outcomes> {
  const outcomes: Outcomes = { files: 0, faults: 0, opened: 0, tensors: 0, unreadable: 0 };
  let index = 0;
  for (const mutation of copies) {
    const began = performance.now();
    try {
      await examine(name, mutation.bytes, around, outcomes);
    } catch (error) {
      throw new Error(`${name}, seed ${seed}, mutation ${index} (${mutation.what}): ${describe(error)}`, {
        cause: error,
      });
    }
    const ms = performance.now() - began;
    if (ms > MAX_MS)
      throw new Error(`${name}, seed ${seed}, mutation ${index} (${mutation.what}) took ${Math.round(ms)} ms`);
    index++;
  }
  return outcomes;
}

/** A fixture file (or a file of a fixture folder) with its neighbours, for `survive`. */
export function fixtureFolder(path: string): { name: string; bytes: Uint8Array; around: Map<string, Uint8Array> } {
  const folder = dirname(path);
  const files = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
  const around = new Map(files.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
  return { name: basename(path), bytes: around.get(basename(path))!, around };
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

async function examine(
  name: string,
  bytes: Uint8Array,
  around: ReadonlyMap<string, Uint8Array>,
  outcomes: Outcomes,
): Promise<void> {
  const source = memorySource(name, bytes, new Map([...around, [name, bytes]]));
  outcomes.files++;
  const opened = await openCheckpoint(source);
  if (!opened.ok) {
    outcomes.faults++;
    checkFault(opened.fault);
    return;
  }
  outcomes.opened++;
  const checkpoint = opened.value;
  checkList(checkpoint);
  for (const tensor of checkpoint.tensors) {
    outcomes.tensors++;
    if (!(await checkTensor(tensor))) outcomes.unreadable++;
  }
  await checkpoint.close();
}

function checkFault(fault: Fault): void {
  if (!/^[a-z0-9-]+\/[a-z0-9-]+$/.test(fault.code)) throw new Error(`fault code ${fault.code}`);
  if (fault.message.length === 0 || fault.message.length > 10_000)
    throw new Error(`fault message of ${fault.message.length} characters`);
  if (fault.offset !== undefined && !Number.isFinite(fault.offset)) throw new Error(`fault offset ${fault.offset}`);
  JSON.stringify(fault);
}

function checkList({ tensors, findings, metadata }: Checkpoint): void {
  const names = new Set(tensors.map((tensor) => tensor.name));
  if (names.size !== tensors.length) throw new Error('two tensors have one name');
  for (const { code, message } of findings) {
    if (code === '' || message === '') throw new Error('a finding says nothing');
  }
  for (const value of Object.values(metadata)) if (typeof value !== 'string') throw new Error('metadata is no text');
}

/** True when some values could be read. */
async function checkTensor(tensor: TensorEntry): Promise<boolean> {
  const { data, elements, shape, bytes } = tensor;
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0))
    throw new Error(`${tensor.name}: shape ${shape}`);
  if (!Number.isSafeInteger(elements) || elements < 0) throw new Error(`${tensor.name}: ${elements} elements`);
  if (data.kind !== 'none' && elements !== sizeOf(shape))
    throw new Error(`${tensor.name}: ${elements} elements of ${shape}`);
  if (!Number.isFinite(bytes) || bytes < 0) throw new Error(`${tensor.name}: ${bytes} bytes`);
  if (data.kind === 'none') return false;
  if (
    data.kind === 'raw' &&
    (data.begin < 0 || data.begin + byteLength(data.dtype, elements) > data.source.sizeBytes)
  ) {
    throw new Error(`${tensor.name}: its raw data lies outside of the file`);
  }
  const count = Math.min(elements, MAX_VALUES);
  for (const begin of new Set([0, elements - count])) {
    const values = await attempt(() => readValues(tensor, begin, count));
    if (!values.ok) {
      checkFault(values.fault);
      return false;
    }
    if (values.value.length !== count)
      throw new Error(`${tensor.name}: ${values.value.length} values instead of ${count}`);
  }
  return true;
}
