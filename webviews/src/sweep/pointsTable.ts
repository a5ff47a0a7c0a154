import type { SweepReport, SweepResult } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { severityIcon } from '../shared/icons.js';
import type { Numbers } from '../shared/numbers.js';
import { type Sort, type SortKey, sortedBy } from '../shared/sorting.js';
import { SEVERITY } from '../shared/words.js';
import { figureOf, zerosOf } from './series.js';
import { S } from './strings.js';

export interface PointActions {
  sort(column: string): void;
  openReport(path: string): void;
  openRecipe(text: string): void;
}

interface Column {
  readonly key: string;
  readonly head: string;
  readonly left?: boolean;
  sortKey(point: SweepResult): SortKey;
  cell(point: SweepResult): string;
}

/** A row for each point, as the sweep runs them or by a column. */
export function pointsTable(
  { axes, points }: SweepReport,
  sort: Sort | null,
  numbers: Numbers,
  actions: PointActions,
): TemplateResult {
  const columns = columnsOf(axes, points, numbers);
  const by = columns.find(({ key }) => key === sort?.key);
  const rows =
    sort === null || by === undefined ? points : sortedBy(points, sort.direction, (point) => by.sortKey(point));
  const P = S.points;
  return html`<div class="scroll-x" role="group" tabindex="0" aria-label=${P.label}><table class="report-table wide" aria-label=${P.label}>
    <thead>
      <tr>
        ${columns.map(
          ({ key, head, left }) => html`<th
            scope="col"
            class=${left === true ? 'left' : ''}
            aria-sort=${sort?.key === key ? sort.direction : 'none'}
          >
            <button class="sorter" type="button" @click=${() => actions.sort(key)}>${head}${arrow(sort, key)}</button>
          </th>`,
        )}
        <th scope="col" class="left">${P.heads.open}</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map((point) => row(point, columns, actions))}
    </tbody>
  </table></div>`;
}

const arrow = (sort: Sort | null, key: string): TemplateResult | typeof nothing =>
  sort?.key === key ? html`<span aria-hidden="true"> ${sort.direction === 'ascending' ? '↑' : '↓'}</span>` : nothing;

function row(point: SweepResult, columns: readonly Column[], actions: PointActions): TemplateResult {
  const { state, series, values, recipe } = point;
  const P = S.points;
  const told = Object.entries(values).flatMap(([key, value]) => (value === null ? [] : [`${key} ${value}`]));
  const name = [series, ...told].join(', ');
  const button = (word: string, run: () => void): TemplateResult =>
    html`<button class="link" type="button" aria-label=${P.of(word, name)} @click=${run}>${word}</button>`;
  const [first, ...rest] = columns;
  return html`<tr>
    <th scope="row" title=${series}>${first!.cell(point)}</th>
    ${rest.map(({ cell, left }) => html`<td class=${left === true ? 'left' : 'num'}>${cell(point)}</td>`)}
    <td class="left">
      ${state.kind === 'done' ? button(P.report, () => actions.openReport(state.report)) : nothing}
      ${button(P.recipe, () => actions.openRecipe(recipe))}
      ${state.kind === 'failed' ? html`<span class="remark">${severityIcon('error', SEVERITY.error)} ${state.fault.message}</span>` : nothing}
      ${state.kind === 'waiting' ? html`<span class="remark quiet">${P.waiting}</span>` : nothing}
    </td>
  </tr>`;
}

function columnsOf(axes: SweepReport['axes'], points: readonly SweepResult[], numbers: Numbers): readonly Column[] {
  const H = S.points.heads;
  type Done = Extract<SweepResult['state'], { kind: 'done' }>;
  const figure = (
    key: string,
    head: string,
    of: (state: Done) => number | null,
    text: (value: number) => string,
  ): Column => {
    const value = ({ state }: SweepResult): number | null => (state.kind === 'done' ? of(state) : null);
    return {
      key,
      head,
      sortKey: value,
      cell: (point) => {
        const found = value(point);
        return found === null ? '' : text(found);
      },
    };
  };
  const bytes = (value: number): string => {
    const { value: digits, unit } = numbers.bytes(value);
    return `${digits}\u202f${unit}`;
  };
  const percent = (value: number): string => numbers.percent(value, 100);
  const all: readonly Column[] = [
    { key: 'name', head: H.series, left: true, sortKey: ({ series }) => series, cell: ({ series }) => series },
    ...axes.map(({ key }): Column => {
      const value = ({ values }: SweepResult): SortKey => {
        const found = values[key] ?? null;
        return typeof found === 'boolean' ? String(found) : found;
      };
      return { key: `axis ${key}`, head: key, sortKey: value, cell: (point) => String(value(point) ?? '') };
    }),
    figure('zeros', H.zeros, zerosOf, percent),
    figure('energy', H.energy, (state) => figureOf(state, 'energy'), percent),
    figure(
      'sqnr',
      H.sqnr,
      ({ lowestSqnrDb }) => lowestSqnrDb,
      (value) => numbers.fixed(value, 1),
    ),
    figure('file', H.file, ({ outputBytes }) => outputBytes, bytes),
    figure('size', H.size, ({ sparseBytes }) => sparseBytes, bytes),
    figure(
      'speed',
      H.speed,
      (state) => figureOf(state, 'speed'),
      (value) => S.points.times(numbers.fixed(value, 2)),
    ),
    figure(
      'accuracy',
      H.accuracy,
      ({ accuracy }) => accuracy,
      (value) => numbers.value(value),
    ),
  ];
  // What no point has is left out.
  return all.filter(
    ({ key, sortKey }) => key.startsWith('axis') || key === 'name' || points.some((point) => sortKey(point) !== null),
  );
}
