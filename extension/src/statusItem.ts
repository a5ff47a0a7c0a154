import { basename } from 'node:path';
import { scansChanged } from '@espalier/protocol';
import { type ExtensionContext, l10n, StatusBarAlignment, window } from 'vscode';
import type { Client } from './client.js';

/** Most files are read before anybody could read that they are. */
const SHOW_AFTER_MS = 250;

/** One item, shown only while something is read. */
export function registerStatusItem(context: ExtensionContext, client: Client): void {
  const item = window.createStatusBarItem('espalier.scans', StatusBarAlignment.Left);
  item.name = 'Espalier';
  item.command = 'espalier.cancelScans';
  let timer: NodeJS.Timeout | undefined;
  const hide = (): void => {
    clearTimeout(timer);
    timer = undefined;
    item.hide();
  };
  context.subscriptions.push(
    item,
    { dispose: hide },
    client.on(scansChanged, ({ running }) => {
      const [first, ...others] = running;
      if (first === undefined) return hide();
      item.text = `$(sync~spin) ${l10n.t('Reading {0}', basename(first.path))}${others.length > 0 ? ` +${others.length}` : ''}`;
      item.tooltip = l10n.t(
        'Espalier is reading the values of {0}. Click to cancel.',
        running.map((scan) => basename(scan.path)).join(', '),
      );
      timer ??= setTimeout(() => item.show(), SHOW_AFTER_MS);
    }),
    client.onEnded(hide),
  );
}
