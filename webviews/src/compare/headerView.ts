import type { FileHead } from '@espalier/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../shared/icons.js';
import { type MenuItem, openMenu } from '../shared/menu.js';
import type { Numbers } from '../shared/numbers.js';
import { css } from '../shared/styles.js';
import { skeleton } from '../shared/tensorCells.js';
import type { State } from './state.js';
import { S } from './strings.js';

/** `Before` and `After` as two aligned lines. */
export function fileLines(
  state: State,
  before: FileHead,
  after: FileHead,
  names: readonly string[],
  numbers: Numbers,
): TemplateResult {
  const { scan } = state;
  const totals = scan.kind === 'done' ? scan.end.totals : null;
  const share = (ratio: number | null): TemplateResult =>
    ratio !== null
      ? html`<span class="num zero-text">${numbers.percent(ratio, 1)}</span>`
      : scan.kind === 'running'
        ? skeleton('w32')
        : html`<span class="num">–</span>`;
  const bytes = (n: number) => numbers.bytes(n);
  const change = (text: string): TemplateResult | typeof nothing =>
    text === '' ? nothing : html`<span class="num change second">${text}</span>`;
  const line = (
    label: string,
    name: string,
    head: FileHead,
    ratio: number | null,
    changes: readonly [string, string],
  ) => {
    const size = bytes(head.totals.bytes);
    return html`<span class="quiet">${label}</span><span class="file-name" title=${head.path}>${name}</span>
      <span><span class="num">${numbers.integer(head.totals.parameters)}</span><span class="unit">${S.page.parameters}</span>${change(changes[0])}</span>
      <span class="second"><span class="num">${size.value}</span><span class="unit">${size.unit}</span></span>
      <span class="second">${share(ratio)}<span class="unit">${S.page.zerosOfPrunable}</span>${change(changes[1])}</span>
      <span class="second third"
        ><span class="num">${numbers.integer(head.totals.tensors)}</span><span class="unit">${S.page.tensors(head.totals.tensors)}</span></span
      >`;
  };
  const [p0, p1] = [before.totals.parameters, after.totals.parameters];
  const parameters = p0 === p1 || p0 === 0 ? '' : `${numbers.signed(((p1 - p0) / p0) * 100, 1)}\u202f%`;
  const s0 = totals?.prunableSparsityBefore ?? null;
  const s1 = totals?.prunableSparsityAfter ?? null;
  const zeros = s0 === null || s1 === null || s0 === s1 ? '' : numbers.signed((s1 - s0) * 100, 1);
  return html`<h1 class="visually-hidden">${names.join(' → ')}</h1>
    <div class="file-lines">
      ${line(S.page.before, names[0] ?? '', before, s0, ['', ''])} ${line(S.page.after, names[1] ?? '', after, s1, [parameters, zeros])}
    </div>`;
}

export function actionButtons(act: {
  readonly swap: (() => void) | null;
  readonly exportItems: () => readonly MenuItem[];
  readonly moreItems: () => readonly MenuItem[];
}): TemplateResult {
  const menu = (items: () => readonly MenuItem[]) => (event: Event) =>
    openMenu(event.currentTarget as HTMLElement, items());
  const { swap } = act;
  return html`<div class="actions">
    ${
      swap === null
        ? nothing
        : html`<button class="button" type="button" title=${S.page.swapTitle} aria-label=${S.page.swap} @click=${swap}>
            ${icon('swap')}<span class="words">${S.page.swap}</span>
          </button>`
    }
    <button
      class="button"
      type="button"
      id="export"
      aria-haspopup="menu"
      aria-expanded="false"
      aria-label=${S.page.export}
      title=${S.page.exportTitle}
      @click=${menu(act.exportItems)}
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
      @click=${menu(act.moreItems)}
    >
      ${icon('more')}
    </button>
  </div>`;
}

/** The thin line under the files while values are compared. */
export function progressLine({ scan }: State): TemplateResult {
  const progress = scan.kind === 'running' ? scan.progress : null;
  if (progress === null) return html`<div class="progress"></div>`;
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

export function notice(
  state: State,
  counts: { readonly read: number; readonly all: number },
  nameOf: (path: string) => string,
  numbers: Numbers,
  act: { readonly cancel: () => void; readonly compare: () => void; readonly reload: () => void },
): TemplateResult | typeof nothing {
  const N = S.notice;
  const bar = (
    text: string,
    button: string,
    action: () => void,
    more: { aside?: string; mark?: 'reload' | 'error' } = {},
  ) =>
    html`<div class="bar notice">
      ${more.mark === undefined ? nothing : icon(more.mark, { tone: more.mark === 'error' ? 'error' : 'quiet' })}
      <span>${text}</span>
      ${more.aside === undefined ? nothing : html`<span class="faint">${more.aside}</span>`}
      <span class="grow"></span>
      <button class="button" type="button" @click=${action}>${button}</button>
    </div>`;
  if (state.news !== null) {
    const { path, at, deleted } = state.news;
    return bar((deleted ? N.deleted : N.changed)(nameOf(path), numbers.time(at)), N.reload, act.reload, {
      mark: 'reload',
    });
  }
  const { scan } = state;
  switch (scan.kind) {
    case 'running': {
      const { progress } = scan;
      if (progress === null) return bar(N.starting, N.cancel, act.cancel);
      const left =
        progress.msLeft === null
          ? {}
          : { aside: N.left(numbers.integer(Math.max(1, Math.ceil(progress.msLeft / 1000)))) };
      return bar(
        N.comparing(numbers.integer(progress.doneTensors), numbers.integer(progress.tensors)),
        N.cancel,
        act.cancel,
        left,
      );
    }
    case 'stopped':
      return bar(N.stopped(numbers.integer(counts.read), numbers.integer(counts.all)), N.continue, act.compare);
    case 'failed':
      return bar(N.failed(scan.fault.message), N.again, act.compare, { mark: 'error' });
    case 'none':
      return counts.all > 0 ? bar(N.unread, N.compare, act.compare) : nothing;
    case 'done':
      return nothing;
  }
}
