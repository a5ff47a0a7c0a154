import type { OperatorCost } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { nextSort, type Sort, type SortKey, sortedBy } from '../shared/sorting.js';
import { memoise } from '../shared/store.js';
import { css } from '../shared/styles.js';
import { type Column, type TableModel, tableHeight } from '../shared/virtualTable.js';
import { SCALAR } from '../shared/words.js';
import { S } from './strings.js';
import '../shared/virtualTable.js';

/** A graph may have thousands of operators: more than these are scrolled. */
const MOST_ROWS = 18;

interface Row {
  readonly index: number;
  readonly cost: OperatorCost;
}

/** The operators of a graph with what they cost. `changed` is called when it wants to be drawn again. */
export class OperatorList {
  private sort: Sort | null = null;
  private focused: string | null = null;
  private readonly rows: readonly Row[];
  private readonly sorted = memoise(sortedRows);
  private readonly columns: readonly Column<Row>[];

  constructor(
    operators: readonly OperatorCost[],
    private readonly numbers: Numbers,
    private readonly changed: () => void,
  ) {
    this.rows = operators.map((cost, index) => ({ cost, index }));
    this.columns = operatorColumns(numbers);
  }

  view(): TemplateResult {
    const D = S.details;
    const height = tableHeight(Math.min(MOST_ROWS, this.rows.length));
    return html`<h3>${D.operators}</h3>
      <p class="quiet">${this.total()}</p>
      <espalier-table class="operators" ${css({ height: `${height}px` })} .model=${this.model()}></espalier-table>`;
  }

  private model(): TableModel<Row> {
    return {
      label: S.details.operators,
      columns: this.columns,
      rows: this.sorted(this.rows, this.sort),
      sort: this.sort,
      selected: null,
      focused: this.focused,
      keyOf: ({ index }) => String(index),
      classOf: ({ cost }) => (cost.inTotal === false ? 'minor' : ''),
      sentence: () => null,
      onOpen: (key) => this.focus(key),
      onFocus: (key) => this.focus(key),
      onSort: (column) => {
        this.sort = nextSort(this.sort, column);
        this.changed();
      },
      onScroll: () => {},
    };
  }

  private focus(key: string): void {
    this.focused = key;
    this.changed();
  }

  /** `at least` where an operator is not understood: it is no 0 in the sum. */
  private total(): string {
    const D = S.details;
    const counted = this.rows.filter(({ cost }) => cost.inTotal !== false);
    const known = counted.filter(({ cost }) => cost.macs !== null);
    const { value, unit } = this.numbers.count(known.reduce((sum, { cost }) => sum + cost.macs!, 0));
    const macs = `${value}${unit === '' ? '' : `\u202f${unit}`}`;
    const missing = counted.length - known.length;
    return missing === 0 ? D.total(macs) : D.atLeast(macs, this.numbers.integer(missing));
  }
}

const shapeWords = (lengths: readonly (number | null)[] | null): string =>
  lengths === null
    ? S.details.unknown
    : lengths.length === 0
      ? SCALAR
      : lengths.map((length) => length ?? '?').join('×');

const nameOf = ({ layer, name }: OperatorCost): string => layer ?? name;

function operatorColumns(numbers: Numbers): Column<Row>[] {
  const C = S.details.columns;
  const figure = (n: number | null, why: string | undefined): TemplateResult | string =>
    n === null ? html`<span class="faint" title=${why ?? nothing}>${S.details.unknown}</span>` : numbers.integer(n);
  const titled = (text: string): TemplateResult => html`<span title=${text}>${text}</span>`;
  return [
    { key: 'name', label: C.name, sortable: true, className: 'c-operator', cell: ({ cost }) => titled(nameOf(cost)) },
    { key: 'kind', label: C.kind, sortable: true, className: 'c-kind', cell: ({ cost }) => titled(cost.operator) },
    {
      key: 'input',
      label: C.input,
      className: 'c-input num right',
      cell: ({ cost }) => titled(cost.inputShapes.length === 0 ? '–' : shapeWords(cost.inputShapes[0] ?? null)),
    },
    {
      key: 'output',
      label: C.output,
      className: 'c-output num right',
      cell: ({ cost }) => titled(shapeWords(cost.outputShape)),
    },
    {
      key: 'macs',
      label: C.macs,
      sortable: true,
      className: 'c-macs num right',
      cell: ({ cost }) => figure(cost.macs, cost.unknown),
    },
    {
      key: 'activations',
      label: C.activations,
      sortable: true,
      className: 'c-activations num right',
      cell: ({ cost }) => figure(cost.activations, cost.unknown),
    },
  ];
}

const SORT_VALUES: Readonly<Record<string, (row: Row) => SortKey>> = {
  name: ({ cost }) => nameOf(cost),
  kind: ({ cost }) => cost.operator,
  macs: ({ cost }) => cost.macs,
  activations: ({ cost }) => cost.activations,
};

function sortedRows(rows: readonly Row[], sort: Sort | null): readonly Row[] {
  const value = sort === null ? undefined : SORT_VALUES[sort.key];
  return sort === null || value === undefined ? rows : sortedBy(rows, sort.direction, value);
}
