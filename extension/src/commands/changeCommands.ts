import { basename, dirname, relative, sep } from 'node:path';
import { cancelJob, forgetJobs, type Job, rerunJob, startJob } from '@espalier/protocol';
import { commands, type ExtensionContext, l10n, type TextDocument, Uri, ViewColumn, window, workspace } from 'vscode';
import type { Client } from '../client.js';
import type { JobList } from '../jobs/jobList.js';
import { watchJob } from '../jobs/watchJob.js';
import type { ComparePanels } from '../panels/comparePanel.js';
import { folderOf, isRecipe } from '../panels/previewPanel.js';
import { chooseQuantization } from './chooseQuantization.js';
import { activeCheckpoint, pickCheckpoint } from './pickCheckpoint.js';
import { register } from './register.js';

export interface ChangePanels {
  readonly preview: { open(document: TextDocument): void };
  readonly report: { open(path: string): void };
  readonly compare: ComparePanels;
}

/** What a command puts into a recipe: its steps, and what the output's name says. */
interface Choice {
  readonly steps: readonly string[];
  readonly suffix: string;
}

const never = new AbortController().signal;

/** The commands that make recipes, run them, and deal with jobs. */
export function registerChangeCommands(
  context: ExtensionContext,
  client: Client,
  list: JobList,
  panels: ChangePanels,
): void {
  /** Opens a recipe for a checkpoint as an untitled text, with what it would do beside it. */
  const propose = async (target: unknown, choose: () => Promise<Choice | undefined>): Promise<void> => {
    const uri = toUri(target) ?? activeCheckpoint() ?? (await pickCheckpoint(l10n.t('Checkpoint to prune')));
    if (uri === undefined) return;
    const choice = await choose();
    if (choice === undefined) return;
    const text = await recipeFor(uri, choice);
    const name = `${basename(uri.path).replace(/\.[^.]+$/, '')}-${choice.suffix}.espalier.yaml`;
    const folder = workspace.getWorkspaceFolder(uri)?.uri ?? Uri.joinPath(uri, '..');
    // An untitled text with a name: saved beside the workspace's other files when the person wants to keep it.
    const untitled = Uri.joinPath(folder, name).with({ scheme: 'untitled' });
    const document = await workspace.openTextDocument(untitled);
    const editor = await window.showTextDocument(document, { viewColumn: ViewColumn.One });
    if (document.getText() === '') await editor.edit((edit) => edit.insert(document.positionAt(0), text));
    panels.preview.open(document);
  };

  const recipeDocument = async (target: unknown): Promise<TextDocument | undefined> => {
    const uri = toUri(target);
    const document = uri === undefined ? window.activeTextEditor?.document : await workspace.openTextDocument(uri);
    if (document !== undefined && isRecipe(document)) return document;
    void window.showInformationMessage(l10n.t('Open a recipe first: a file that ends with .espalier.yaml.'));
    return undefined;
  };

  const run = async (document: TextDocument, overwrite: boolean): Promise<void> => {
    if (!workspace.isTrusted) {
      void window.showWarningMessage(
        l10n.t('Recipes run only in a trusted workspace: they write files, and may name a command.'),
      );
      return;
    }
    const answer = await client.ask(
      startJob,
      { title: titleOf(document), recipe: document.getText(), folder: folderOf(document), overwrite },
      never,
    );
    if (!answer.ok) {
      void window.showErrorMessage(answer.fault.message);
      return;
    }
    await list.refresh();
    void watchJob(answer.value, list, client);
  };

  const all: Readonly<Record<string, (...args: never[]) => unknown>> = {
    'espalier.prune': (target?: unknown) => propose(target, chooseMagnitude),
    'espalier.make24': (target?: unknown) =>
      propose(target, async () => ({ steps: ['prune: { method: n-m, n: 2, m: 4 }'], suffix: '2of4' })),
    'espalier.refill': (target?: unknown) => propose(target, () => chooseStructure('refill', 'refilled')),
    'espalier.regroup': (target?: unknown) => propose(target, () => chooseStructure('regroup', 'regrouped')),
    'espalier.takeOutChannels': (target?: unknown) => propose(target, chooseRemoval),
    'espalier.quantize': (target?: unknown) => propose(target, () => chooseQuantization()),
    'espalier.createRecipe': (target?: unknown) =>
      propose(target, async () => ({
        steps: ['prune: { method: magnitude, sparsity: 0.5, scope: model }'],
        suffix: 'pruned',
      })),
    'espalier.previewRecipe': async (target?: unknown) => {
      const document = await recipeDocument(target);
      if (document !== undefined) panels.preview.open(document);
    },
    'espalier.runRecipe': async (target?: unknown) => {
      const document = await recipeDocument(target);
      if (document === undefined) return;
      // A sweep writes into a folder of its own.
      const output = isSweep(document) ? null : outputOf(document);
      const exists =
        output !== null &&
        (await workspace.fs.stat(Uri.file(output)).then(
          () => true,
          () => false,
        ));
      if (exists) {
        const replace = l10n.t('Replace');
        const question = l10n.t('{0} exists. Replace it?', basename(output));
        if ((await window.showWarningMessage(question, { modal: true }, replace)) !== replace) return;
      }
      await run(document, exists);
    },
    'espalier.compareLastRun': async (target?: unknown) => {
      const document = await recipeDocument(target);
      if (document === undefined) return;
      const output = outputOf(document);
      const input = inputOf(document);
      const job = list.jobs.find(
        ({ state }) => state.kind === 'finished' && output !== null && state.outputs.includes(output),
      );
      if (job === undefined || input === null || output === null) {
        void window.showInformationMessage(l10n.t('This recipe has not run yet.'));
        return;
      }
      panels.compare.open([
        { path: input, name: basename(input) },
        { path: output, name: basename(output) },
      ]);
    },
    'espalier.openReport': (job?: Pick<Job, 'state'> & Partial<Pick<Job, 'request'>>) => {
      // The comparison of a sweep is there before its job ends, and however it does.
      const path = job?.state.kind === 'finished' ? job.state.reportPath : job?.request?.comparison;
      if (path !== undefined) panels.report.open(path);
    },
    'espalier.revealOutput': (job?: Job) => {
      const output = job?.state.kind === 'finished' ? job.state.outputs[0] : undefined;
      if (output !== undefined) void commands.executeCommand('revealInExplorer', Uri.file(output));
    },
    'espalier.cancelJob': async (job?: Job) => {
      if (job !== undefined) await client.ask(cancelJob, { id: job.id }, never);
    },
    'espalier.rerunJob': async (job?: Job) => {
      if (job === undefined) return;
      const answer = await client.ask(rerunJob, { id: job.id }, never);
      if (answer.ok) void watchJob(answer.value, list, client);
      else void window.showErrorMessage(answer.fault.message);
    },
    'espalier.removeJob': async (job?: Job) => {
      if (job !== undefined) await client.ask(forgetJobs, { id: job.id }, never);
    },
    'espalier.clearJobs': () => client.ask(forgetJobs, {}, never),
  };
  register(context, client, all);
}

