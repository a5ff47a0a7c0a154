import { printable } from '@espalier/base';

/** Rows as RFC 4180. */
export const csvText = (rows: readonly (readonly unknown[])[]): string =>
  rows
    .map((row) => row.map(csvCell).join(','))
    .join('\r\n')
    .concat('\r\n');

/** Names come from strangers: a cell that a spreadsheet would take for a formula is quoted with an apostrophe. */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const shown = printable(String(value));
  const text = /^[=+\-@]/.test(shown) ? `'${shown}` : shown;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
