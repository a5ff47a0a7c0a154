/** By which column rows are sorted. */
export interface Sort {
  readonly key: string;
  readonly direction: 'ascending' | 'descending';
}

/** What a row is sorted by; null where it is not known. */
export type SortKey = number | string | null;

/** Descending, ascending, the order of the file again; names begin ascending. */
export function nextSort(sort: Sort | null, column: string): Sort | null {
  const first = column === 'name' ? 'ascending' : 'descending';
  if (sort?.key !== column) return { key: column, direction: first };
  return sort.direction === first
    ? { key: column, direction: first === 'ascending' ? 'descending' : 'ascending' }
    : null;
}

/** Rows by a key. What is not known goes last in both directions; rows of the same key keep their order. */
export function sortedBy<Row>(
  rows: readonly Row[],
  direction: Sort['direction'],
  keyOf: (row: Row) => SortKey,
): readonly Row[] {
  const sign = direction === 'ascending' ? 1 : -1;
  return rows
    .map((row) => ({ row, key: keyOf(row) }))
    .sort((a, b) =>
      a.key === null || b.key === null
        ? Number(a.key === null) - Number(b.key === null)
        : sign * compareKeys(a.key, b.key),
    )
    .map(({ row }) => row);
}

/** A filter is words: every one of them must occur in a text. */
export function wordFilter(filter: string): (text: string) => boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return (text) => {
    const lower = text.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
}

const natural = new Intl.Collator('en', { numeric: true });

const compareKeys = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : natural.compare(String(a), String(b));
