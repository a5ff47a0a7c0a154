/** Which rows of a long list exist at a scroll position. */
export interface RowWindow {
  /** First row to draw. */
  readonly first: number;
  /** One past the last row to draw. */
  readonly end: number;
}

/** Rows drawn beyond each edge, so that a quick scroll does not show blank paper. */
const OVERSCAN = 8;

export function rowWindow(count: number, rowHeight: number, scrollTop: number, viewHeight: number): RowWindow {
  const first = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight) - OVERSCAN));
  const end = Math.min(count, Math.max(first, Math.ceil((scrollTop + viewHeight) / rowHeight) + OVERSCAN));
  return { first, end };
}

/** Rows that are seen, wholly or for the most part. */
export function visibleRows(count: number, rowHeight: number, scrollTop: number, viewHeight: number): RowWindow {
  const first = Math.max(0, Math.min(count, Math.floor((scrollTop + rowHeight / 2) / rowHeight)));
  return {
    first,
    end: Math.min(count, Math.max(first, Math.floor((scrollTop + viewHeight + rowHeight / 2) / rowHeight))),
  };
}

/** Height of all rows, and below the last what lets the end of the list be reached with a whole row at the top. */
export function rowsHeight(count: number, rowHeight: number, viewHeight: number): number {
  const rows = count * rowHeight;
  return rows > viewHeight ? rows + (viewHeight % rowHeight) : rows;
}

/** The scroll position that brings a row into view: the same where it is in view already, else with `lead` of the view above it. */
export function scrollToRow(
  row: number,
  rowHeight: number,
  scrollTop: number,
  viewHeight: number,
  lead?: number,
): number {
  const top = row * rowHeight;
  if (top >= scrollTop && top + rowHeight <= scrollTop + viewHeight) return scrollTop;
  if (lead !== undefined) return Math.max(0, Math.round((top - viewHeight * lead) / rowHeight) * rowHeight);
  return top < scrollTop ? top : Math.ceil((top + rowHeight - viewHeight) / rowHeight) * rowHeight;
}
