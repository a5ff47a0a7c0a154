import { html, nothing, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { how, howFar } from '../shared/obtained.js';
import type { Segment } from '../shared/segments.js';
import { memoise } from '../shared/store.js';
import type { StripModel } from '../shared/strip.js';
import { css } from '../shared/styles.js';
import { twinButton } from '../shared/twinButton.js';
import type { Row } from './rows.js';
import { S } from './strings.js';
import type { Totals } from './totals.js';
import '../shared/strip.js';

export interface StripView {
  readonly layers: readonly Row[];
  readonly sums: Totals;
  readonly selected: string | null;
  readonly inView: readonly [number, number] | null;
  readonly asTable: boolean;
  onTwin(): void;
  onOpen(tensor: string): void;
}

export function modelStrip(view: StripView, numbers: Numbers): TemplateResult {
  const { layers, sums } = view;
  const T = S.strip;
  return html`<section class="strip" aria-label=${T.label}>
    <div class="section-head">
      <h2 class="small-title">${T.title}</h2>
      ${
        sums.layersRead === sums.layers
          ? how(sums.obtained, numbers)
          : howFar(T.someLayers(numbers.integer(sums.layersRead), numbers.integer(sums.layers)), T.someLayersWhy)
      }
      <span class="grow"></span>
      <span class="key optional"><i class="swatch level"></i>${T.keyHeight}</span>
      <span class="key optional">${T.keyWidth}</span>
      <span class="key optional"><i class="swatch line"></i>${T.keyWindow}</span>
      ${twinButton(view.asTable, T.title, view.onTwin)}
    </div>
    ${
      layers.length === 0
        ? html`<div class="strip-empty quiet">${T.none}</div>`
        : view.asTable
          ? twin(layers, numbers)
          : html`<espalier-strip .model=${stripModel(view, numbers)}></espalier-strip>`
    }
  </section>`;
}

const weightsOf = memoise((layers: readonly Row[]) =>
  layers.map(({ head }) => ({ name: head.name, weight: head.elements })),
);

function stripModel({ layers, selected, inView, onOpen }: StripView, numbers: Numbers): StripModel {
  return {
    label: S.strip.listLabel,
    layers: weightsOf(layers),
    selected,
    inView,
    midline: false,
    facts: layers,
    describe: (segment) => describe(layers, segment, numbers),
    onOpen,
  };
}

function describe(
  layers: readonly Row[],
  { first, last }: Segment,
  numbers: Numbers,
): ReturnType<StripModel['describe']> {
  const inside = layers.slice(first, last + 1);
  const elements = inside.reduce((sum, { head }) => sum + head.elements, 0);
  const names = inside.map(({ head }) => head.layer);
  const name =
    inside.length === 1 ? names[0]! : S.strip.several(numbers.integer(inside.length), names[0]!, names.at(-1)!);
  let zeros = 0;
  let read = 0;
  for (const { head, values } of inside) {
    if (values.kind !== 'read') continue;
    zeros += values.stats.zeros;
    read += head.elements;
  }
  const faulty = inside.some(({ values }) => values.kind === 'fault');
  if (read === 0) {
    return {
      className: faulty ? 'faulty' : '',
      content: nothing,
      title: S.strip.unread(name, numbers.integer(elements)),
    };
  }
  return {
    className: faulty ? 'faulty' : '',
    content: html`<i class="level" ${css({ height: `${(zeros / read) * 100}%` })}></i>`,
    title: S.strip.zeros(name, numbers.integer(elements), numbers.percent(zeros, read)),
  };
}

function twin(layers: readonly Row[], numbers: Numbers): TemplateResult {
  const all = layers.reduce((sum, { head }) => sum + head.elements, 0);
  return html`<div class="scroll strip-table" tabindex="0" role="group" aria-label=${S.strip.label}>
    <table class="mini">
      <thead>
        <tr>
          ${S.strip.twin.map((word) => html`<th scope="col">${word}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${layers.map(
          ({ head, values }) => html`<tr>
            <th scope="row">${head.layer}</th>
            <td>${numbers.integer(head.elements)}</td>
            <td>${numbers.percent(head.elements, all)}</td>
            <td>${values.kind === 'read' ? numbers.percent(values.stats.zeros, head.elements) : '–'}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
