import { raise } from '@espalier/base';

/** What one pickle may cost. Each is far above what frameworks write. */
export interface PickleLimits {
  readonly opcodes: number;
  /** Lists, tuples, dictionaries, objects. */
  readonly containers: number;
  /** Entries of dictionaries, and items that are copied from one container to another. */
  readonly items: number;
  readonly stack: number;
  readonly memo: number;
  readonly globals: number;
  /** A single string, and all of them. */
  readonly stringBytes: number;
  readonly allStringBytes: number;
  /** Python integers have any size; nobody counts further than this. */
  readonly integerBytes: number;
}

export const PICKLE_LIMITS: PickleLimits = {
  opcodes: 24_000_000,
  containers: 4_000_000,
  items: 8_000_000,
  stack: 4_000_000,
  memo: 8_000_000,
  globals: 100_000,
  stringBytes: 64 * 1024 * 1024,
  allStringBytes: 256 * 1024 * 1024,
  integerBytes: 256,
};

const NAMES: Readonly<Record<keyof PickleLimits, string>> = {
  opcodes: 'opcodes',
  containers: 'containers',
  items: 'items',
  stack: 'values on its stack',
  memo: 'remembered values',
  globals: 'names',
  stringBytes: 'bytes in one string',
  allStringBytes: 'bytes in strings',
  integerBytes: 'bytes in one integer',
};

/** Counts what a pickle costs, knows where in it the machine is, and raises its faults. */
export class Budget {
  /** Offset of the opcode at work. */
  at = 0;
  private readonly spent = { opcodes: 0, containers: 0, items: 0, allStringBytes: 0 };

  constructor(
    readonly file: string,
    readonly limits: PickleLimits,
  ) {}

  /** Adds to a total. */
  spend(what: keyof Budget['spent'], amount: number): void {
    this.spent[what] += amount;
    if (this.spent[what] > this.limits[what]) this.exceeded(what);
  }

  /** Checks a size that is no total. */
  check(what: keyof PickleLimits, size: number): void {
    if (size > this.limits[what]) this.exceeded(what, size);
  }

  private exceeded(what: keyof PickleLimits, found?: number): never {
    raise({
      code: 'pickle/too-large',
      file: this.file,
      offset: this.at,
      expected: this.limits[what],
      ...(found === undefined ? {} : { found }),
      message: `The pickle has more ${NAMES[what]} than are read.`,
    });
  }

  malformed(message: string): never {
    this.fault('pickle/malformed', message);
  }

  fault(code: string, message: string): never {
    raise({ code, file: this.file, offset: this.at, message });
  }
}
