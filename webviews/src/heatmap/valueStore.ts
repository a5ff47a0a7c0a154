import type { ValuesAnswer } from '@espalier/protocol';

/** One value of the matrix. */
export interface CellValue {
  /** null: the layout has no value there. */
  readonly value: number | null;
  /** Index within the tensor. */
  readonly index: readonly number[] | null;
}

export interface ValueWindow {
  readonly rowBegin: number;
  readonly rowEnd: number;
  readonly columnBegin: number;
  readonly columnEnd: number;
}

/** Values are asked for in squares of this side, so that a cell's neighbours are there before the pointer is. */
const BLOCK = 32;
const CAPACITY = 64;

/** Single values by block, asked for once. The newest question aborts none: blocks are small and soon wanted again. */
export class ValueStore {
  private readonly blocks = new Map<string, { readonly window: ValueWindow; readonly answer: ValuesAnswer }>();
  private readonly asked = new Map<string, AbortController>();
  private readonly broken = new Set<string>();

  constructor(
    private readonly rows: number,
    private readonly columns: number,
    private readonly load: (window: ValueWindow, signal: AbortSignal) => Promise<ValuesAnswer>,
    private readonly changed: () => void,
  ) {}

  /** The value if it is there; else it is asked for and `changed` is called when it came. */
  get(row: number, column: number): CellValue | undefined {
    const rowBegin = row - (row % BLOCK);
    const columnBegin = column - (column % BLOCK);
    const key = `${rowBegin}:${columnBegin}`;
    const block = this.blocks.get(key);
    if (block === undefined) {
      this.ask(key, rowBegin, columnBegin);
      return undefined;
    }
    const width = block.window.columnEnd - columnBegin;
    const at = (row - rowBegin) * width + (column - columnBegin);
    const value = block.answer.values[at];
    return {
      value: value === null || value === undefined ? null : typeof value === 'string' ? fromText(value) : value,
      index: block.answer.indices[at] ?? null,
    };
  }

  close(): void {
    for (const controller of this.asked.values()) controller.abort();
  }

  private ask(key: string, rowBegin: number, columnBegin: number): void {
    if (this.asked.has(key) || this.broken.has(key)) return;
    const window = {
      rowBegin,
      rowEnd: Math.min(this.rows, rowBegin + BLOCK),
      columnBegin,
      columnEnd: Math.min(this.columns, columnBegin + BLOCK),
    };
    const controller = new AbortController();
    this.asked.set(key, controller);
    this.load(window, controller.signal).then(
      (answer) => {
        this.asked.delete(key);
        this.blocks.set(key, { window, answer });
        const oldest = this.blocks.keys().next();
        if (this.blocks.size > CAPACITY && !oldest.done) this.blocks.delete(oldest.value);
        this.changed();
      },
      () => {
        this.asked.delete(key);
        this.broken.add(key);
      },
    );
  }
}

/** Non-finite numbers travel as text, because JSON has none. */
function fromText(text: string): number {
  if (/^[-−]/.test(text)) return Number.NEGATIVE_INFINITY;
  return /inf/i.test(text) ? Number.POSITIVE_INFINITY : Number.NaN;
}
