import type { FileHead } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { icon, severityIcon } from '../shared/icons.js';
import { openMenu } from '../shared/menu.js';
import type { Numbers } from '../shared/numbers.js';
import { how, howFar } from '../shared/obtained.js';
import { css } from '../shared/styles.js';
import type { FindingGroup } from './findings.js';
import { spokenFinding } from './findings.js';
import type { State } from './state.js';
import { S } from './strings.js';
import type { Totals } from './totals.js';

const fact = (value: string, unit: string, className = ''): TemplateResult =>
  html`<span class=${className}><span class="num">${value}</span><span class="unit">${unit}</span></span>`;

/** The line of facts beside the name. */
export function factsLine(head: FileHead, sums: Totals, state: State, numbers: Numbers): TemplateResult {
  const { totals } = head;
  const parameters = numbers.count(totals.parameters);
  const bytes = numbers.bytes(totals.bytes);
  const reading = state.scan.kind === 'running';
  const complete = sums.read === sums.valued;
  const percent = (share: { zeros: number; elements: number }): string =>
    share.elements === 0 ? '–' : numbers.percent(share.zeros, share.elements);
  const zeros = (): TemplateResult | typeof nothing => {
    if (sums.valued === 0) return nothing;
    if (reading && !complete) {
      return html`<span><i class="skeleton w32"></i> <span class="unit">${S.page.zerosOfPrunable}</span></span>`;
    }
    return html`${
      sums.layers === 0
        ? nothing
        : html`<span><span class="num zero-text">${percent(sums.ofPrunable)}</span><span class="unit">${S.page.zerosOfPrunable}</span></span>`
    }
    <span class="optional all"><span class="num">${percent(sums.ofAll)}</span><span class="unit">${S.page.zerosOfAll}</span></span>
    ${
      complete
        ? how(sums.obtained, numbers)
        : howFar(S.page.someTensors(numbers.integer(sums.read), numbers.integer(sums.valued)), S.page.someTensorsWhy)
    }`;
  };
  return html`<span class="unit optional">${head.formatLabel}</span>
    ${fact(numbers.integer(totals.tensors), S.page.tensors(totals.tensors), 'optional tensors')}
    ${totals.tensors === 0 ? nothing : fact(parameters.value, S.page.parameters(parameters.unit))}
    ${fact(bytes.value, bytes.unit)} ${zeros()}`;
}

/** How many findings there are, worst mark first; shows or hides the strip of them. */
export function findingsToggle(
  groups: readonly FindingGroup[],
  count: number,
  shown: boolean,
  numbers: Numbers,
  toggle: () => void,
) {
  const worst = groups[0];
  if (worst === undefined) return nothing;
  return html`<button
    class="findings-toggle"
    type="button"
    aria-expanded=${shown}
    aria-controls="findings"
    title=${S.page.findingsTitle}
    @click=${toggle}
  >
    ${severityIcon(worst.severity, S.page.worst[worst.severity])}
    <span class="num">${numbers.integer(count)}</span><span class="unit">${S.page.findings(count)}</span>
  </button>`;
}

/** How many groups stand in one line before the rest is only counted. */
const MAX_GROUPS = 4;

/** The strip of findings: one button for each group, which opens its first tensor. */
export function findingsStrip(
  groups: readonly FindingGroup[],
  numbers: Numbers,
  choose: (group: FindingGroup) => void,
  showAll: () => void,
): TemplateResult {
  const shown = groups.slice(0, MAX_GROUPS);
  const rest = groups.length - shown.length;
  return html`<section class="findings" id="findings" aria-label=${S.findings.label}>
    ${shown.map((group) => {
      const first = group.findings[0]!;
      const { name, text } = spokenFinding(first);
      const more = group.findings.length - 1;
      return html`<button type="button" @click=${() => choose(group)} title=${name === null ? text : `${name}: ${text}`}>
        ${severityIcon(group.severity, S.page.worst[group.severity])}
        <span class="text"
          >${name === null ? nothing : html`<b>${name}</b>: `}${text}${more > 0 ? html` <span class="quiet">${S.findings.more(numbers.integer(more))}</span>` : nothing}</span
        >
      </button>`;
    })}
    ${rest > 0 ? html`<button type="button" @click=${showAll}><span class="text">${S.findings.moreGroups(numbers.integer(rest))}</span></button>` : nothing}
  </section>`;
}

export interface HeaderActions {
  readonly compare: () => void;
  readonly exportItems: () => readonly { label: string; choose(): void }[];
  readonly moreItems: () => readonly { label: string; choose(): void }[];
}

