import type { ChangeReport, PageAction } from '@espalier/protocol';
import { html, type TemplateResult } from 'lit';
import type { Numbers } from '../shared/numbers.js';
import { S } from './strings.js';

/** How a report came about: files with their hashes, engine, seed, machine, recipe. */
export function provenanceList(
  { plan, provenance }: ChangeReport,
  numbers: Numbers,
  act: (action: PageAction) => void,
): TemplateResult {
  const P = S.provenance;
  const row = (name: string, value: TemplateResult | string): TemplateResult =>
    html`<dt>${name}</dt><dd class="wrap">${value}</dd>`;
  const link = (label: string, action: PageAction): TemplateResult =>
    html`<button class="link" type="button" @click=${() => act(action)}>${label}</button>`;
  return html`<dl class="provenance">
    ${row(
      P.input,
      html`${plan.input.path} ${link(P.open, { action: 'open-file', path: plan.input.path })}
        <div class="num quiet wrap">${P.sha} ${provenance.inputSha256}</div>`,
    )}
    ${provenance.outputs.map((output) =>
      row(
        P.output,
        html`${output.path} ${link(P.open, { action: 'open-file', path: output.path })}
          ${link(P.reveal, { action: 'reveal-file', path: output.path })}
          <div class="num quiet wrap">${P.sha} ${output.sha256}</div>`,
      ),
    )}
    ${row(P.engine, `${provenance.engine} ${provenance.version}`)} ${row(P.seed, String(provenance.seed))}
    ${row(P.machine, provenance.machine)}
    ${row(P.made, `${provenance.startedAt} ${P.seconds(numbers.fixed(provenance.seconds, 1))}`)}
    ${row(P.recipe, html`<pre class="scroll" tabindex="0">${provenance.recipe}</pre>`)}
  </dl>`;
}
