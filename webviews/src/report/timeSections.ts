import type { ChangeReport } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { howFigure } from '../shared/obtained.js';
import { twinButton } from '../shared/twinButton.js';
import { bridgeQuestion, bridgeTable } from './bridge.js';
import type { Section } from './section.js';
import { S } from './strings.js';
import { timeRows, timeTable } from './timeByLayer.js';

/** Where the time goes, and why it is no less; nothing where no layer was timed. */
export function timeSections(
  { plan, latency, bridge }: Pick<ChangeReport, 'plan' | 'latency' | 'bridge'>,
  asTable: boolean,
  numbers: Numbers,
  toggle: () => void,
): Section[] {
  const rows = timeRows(plan.layers);
  const [total] = latency;
  if (rows.length === 0 || total === undefined) return [];
  const question = bridge === null ? null : bridgeQuestion(bridge, numbers);
  const head = (title: string): TemplateResult => html`<div class="section-head">
    <h3>${title}</h3>
    ${howFigure(total.after.how, numbers)}
    <span class="grow"></span>
    ${twinButton(asTable, title, toggle)}
  </div>`;
  const key = html`<span class="key"><i class="swatch before"></i>${S.timeByLayer.before}</span>
    <span class="key"><i class="swatch zero"></i>${S.timeByLayer.after}</span>`;
  const time: Section = {
    id: 'time',
    noun: S.sections.time,
    question: S.questions.time,
    body: html`<p class="quiet">${S.timeByLayer.note(total.per)}</p>
      ${head(S.timeByLayer.title)}
      ${asTable ? '' : html`<p>${key}</p>`} ${timeTable(rows, plan.layers, asTable, numbers)}`,
  };
  if (bridge === null || question === null) return [time];
  return [
    time,
    {
      id: 'bridge',
      noun: S.sections.bridge,
      question,
      body: html`${head(S.bridge.title)} ${bridgeTable(bridge, asTable, numbers)}
        <p class="quiet">${S.bridge.note}</p>`,
    },
  ];
}
