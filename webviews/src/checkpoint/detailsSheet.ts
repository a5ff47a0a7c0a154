import type { FileHead, OperatorCost } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { openSheet } from '../shared/sheet.js';
import { SCALAR } from '../shared/words.js';
import { S } from './strings.js';

/** What the header says besides the tensors: files, metadata, and the operators where there is a graph. */
export function openDetailsSheet(head: FileHead, numbers: Numbers): void {
  const D = S.details;
  const size = (bytes: number): string => {
    const { value, unit } = numbers.bytes(bytes);
    return `${value}\u202f${unit}`;
  };
  const metadata = Object.entries(head.metadata);
  openSheet(
    D.title,
    html`<h3>${D.files}</h3>
      <dl class="statistics wide">
        ${head.files.map(({ name, sizeBytes }) => html`<dt>${name}</dt><dd class="num">${size(sizeBytes)}</dd>`)}
      </dl>
      <h3>${D.metadata}</h3>
      ${
        metadata.length === 0
          ? html`<p class="quiet">${D.noMetadata}</p>`
          : html`<dl class="statistics wide">
              ${metadata.map(([key, value]) => html`<dt>${key}</dt><dd class="wrap">${value}</dd>`)}
            </dl>`
      }
      ${head.operators === undefined || head.operators.length === 0 ? nothing : operatorTable(head.operators, numbers)}`,
  );
}

const shape = (lengths: readonly (number | null)[] | null): string =>
  lengths === null
    ? S.details.unknown
    : lengths.length === 0
      ? SCALAR
      : lengths.map((length) => length ?? '?').join('×');

function operatorTable(operators: readonly OperatorCost[], numbers: Numbers): TemplateResult {
  const D = S.details;
  const counted = operators.filter(({ inTotal }) => inTotal !== false);
  const known = counted.filter(({ macs }) => macs !== null);
  const { value, unit } = numbers.count(known.reduce((sum, { macs }) => sum + macs!, 0));
  const macs = `${value}${unit === '' ? '' : `\u202f${unit}`}`;
  const missing = counted.length - known.length;
  const figure = (n: number | null, why: string | undefined): TemplateResult | string =>
    n === null ? html`<span class="faint" title=${why ?? nothing}>${D.unknown}</span>` : numbers.integer(n);
  return html`<h3>${D.operators}</h3>
    <p class="quiet">${missing === 0 ? D.total(macs) : D.atLeast(macs, numbers.integer(missing))}</p>
    <div class="scroll operators" tabindex="0" role="group" aria-label=${D.operators}>
      <table class="mini wide">
        <thead>
          <tr>
            ${D.operatorColumns.map((word) => html`<th scope="col">${word}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${operators.map(
            (cost) => html`<tr>
              <th scope="row">${cost.layer ?? cost.name}</th>
              <td>${cost.operator}</td>
              <td>${cost.inputShapes.length === 0 ? '–' : shape(cost.inputShapes[0] ?? null)}</td>
              <td>${shape(cost.outputShape)}</td>
              <td>${figure(cost.macs, cost.unknown)}</td>
              <td>${figure(cost.activations, cost.unknown)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}
