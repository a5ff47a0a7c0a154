import { basename } from 'node:path';
import type { Job } from '@espalier/protocol';
import {
  EventEmitter,
  type ExtensionContext,
  l10n,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  window,
} from 'vscode';
import type { JobList } from './jobList.js';

/** Running, queued, and what happened before. */
export function registerJobsView(context: ExtensionContext, list: JobList): void {
  const changed = new EventEmitter<undefined>();
  const view = window.createTreeView<Job>('espalier.jobs', {
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getChildren: (parent) => (parent === undefined ? [...list.jobs] : []),
      getTreeItem: jobItem,
    },
  });
  const show = (): void => {
    const active = list.jobs.filter(({ state }) => state.kind === 'running' || state.kind === 'queued').length;
    view.badge =
      active === 0 ? undefined : { value: active, tooltip: l10n.t('{0} jobs are running or waiting', active) };
    changed.fire(undefined);
  };
  context.subscriptions.push(view, changed, list.onChange(show));
  view.onDidChangeVisibility(({ visible }) => {
    if (visible) void list.refresh();
  });
}

function jobItem({ id, request, state, startedAt, endedAt }: Job): TreeItem {
  const item = new TreeItem(request.title, TreeItemCollapsibleState.None);
  item.id = id;
  item.contextValue = `job-${state.kind}${request.comparison === undefined ? '' : '-sweep'}`;
  const seconds =
    startedAt !== undefined && endedAt !== undefined ? ` · ${((endedAt - startedAt) / 1000).toFixed(1)} s` : '';
  const [icon, colour, words] = looks(state);
  item.iconPath = colour === null ? new ThemeIcon(icon) : new ThemeIcon(icon, new ThemeColor(colour));
  item.description = `${words}${seconds}`;
  const tooltip = new MarkdownString();
  tooltip.appendText(`${request.title}\n${words}${seconds}\n`);
  if (state.kind === 'finished') tooltip.appendText(`${state.verdict}\n`);
  tooltip.appendCodeblock(request.recipe, 'yaml');
  item.tooltip = tooltip;
  if (state.kind === 'finished')
    item.command = {
      command: 'espalier.openReport',
      title: l10n.t('Open Report'),
      arguments: [{ id, request, state }],
    };
  return item;
}

function looks(state: Job['state']): readonly [icon: string, colour: string | null, words: string] {
  switch (state.kind) {
    case 'queued':
      return ['clock', null, l10n.t('waiting, {0} ahead', state.ahead)];
    case 'running':
      return ['sync~spin', null, progressWords(state)];
    case 'finished':
      return ['pass', 'testing.iconPassed', finishedWords(state)];
    case 'cancelled':
      return ['circle-slash', null, l10n.t('cancelled')];
    case 'failed':
      return ['error', 'testing.iconFailed', state.fault.message];
    case 'crashed':
      return ['error', 'testing.iconFailed', state.message];
    case 'interrupted':
      return ['debug-disconnect', null, l10n.t('interrupted: the editor was closed')];
  }
}

/** The names of outputs; of many, as sweeps have them, the verdict. */
const finishedWords = ({ outputs, verdict }: Extract<Job['state'], { kind: 'finished' }>): string =>
  outputs.length > 2 ? verdict : outputs.map((path) => basename(path)).join(', ');

/** `Writing model.safetensors · 42 % · 3 s left`. */
export function progressWords({ progress, step, msLeft }: Extract<Job['state'], { kind: 'running' }>): string {
  const share = progress.total > 0 ? `${Math.floor((100 * progress.done) / progress.total)} %` : '';
  const left = msLeft === null || msLeft < 1000 ? '' : l10n.t('{0} s left', Math.round(msLeft / 1000));
  return [step, share, left].filter(Boolean).join(' · ') || l10n.t('starting');
}
