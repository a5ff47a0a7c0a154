import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { OVERVIEW_CELLS, overviewWindow, TILE_CELLS, type TileWindow, tileKey, tilesFor } from './tileGrid.js';
import { TileStore } from './tileStore.js';
import { ValueStore, type ValueWindow } from './valueStore.js';

const SIZE = { rows: 1000, columns: 2000, kernelRows: 1, kernelColumns: 1 };

describe('the grid of tiles', () => {
  test('covers the part, inside the matrix, without overlap', () =>
    fc.assert(
      fc.property(
        fc.nat(999),
        fc.nat(1999),
        fc.nat(300),
        fc.nat(300),
        fc.constantFrom(1, 3, 12),
        (row, column, height, width, step) => {
          const part = {
            rowBegin: row,
            rowEnd: Math.min(SIZE.rows, row + height + 1),
            columnBegin: column,
            columnEnd: Math.min(SIZE.columns, column + width + 1),
          };
          const windows = tilesFor(part, SIZE, step);
          const covering = (r: number, c: number): number =>
            windows.filter((w) => r >= w.rowBegin && r < w.rowEnd && c >= w.columnBegin && c < w.columnEnd).length;
          expect(covering(part.rowBegin, part.columnBegin)).toBe(1);
          expect(covering(part.rowEnd - 1, part.columnEnd - 1)).toBe(1);
          for (const window of windows) {
            expect(window.rowEnd).toBeLessThanOrEqual(SIZE.rows);
            expect(window.rowBegin % (TILE_CELLS * step)).toBe(0);
          }
        },
      ),
    ));

  test('names the whole by a step that keeps it small', () => {
    expect(overviewWindow(SIZE)).toEqual({ rowBegin: 0, rowEnd: 1000, columnBegin: 0, columnEnd: 2000, step: 11 });
    expect(Math.ceil(2000 / 11)).toBeLessThanOrEqual(OVERVIEW_CELLS);
    expect(overviewWindow({ ...SIZE, rows: 10, columns: 10 }).step).toBe(1);
  });

  test('a key tells windows apart', () => {
    const all = [
      ...tilesFor({ rowBegin: 0, rowEnd: 900, columnBegin: 0, columnEnd: 1900 }, SIZE, 1),
      overviewWindow(SIZE),
    ];
    expect(new Set(all.map(tileKey)).size).toBe(all.length);
  });
});

/** A host that answers when told to. */
function slowHost() {
  const asked: {
    window: TileWindow;
    signal: AbortSignal;
    resolve(tile: string): void;
    reject(error: unknown): void;
  }[] = [];
  const load = (window: TileWindow, signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      asked.push({ window, signal, resolve, reject });
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  return { asked, load };
}

const windows = (...rows: number[]): TileWindow[] =>
  rows.map((row) => ({ rowBegin: row, rowEnd: row + 1, columnBegin: 0, columnEnd: 1, step: 1 }));
const settle = () => new Promise((resolve) => setTimeout(resolve));

describe('the store of tiles', () => {
  test('asks once for each window, a few at a time, in order', async () => {
    const { asked, load } = slowHost();
    const changed = vi.fn();
    const store = new TileStore(load, changed, () => {});
    store.want(windows(0, 1, 2, 3, 4, 5));
    store.want(windows(0, 1, 2, 3, 4, 5));
    expect(asked.map(({ window }) => window.rowBegin)).toEqual([0, 1, 2, 3]);
    asked[1]!.resolve('b');
    await settle();
    expect(changed).toHaveBeenCalledTimes(1);
    expect(store.get(windows(1)[0]!)).toBe('b');
    expect(asked.map(({ window }) => window.rowBegin)).toEqual([0, 1, 2, 3, 4]);
    expect(store.busy).toBe(true);
  });

  test('aborts what is no longer wanted, and asks for the new at once', async () => {
    const { asked, load } = slowHost();
    const failed = vi.fn();
    const store = new TileStore(load, () => {}, failed);
    store.want(windows(0, 1, 2, 3, 4));
    store.want(windows(3, 7));
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, true, true, false, false]);
    expect(asked.at(-1)!.window.rowBegin).toBe(7);
    await settle();
    expect(failed).not.toHaveBeenCalled();
  });

  test('does not ask again for what failed', async () => {
    const { asked, load } = slowHost();
    const failed = vi.fn();
    const store = new TileStore(load, () => {}, failed);
    store.want(windows(0));
    asked[0]!.reject(new Error('short file'));
    await settle();
    store.want(windows(0));
    expect(asked).toHaveLength(1);
    expect(failed).toHaveBeenCalledTimes(1);
  });

  test('forgets the longest unused first, never what is wanted', async () => {
    const { asked, load } = slowHost();
    const store = new TileStore(
      load,
      () => {},
      () => {},
      2,
    );
    for (const row of [0, 1]) {
      store.want(windows(row));
      asked.at(-1)!.resolve(`tile ${row}`);
      await settle();
    }
    store.get(windows(0)[0]!);
    store.want(windows(0, 2));
    asked.at(-1)!.resolve('tile 2');
    await settle();
    expect(windows(0, 1, 2).map((window) => store.get(window))).toEqual(['tile 0', undefined, 'tile 2']);
  });

  test('a closed store aborts and stays quiet', async () => {
    const { asked, load } = slowHost();
    const changed = vi.fn();
    const store = new TileStore(load, changed, () => {});
    store.want(windows(0));
    store.close();
    asked[0]!.resolve('late');
    await settle();
    expect(asked[0]!.signal.aborted).toBe(true);
    expect(changed).not.toHaveBeenCalled();
    store.want(windows(1));
    expect(asked).toHaveLength(1);
  });
});

describe('single values', () => {
  const answerFor = (window: ValueWindow) => {
    const values: (number | string | null)[] = [];
    const indices: (readonly number[] | null)[] = [];
    for (let row = window.rowBegin; row < window.rowEnd; row++) {
      for (let column = window.columnBegin; column < window.columnEnd; column++) {
        values.push(
          row === 1 && column === 1
            ? 'NaN'
            : row === 1 && column === 2
              ? '-Infinity'
              : column === 49
                ? null
                : row * 100 + column,
        );
        indices.push(column === 49 ? null : [row, column]);
      }
    }
    return { values, indices };
  };

  test('come in blocks that are asked for once', async () => {
    const load = vi.fn(async (window: ValueWindow) => answerFor(window));
    const changed = vi.fn();
    const store = new ValueStore(40, 50, load, changed);
    expect(store.get(35, 45)).toBeUndefined();
    expect(store.get(36, 46)).toBeUndefined();
    await settle();
    expect(load).toHaveBeenCalledTimes(1);
    expect(load.mock.calls[0]![0]).toEqual({ rowBegin: 32, rowEnd: 40, columnBegin: 32, columnEnd: 50 });
    expect(changed).toHaveBeenCalledTimes(1);
    expect(store.get(35, 45)).toEqual({ value: 3545, index: [35, 45] });
    expect(store.get(39, 49)).toEqual({ value: null, index: null });
  });

  test('keep what is not finite', async () => {
    const store = new ValueStore(
      40,
      50,
      async (window) => answerFor(window),
      () => {},
    );
    store.get(0, 0);
    await settle();
    expect(store.get(1, 1)!.value).toBeNaN();
    expect(store.get(1, 2)!.value).toBe(Number.NEGATIVE_INFINITY);
  });
});