async function chooseMagnitude(): Promise<Choice | undefined> {
  const sparsity = await askSparsity();
  if (sparsity === undefined) return undefined;
  const scope = await window.showQuickPick(
    [
      {
        label: l10n.t('All layers together'),
        detail: l10n.t('One threshold: weights are ranked model-wide.'),
        value: 'model',
      },
      {
        label: l10n.t('Each layer by itself'),
        detail: l10n.t('Every layer reaches the same sparsity.'),
        value: 'layer',
      },
    ],
    { title: l10n.t('Prune by magnitude'), placeHolder: l10n.t('Where weights are ranked') },
  );
  if (scope === undefined) return undefined;
  return {
    steps: [`prune: { method: magnitude, sparsity: ${sparsity}, scope: ${scope.value} }`],
    suffix: String(Math.round(sparsity * 100)),
  };
}

/** Prune, then make structure of the mask. */
async function chooseStructure(method: string, suffix: string): Promise<Choice | undefined> {
  const sparsity = await askSparsity();
  if (sparsity === undefined) return undefined;
  return { steps: [`prune: { method: magnitude, sparsity: ${sparsity} }`, `structure: { method: ${method} }`], suffix };
}

async function chooseRemoval(): Promise<Choice | undefined> {
  const picked = await window.showQuickPick(
    [
      {
        label: l10n.t('Those with the smallest weights'),
        detail: l10n.t('A share of the channels of every group; the model has to be trained again.'),
        criterion: 'l1',
      },
      {
        label: l10n.t('Those without weights'),
        detail: l10n.t('The model gives what it gave.'),
        criterion: 'zero',
      },
    ],
    {
      title: l10n.t('Channels that go'),
      placeHolder: l10n.t('Shapes get smaller, with everything that depends on them'),
    },
  );
  if (picked === undefined) return undefined;
  const suffix = 'smaller';
  if (picked.criterion === 'zero') return { steps: ['structure: { method: remove, criterion: zero }'], suffix };
  const share = await askSparsity(l10n.t('Share of the channels that go'));
  if (share === undefined) return undefined;
  return { steps: [`structure: { method: remove, criterion: ${picked.criterion}, sparsity: ${share} }`], suffix };
}

