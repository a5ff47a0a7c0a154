import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { PICKLE_LIMITS, type PickleLimits } from './budget.js';
import { PickleMachine } from './machine.js';
import type { PyGlobal, PyObject, Value } from './value.js';

/** A pickle as data. */
export interface Pickle {
  readonly value: Value;
  /** Offset of the byte after its STOP. */
  readonly end: number;
  /** Everything importable that it names, in order of first mention, with the offset of that mention. */
  readonly globals: readonly { readonly global: PyGlobal; readonly offset: number }[];
  /** Identifiers of everything that it refers to outside of itself. */
  readonly persistent: readonly Value[];
  /** Storages that it holds as byte strings, each a PyTorch file of its own. */
  readonly nested: readonly PyObject[];
}

/** Most pickles are short; long ones are read in larger pieces. */
const FIRST_WINDOW_BYTES = 16 * 1024;
const WINDOW_BYTES = 256 * 1024;

/**
 * Reads the pickle that begins at an offset, window by window; long byte strings are passed over and stay in the file.
 * Executes nothing. Faults: `pickle/…`, `checkpoint/truncated`.
 */
export async function readPickle(
  source: ByteSource,
  begin: number,
  signal?: AbortSignal,
  limits: PickleLimits = PICKLE_LIMITS,
): Promise<Pickle> {
  const machine = new PickleMachine(source.name, limits);
  let at = begin;
  let need = 1;
  let want = 1;
  let window = FIRST_WINDOW_BYTES;
  do {
    if (at + need > source.sizeBytes) {
      raise({
        code: 'checkpoint/truncated',
        file: source.name,
        offset: at,
        expected: at + need,
        found: source.sizeBytes,
        message: `The pickle goes on at ${at} with at least ${need} bytes, the file ends at ${source.sizeBytes}.`,
        hint: 'It may be an unfinished download.',
      });
    }
    const length = Math.min(Math.max(want, window), source.sizeBytes - at);
    const stop = machine.run(await source.read(at, length, signal), at);
    at = stop.at;
    need = stop.need;
    want = stop.want;
    window = WINDOW_BYTES;
  } while (need > 0);
  const { value, persistent, nested } = machine;
  return { value, end: at, globals: [...machine.globals.values()], persistent, nested };
}
