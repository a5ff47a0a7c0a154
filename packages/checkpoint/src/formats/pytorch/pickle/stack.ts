import type { Budget } from './budget.js';
import type { Value } from './value.js';

/** The stack of the pickle machine. What lies below the last mark cannot be taken before the mark is. */
export class PickleStack {
  private readonly values: Value[] = [];
  private readonly marks: number[] = [];
  /** Height of the last mark. */
  private floor = 0;

  constructor(private readonly budget: Budget) {}

  get size(): number {
    return this.values.length;
  }

  push(value: Value): void {
    this.values.push(value);
  }

  pop(): Value {
    if (this.values.length <= this.floor) this.underflow();
    return this.values.pop()!;
  }

  top(): Value {
    if (this.values.length <= this.floor) this.underflow();
    return this.values[this.values.length - 1]!;
  }

  /** The last values, in the order in which they were pushed. */
  popSome(count: number): Value[] {
    const begin = this.values.length - count;
    if (begin < this.floor) this.underflow();
    return this.values.splice(begin, count);
  }

  mark(): void {
    this.marks.push(this.values.length);
    this.budget.check('stack', this.marks.length);
    this.floor = this.values.length;
  }

  /** Everything above the last mark; the mark goes too. */
  popMark(): Value[] {
    if (this.marks.length === 0) this.underflow();
    const values = this.values.splice(this.floor);
    this.dropMark();
    return values;
  }

  /** POP takes a mark when it is on top. */
  popValueOrMark(): void {
    if (this.marks.length > 0 && this.values.length === this.floor) this.dropMark();
    else this.pop();
  }

  private dropMark(): void {
    this.marks.pop();
    this.floor = this.marks.at(-1) ?? 0;
  }

  private underflow(): never {
    this.budget.malformed('An opcode takes more values than there are.');
  }
}
