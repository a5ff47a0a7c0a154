import { compactCount, exactCount, printable } from '@espalier/base';
import { type OperatorCost, totalCost } from '@espalier/service';
import { type Column, tableLines } from './table.js';
import type { Colours } from './terminal.js';

const COLUMNS: readonly Column[] = [
  { head: 'operator', align: 'left', shrinks: true },
  { head: 'kind', align: 'left' },
  { head: 'output', align: 'left' },
  { head: 'MACs', align: 'right' },
  { head: 'activations', align: 'right' },
  { head: 'notes', align: 'left' },
];

/** `12.3 M MACs per run (120 operators)`, `at least 12.3 M MACs per run (3 of 120 operators unknown)`. A batch that the file leaves open is 1. */
export function macsLine(operators: readonly OperatorCost[]): string {
  const { operators: count, macs, unknown } = totalCost(operators);
  if (unknown === 0)
    return `${compactCount(macs)} MACs per run (${exactCount(count)} ${count === 1 ? 'operator' : 'operators'})`;
  const known = macs === 0 ? 'MACs not known' : `at least ${compactCount(macs)} MACs per run`;
  return `${known} (${exactCount(unknown)} of ${exactCount(count)} ${count === 1 ? 'operator' : 'operators'} unknown)`;
}

/** One line for each operator, in the order of the file. */
export function operatorLines(
  operators: readonly OperatorCost[],
  width: number,
  { dim, yellow }: Pick<Colours, 'dim' | 'yellow'>,
): string[] {
  const rows = operators.map((cost) => [
    printable(cost.name),
    cost.operator,
    openShapeText(cost.outputShape),
    countText(cost.macs),
    countText(cost.activations),
    [
      ...(cost.unknown === undefined ? [] : [yellow(`unknown ${cost.unknown}`)]),
      ...(cost.inTotal === false ? [dim('not in the total')] : []),
    ].join(' · '),
  ]);
  const used = COLUMNS.map((column, i) => column.shrinks || rows.some((row) => row[i] !== ''));
  const keep = <T>(cells: readonly T[]): T[] => cells.filter((_, i) => used[i]);
  const [headLine, ...lines] = tableLines(keep(COLUMNS), rows.map(keep), width);
  return [dim(headLine!), ...lines];
}

const countText = (count: number | null): string => (count === null ? '?' : exactCount(count));

function openShapeText(shape: OperatorCost['outputShape']): string {
  if (shape === null) return '?';
  return shape.length === 0 ? 'scalar' : shape.map((length) => length ?? '?').join('×');
}
