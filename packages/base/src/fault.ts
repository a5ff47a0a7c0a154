import { fail, ok, type Result } from './result.js';

/** Something that is wrong with a file, an index or an environment, as plain data that survives any wire. */
export interface Fault {
  /** `area/what`, such as `checkpoint/truncated`. Stable: documentation and tests refer to it. */
  readonly code: string;
  /** One calm sentence with the numbers in it, without the file name. */
  readonly message: string;
  /** Name of the file as the person knows it: a base name or a path relative to what was opened. */
  readonly file?: string;
  /** Byte offset in `file` where the trouble was found. */
  readonly offset?: number;
  readonly expected?: string | number;
  readonly found?: string | number;
  /** What to do about it, as a sentence or a command. */
  readonly hint?: string;
}

/** A fault on its way through a deep reader. It is turned into a `Result` at the folder's door by `attempt`. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
  constructor(readonly fault: Fault) {
    super(describeFault(fault));
  }
}

export function raise(fault: Fault): never {
  throw new FaultError(fault);
}

/** Runs a reader; faults become results, aborts and bugs keep flying. */
export async function attempt<T>(run: () => Promise<T>): Promise<Result<T, Fault>> {
  try {
    return ok(await run());
  } catch (error) {
    if (error instanceof FaultError) return fail(error.fault);
    throw error;
  }
}

/** `x.safetensors: header says 9 PB at byte 0, …`: one line for a person, at the edge of the product. */
export function describeFault(fault: Fault): string {
  const place = fault.file === undefined ? '' : `${fault.file}: `;
  const at = fault.offset === undefined ? '' : ` (at byte ${fault.offset.toLocaleString('en-US')})`;
  const detail =
    fault.expected === undefined || fault.expected === fault.found
      ? ''
      : ` Expected ${fault.expected}${fault.found === undefined ? '' : `, found ${fault.found}`}.`;
  const hint = fault.hint === undefined ? '' : ` ${fault.hint}`;
  return `${place}${fault.message}${at}${detail}${hint}`;
}
