import { html, nothing, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { how, howFar } from '../shared/obtained.js';
import type { Segment } from '../shared/segments.js';
import { memoise } from '../shared/store.js';
import type { StripModel } from '../shared/strip.js';
import { css } from '../shared/styles.js';
import { twinButton } from '../shared/twinButton.js';
import { points, type Row, stripStep } from './rows.js';
import { S } from './strings.js';
import '../shared/strip.js';

export interface StripView {
  /** Prunable tensors that both files have. */
  readonly layers: readonly Row[];
  readonly selected: string | null;
  readonly asTable: boolean;
  onTwin(): void;
  onOpen(tensor: string): void;
}

/** Change of the share of zeros by layer: up and blue for more, down and orange for fewer. */
export function changeStrip(view: StripView, numbers: Numbers): TemplateResult {
  const { layers } = view;
  const T = S.strip;
  const known = layers.filter(({ diff }) => diff !== null).length;
  const step = stripStep(layers);
  return html`<section class="strip change-strip" aria-label=${T.label}>
    <div class="section-head">
      <h2 class="small-title">${T.title}</h2>
      ${
        known === layers.length
          ? how({ kind: 'exact' }, numbers)
          : howFar(T.someLayers(numbers.integer(known), numbers.integer(layers.length)), T.someLayersWhy)
      }
      <span class="grow"></span>
      <span class="key optional"><i class="swatch zero"></i>${T.more}</span>
      <span class="key optional"><i class="swatch fewer"></i>${T.fewer}</span>
      <span class="key optional"><i class="swatch hatched"></i>${T.reshaped}</span>
      <span class="key optional">${T.scale(numbers.integer(step))}</span>
      ${twinButton(view.asTable, T.title, view.onTwin)}
    </div>
    ${
      layers.length === 0
        ? html`<div class="strip-empty quiet">${T.none}</div>`
        : view.asTable
          ? twin(layers, numbers)
          : html`<espalier-strip .model=${stripModel(view, step, numbers)}></espalier-strip>`
    }
  </section>`;
}

const weightsOf = memoise((layers: readonly Row[]) =>
  layers.map(({ head }) => ({ name: head.name, weight: head.elements })),
);

function stripModel({ layers, selected, onOpen }: StripView, step: number, numbers: Numbers): StripModel {
  return {
    label: S.strip.listLabel,
    layers: weightsOf(layers),
    selected,
    inView: null,
    midline: true,
    facts: layers,
    describe: (segment) => describe(layers, segment, step, numbers),
    onOpen,
  };
}

function describe(
  layers: readonly Row[],
  { first, last }: Segment,
  step: number,
  numbers: Numbers,
): ReturnType<StripModel['describe']> {
  const inside = layers.slice(first, last + 1);
  const names = inside.map(({ head }) => head.layer);
  const name =
    inside.length === 1 ? names[0]! : S.strip.several(numbers.integer(inside.length), names[0]!, names.at(-1)!);
  const className = inside.some(({ reshaped }) => reshaped) ? 'reshaped' : '';
  const known = inside.flatMap(({ diff }) => diff ?? []);
  const elements = known.reduce((sum, diff) => sum + diff.elements, 0);
  if (elements === 0) return { className, content: nothing, title: S.strip.unread(name) };
  const before = known.reduce((sum, diff) => sum + diff.sparsityBefore * diff.elements, 0) / elements;
  const after = known.reduce((sum, diff) => sum + diff.sparsityAfter * diff.elements, 0) / elements;
  const change = (after - before) * 100;
  const height = Math.max(2, Math.min(50, (Math.abs(change) / step) * 50));
  return {
    className,
    content:
      before === after ? nothing : html`<i class=${change > 0 ? 'up' : 'down'} ${css({ height: `${height}%` })}></i>`,
    title: S.strip.change(name, numbers.percent(before, 1), numbers.percent(after, 1)),
  };
}

function twin(layers: readonly Row[], numbers: Numbers): TemplateResult {
  return html`<div class="scroll strip-table" tabindex="0" role="group" aria-label=${S.strip.label}>
    <table class="mini">
      <thead>
        <tr>
          ${S.strip.twin.map((word) => html`<th scope="col">${word}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${layers.map((row) => {
          const change = points(row);
          return html`<tr>
            <th scope="row">${row.head.layer}</th>
            <td>${row.diff === null ? '–' : numbers.percent(row.diff.sparsityBefore, 1)}</td>
            <td>${row.diff === null ? '–' : numbers.percent(row.diff.sparsityAfter, 1)}</td>
            <td>${change === null ? '–' : numbers.signed(change, 1)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}
