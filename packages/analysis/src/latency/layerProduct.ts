/** The matrix product that a layer is: rows are output channels, the inner dimension its inputs, columns what it is applied to. */
export interface LayerProduct {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** A convolution in groups is so many products of this size, each with inputs of its own. Absent: one. */
  readonly groups?: number;
}

/** A part of a product that fits into memory, and how many times it goes into the whole. */
export interface ProductPart extends LayerProduct {
  readonly times: number;
}

/** Bytes of operands that are held at once: they and the packed copies lie in the memory of the kernels. */
const OPERAND_BYTES = 36 * 2 ** 20;
/** Bytes for each weight: dense, in blocks of 4 × 1 at worst, in compressed rows at worst, in dense blocks, and as bytes. */
const BYTES_PER_WEIGHT = 4 + 20 + 8 + 4 + 1;

/**
 * As much of a product as fits: all rows and columns where that is possible, else fewer groups, fewer columns, then fewer rows, in fours. Times are
 * proportional to all of them.
 */
export function fittingPart({ rows, inner, columns, groups }: LayerProduct): ProductPart {
  const columnBytes = (count: number): number => count * 5 * inner;
  const fewerColumns = Math.min(columns, Math.max(8, Math.floor(OPERAND_BYTES / 3 / (5 * inner) / 8) * 8));
  const left = OPERAND_BYTES - columnBytes(fewerColumns);
  const perRow = inner * BYTES_PER_WEIGHT + 9 * fewerColumns;
  const fewerRows = Math.min(rows, Math.max(4, Math.floor(left / perRow / 4) * 4));
  const part = {
    rows: fewerRows,
    inner,
    columns: fewerColumns,
    times: (rows / fewerRows) * (columns / fewerColumns),
  };
  if (groups === undefined) return part;
  const fewerGroups = Math.min(
    groups,
    Math.max(1, Math.floor(OPERAND_BYTES / (columnBytes(fewerColumns) + fewerRows * perRow))),
  );
  return { ...part, groups: fewerGroups, times: part.times * (groups / fewerGroups) };
}
