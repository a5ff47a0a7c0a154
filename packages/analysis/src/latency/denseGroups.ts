/** Rows with the same columns, as one dense block: `values` is rows × columns. */
export interface DenseGroup {
  readonly rowOf: Int32Array;
  readonly columnOf: Int32Array;
  readonly values: Float32Array;
}

/** Groups of fewer rows on average are no product that a dense kernel is good at. */
const LEAST_ROWS = 4;

/**
 * The dense blocks that a matrix consists of, where re-grouping made some: rows whose numbers stand in exactly the same columns belong together. Null
 * where that gives one block alone (then rows and columns are merely empty), or groups too small to be worth a product of their own.
 */
export function denseGroups(weights: Float32Array, rows: number, inner: number): readonly DenseGroup[] | null {
  const groups = new Map<string, { readonly columns: readonly number[]; readonly rows: number[] }>();
  let living = 0;
  for (let row = 0; row < rows; row++) {
    const columns: number[] = [];
    for (let column = 0; column < inner; column++) if (weights[row * inner + column] !== 0) columns.push(column);
    if (columns.length === 0) continue;
    living++;
    const key = columns.join();
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { columns, rows: [row] });
    else known.rows.push(row);
    // Without structure every row has a pattern of its own: that is seen early.
    if (groups.size * LEAST_ROWS > rows) return null;
  }
  if (groups.size < 2 || groups.size * LEAST_ROWS > living) return null;
  return [...groups.values()].map(({ columns, rows: own }) => ({
    rowOf: Int32Array.from(own),
    columnOf: Int32Array.from(columns),
    values: Float32Array.from(
      { length: own.length * columns.length },
      (_, at) => weights[own[Math.floor(at / columns.length)]! * inner + columns[at % columns.length]!]!,
    ),
  }));
}
