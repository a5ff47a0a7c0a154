import type { FileHead } from '@espalier/protocol';
import { html, nothing } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { openSheet } from '../shared/sheet.js';
import { OperatorList } from './operatorList.js';
import { S } from './strings.js';

/** What the header says besides the tensors: files, metadata, and the operators where there is a graph. */
export function openDetailsSheet(head: FileHead, numbers: Numbers): void {
  const D = S.details;
  const size = (bytes: number): string => {
    const { value, unit } = numbers.bytes(bytes);
    return `${value}\u202f${unit}`;
  };
  const metadata = Object.entries(head.metadata);
  const operators = new OperatorList(head.operators ?? [], numbers, () => draw());
  const draw = openSheet(
    D.title,
    () => html`<h3>${D.files}</h3>
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
      ${head.operators === undefined || head.operators.length === 0 ? nothing : operators.view()}`,
  );
}
