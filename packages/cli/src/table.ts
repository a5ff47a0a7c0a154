/** Columns of text that fit a terminal. Pure. */
export interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
  /** Gives way first when the table is too wide, and is then shortened in the middle. */
  readonly shrinks?: boolean;
}

const GAP = '  ';
const MIN_SHRUNK = 16;

/** `layer4…conv2.weight`: the middle gives way. */
export function shorten(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  if (width <= 1) return '…';
  const tail = Math.ceil((width - 1) * 0.6);
  return `${characters.slice(0, width - 1 - tail).join('')}…${characters.slice(characters.length - tail).join('')}`;
}

/** Lines of the table, without a trailing blank. `width` is that of the terminal, 0 for "as wide as needed". */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  indent = '  ',
): string[] {
  const widths = columns.map((column, i) => Math.max(length(column.head), ...rows.map((row) => length(row[i] ?? ''))));
  const total = (): number => indent.length + widths.reduce((sum, w) => sum + w, 0) + GAP.length * (columns.length - 1);
  const shrinking = columns.findIndex((column) => column.shrinks);
  if (width > 0 && shrinking >= 0 && total() > width) {
    widths[shrinking] = Math.max(Math.min(widths[shrinking]!, MIN_SHRUNK), widths[shrinking]! - (total() - width));
  }
  const line = (cells: readonly string[]): string =>
    (
      indent +
      columns
        .map((column, i) => {
          const cell = column.shrinks ? shorten(cells[i] ?? '', widths[i]!) : (cells[i] ?? '');
          const pad = ' '.repeat(Math.max(0, widths[i]! - length(cell)));
          return column.align === 'right' ? pad + cell : cell + pad;
        })
        .join(GAP)
    ).trimEnd();
  return [line(columns.map((column) => column.head)), ...rows.map(line)];
}

const length = (text: string): number => [...stripColour(text)].length;

const ESCAPE = String.fromCharCode(27);
export const stripColour = (text: string): string => text.replaceAll(new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g'), '');

/** A bar of eighths, `width` cells for a share of 1: `███████▏`. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  return '█'.repeat(eighths >> 3) + (eighths % 8 === 0 ? '' : '▏▎▍▌▋▊▉'[(eighths % 8) - 1]!);
}