export function actionButtons({ compare, exportItems, moreItems }: HeaderActions): TemplateResult {
  const menu = (items: () => readonly { label: string; choose(): void }[]) => (event: Event) =>
    openMenu(event.currentTarget as HTMLElement, items());
  return html`<div class="actions">
    <button class="button" type="button" title=${S.page.compareTitle} aria-label=${S.page.compare} @click=${compare}>
      ${icon('compare')}<span class="words">${S.page.compare}</span>
    </button>
    <button
      class="button"
      type="button"
      id="export"
      aria-haspopup="menu"
      aria-expanded="false"
      aria-label=${S.page.export}
      title=${S.page.exportTitle}
      @click=${menu(exportItems)}
    >
      ${icon('export')}<span class="words">${S.page.export}</span>
    </button>
    <button
      class="icon-button"
      type="button"
      aria-label=${S.page.more}
      title=${S.page.more}
      aria-haspopup="menu"
      aria-expanded="false"
      @click=${menu(moreItems)}
    >
      ${icon('more')}
    </button>
  </div>`;
}

export interface NoticeActions {
  readonly cancel: () => void;
  readonly resume: () => void;
  readonly reload: () => void;
  readonly scanFully: () => void;
}

/** One line and one button, only when needed. News of the file comes before the state of the reading. */
export function notice(
  state: State,
  sums: Totals,
  bytes: number,
  numbers: Numbers,
  act: NoticeActions,
): TemplateResult | typeof nothing {
  const line = noticeLine(state, sums, bytes, numbers, act);
  if (line === null) return nothing;
  return html`<div class="bar notice">
    ${line.mark === undefined ? nothing : icon(line.mark, { tone: line.mark === 'error' ? 'error' : 'quiet' })}
    <span>${line.text}</span>
    ${line.aside === undefined ? nothing : html`<span class="faint">${line.aside}</span>`}
    <span class="grow"></span>
    <button class="button" type="button" @click=${line.action}>${line.button}</button>
  </div>`;
}

interface NoticeLine {
  readonly text: string;
  readonly aside?: string;
  readonly mark?: 'reload' | 'error';
  readonly button: string;
  readonly action: () => void;
}

function noticeLine(
  state: State,
  sums: Totals,
  bytes: number,
  numbers: Numbers,
  act: NoticeActions,
): NoticeLine | null {
  const N = S.notice;
  if (state.news !== null) {
    const time = numbers.time(state.news.at);
    return state.news.kind === 'changed'
      ? { text: N.changed(time), mark: 'reload', button: N.reload, action: act.reload }
      : { text: N.deleted(time), mark: 'reload', button: N.reload, action: act.reload };
  }
  const { scan } = state;
  const [read, all] = [numbers.integer(sums.read), numbers.integer(sums.valued)];
  switch (scan.kind) {
    case 'running': {
      const { progress } = scan;
      const size = (n: number): string => {
        const { value, unit } = numbers.bytes(n);
        return `${value}\u202f${unit}`;
      };
      if (progress === null) return { text: N.starting, button: N.cancel, action: act.cancel };
      return {
        text: N.reading(
          numbers.integer(progress.doneTensors),
          numbers.integer(progress.tensors),
          size(progress.doneBytes),
          size(Math.max(progress.bytes, progress.doneBytes)),
        ),
        ...(progress.msLeft === null
          ? {}
          : { aside: N.left(numbers.integer(Math.max(1, Math.ceil(progress.msLeft / 1000)))) }),
        button: N.cancel,
        action: act.cancel,
      };
    }
    case 'stopped':
      return { text: sums.read === 0 ? N.stoppedAtOnce : N.stopped(read, all), button: N.continue, action: act.resume };
    case 'failed':
      return { text: N.failed(scan.fault.message), mark: 'error', button: N.again, action: act.resume };
    case 'none':
      return bytes > 0 && state.file.kind === 'open' && sums.valued > 0
        ? { text: N.unread, button: N.read, action: act.resume }
        : null;
    case 'done':
      return scan.end.sampled ? { text: N.sampled, button: N.scanFully, action: act.scanFully } : null;
  }
}

/** The thin line under the header while values are read. */
export function progressLine(state: State): TemplateResult {
  const progress = state.scan.kind === 'running' ? state.scan.progress : null;
  if (state.scan.kind !== 'running' || progress === null) return html`<div class="progress"></div>`;
  const share = progress.bytes > 0 ? Math.min(1, progress.doneBytes / progress.bytes) : 0;
  return html`<div
    class="progress"
    role="progressbar"
    aria-label=${S.notice.starting}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${Math.round(share * 100)}
  >
    <i ${css({ width: `${share * 100}%` })}></i>
  </div>`;
}
