import { type Shape, sizeOf } from '@espalier/base';

/** What shares a scale: the whole tensor, each index of an axis, or so many consecutive elements of a row. */
export type Granularity =
  | { readonly kind: 'tensor' }
  | { readonly kind: 'channel'; readonly axis: number }
  /** `columns` is the length of a row. */
  | { readonly kind: 'group'; readonly size: number; readonly columns: number };

/** The elements of a tensor, divided among scales. */
export interface Cells {
  readonly granularity: Granularity;
  readonly count: number;
  /** Shape of the scales: `[]`, `[channels]`, `[rows, groups]`. */
  readonly shape: Shape;
  /** Goes through elements `begin` to `begin + count` in C order, run by run of one cell. */
  walk(begin: number, count: number, visit: (offset: number, length: number, cell: number) => void): void;
}

/**
 * Divides a tensor. Groups lie along rows; the last of a row may be short, and one longer than the row is the row. The axis of `channel` must be
 * one of the tensor's.
 */
export function cellsOf(shape: Shape, granularity: Granularity): Cells {
  switch (granularity.kind) {
    case 'tensor':
      return { granularity, count: 1, shape: [], walk: (_, count, visit) => void (count > 0 && visit(0, count, 0)) };
    case 'channel': {
      const channels = shape[granularity.axis] ?? 1;
      const inner = shape.slice(granularity.axis + 1).reduce((product, length) => product * length, 1);
      return {
        granularity,
        count: channels,
        shape: [channels],
        walk: runs(inner, (run) => run % channels),
      };
    }
    case 'group': {
      const { columns } = granularity;
      const rows = columns === 0 ? 0 : sizeOf(shape) / columns;
      const size = Math.min(granularity.size, Math.max(1, columns));
      const perRow = Math.ceil(columns / size);
      return { granularity, count: rows * perRow, shape: [rows, perRow], walk: groups(columns, size, perRow) };
    }
  }
}

const runs =
  (length: number, cellOf: (run: number) => number): Cells['walk'] =>
  (begin, count, visit) => {
    for (let at = begin; at < begin + count; ) {
      const run = Math.floor(at / length);
      const end = Math.min((run + 1) * length, begin + count);
      visit(at - begin, end - at, cellOf(run));
      at = end;
    }
  };

const groups =
  (columns: number, size: number, perRow: number): Cells['walk'] =>
  (begin, count, visit) => {
    for (let at = begin; at < begin + count; ) {
      const row = Math.floor(at / columns);
      const group = Math.floor((at - row * columns) / size);
      const end = Math.min(row * columns + Math.min(columns, (group + 1) * size), begin + count);
      visit(at - begin, end - at, row * perRow + group);
      at = end;
    }
  };
