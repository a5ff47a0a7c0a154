import { basename, relative, sep } from 'node:path';
import {
  commands,
  type DocumentLink,
  l10n,
  TabInputText,
  type TextDocument,
  WorkspaceEdit,
  window,
  workspace,
} from 'vscode';
import { isRecipe } from '../panels/previewPanel.js';
import { samePath } from '../samePath.js';

/**
 * Names the output where open code names the input. The server knows where that is: its links are the references. The edit can be undone like
 * any other; nothing is saved.
 */
export async function useOutput(input: string, output: string): Promise<{ done: boolean; message?: string }> {
  const visible = window.visibleTextEditors.map(({ document }) => document);
  const others = workspace.textDocuments.filter((document) => !visible.includes(document));
  const candidates = [...visible, ...others].filter(
    (document) => ['file', 'untitled'].includes(document.uri.scheme) && !isRecipe(document),
  );
  for (const document of candidates) {
    const links = await commands.executeCommand<DocumentLink[]>('vscode.executeLinkProvider', document.uri);
    const found = (links ?? []).filter((link) => pathOf(link).some((path) => samePath(path, input)));
    if (found.length === 0) continue;
    const edit = new WorkspaceEdit();
    for (const { range } of found) edit.replace(document.uri, range, written(document.getText(range), input, output));
    if (!(await workspace.applyEdit(edit))) continue;
    await show(document, found[0]!);
    window.setStatusBarMessage(
      l10n.t('{0} names {1} now; undo restores it', basename(document.uri.path), basename(output)),
      5000,
    );
    return { done: true };
  }
  const message = l10n.t('No open file names {0}. Open the code that does, and try again.', basename(input));
  void window.showInformationMessage(message);
  return { done: false, message };
}

/** Links lead to the file itself, or to our command that opens it. */
function pathOf({ target }: DocumentLink): string[] {
  if (target?.scheme === 'file') return [target.fsPath];
  if (target?.scheme !== 'command' || target.path !== 'espalier.inspect') return [];
  const [path] = JSON.parse(decodeURIComponent(target.query)) as [unknown];
  return typeof path === 'string' ? [path] : [];
}

async function show(document: TextDocument, { range }: DocumentLink): Promise<void> {
  // Where it is open already: not over the report.
  const key = document.uri.toString();
  const group = window.tabGroups.all.find(({ tabs }) =>
    tabs.some(({ input }) => input instanceof TabInputText && input.uri.toString() === key),
  );
  await window.showTextDocument(document, {
    selection: range,
    ...(group === undefined ? {} : { viewColumn: group.viewColumn }),
  });
}

/** The path of the output, written from where the path of the input was written. */
export function written(text: string, input: string, output: string): string {
  const unified = input.split(sep).join('/');
  const plain = text.replace(/^\.\//, '');
  const dotted = text.startsWith('./') ? './' : '';
  if (!unified.endsWith(plain)) return output;
  const base = unified.slice(0, unified.length - plain.length);
  const way = relative(base === '' ? '/' : base, output)
    .split(sep)
    .join('/');
  return base === '' ? output : dotted + way;
}