async function askSparsity(what = l10n.t('Share of the weights that becomes zero')): Promise<number | undefined> {
  const known = [0.5, 0.7, 0.8, 0.9, 0.95].map((value) => ({ label: `${value * 100} %`, value }));
  const other = { label: l10n.t('Another share…'), value: Number.NaN };
  const picked = await window.showQuickPick([...known, other], {
    title: l10n.t('Sparsity'),
    placeHolder: what,
  });
  if (picked === undefined || !Number.isNaN(picked.value)) return picked?.value;
  const text = await window.showInputBox({
    title: l10n.t('Sparsity'),
    prompt: `${what}, %`,
    validateInput: (value) => (shareOf(value) === null ? l10n.t('It is a number from 0 to below 100.') : undefined),
  });
  return text === undefined ? undefined : (shareOf(text) ?? undefined);
}

function shareOf(percent: string): number | null {
  const value = Number(percent.replace('%', '').trim());
  return percent.trim() !== '' && value >= 0 && value < 100 ? Number((value / 100).toFixed(6)) : null;
}

/** The text of a recipe: paths start from the workspace's folder, where the untitled text would be saved. */
async function recipeFor(uri: Uri, { steps, suffix }: Choice): Promise<string> {
  const folder = workspace.getWorkspaceFolder(uri)?.uri.fsPath ?? dirname(uri.fsPath);
  const input = relative(folder, uri.fsPath).split(sep).join('/');
  const output = await freeName(folder, `${input.replace(/\.[^./]+$/, '')}-${suffix}`, endingFor(input));
  return [`input: ${yaml(input)}`, 'steps:', ...steps.map((step) => `  - ${step}`), `output: ${yaml(output)}`, ''].join(
    '\n',
  );
}

/** The input's own ending where code that loads it then loads the output, too; else that of the format which holds every tensor. */
function endingFor(input: string): string {
  if (/(?:^|\/)model\.json$/i.test(input)) return '.json';
  return /\.(?:onnx|pt|pth|npz)$/i.exec(input)?.[0] ?? '.safetensors';
}

/** A name that is not taken: `model-80.safetensors`, else `model-80-2.safetensors` and so on. */
async function freeName(folder: string, stem: string, ending: string): Promise<string> {
  for (let i = 1; ; i++) {
    const name = `${stem}${i === 1 ? '' : `-${i}`}${ending}`;
    const isTaken = await workspace.fs.stat(Uri.joinPath(Uri.file(folder), name)).then(
      () => true,
      () => false,
    );
    if (!isTaken) return name;
  }
}

/** A path as YAML writes it: quoted where it would read as something else. */
const yaml = (text: string): string => (/^[\w./-]+$/.test(text) && !/^[-.\d]/.test(text) ? text : JSON.stringify(text));

const titleOf = (document: TextDocument): string =>
  l10n.t('Run {0}', basename(document.uri.path).replace(/\.espalier\.ya?ml$/i, ''));

const pathIn = (document: TextDocument, key: string): string | null => {
  const line = document
    .getText()
    .split('\n')
    .find((text) => text.startsWith(`${key}:`));
  const value = line
    ?.slice(key.length + 1)
    .trim()
    .replace(/^["']|["']$/g, '');
  return value ? Uri.joinPath(Uri.file(folderOf(document)), value).fsPath : null;
};
const isSweep = (document: TextDocument): boolean => /^sweep:/m.test(document.getText());
const outputOf = (document: TextDocument): string | null => pathIn(document, 'output');
const inputOf = (document: TextDocument): string | null => pathIn(document, 'input');

function toUri(target: unknown): Uri | undefined {
  if (target instanceof Uri) return target;
  if (typeof target !== 'string') return undefined;
  return /^[a-z][a-z0-9+.-]{1,}:/i.test(target) ? Uri.parse(target) : Uri.file(target);
}
