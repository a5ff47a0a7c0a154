import { filesOfSteps, type Problem } from '@espalier/recipe';
import type { CheckpointReference } from '@espalier/references';
import { dvcRemark, faultRemark, findingRemarks, limitRemarks, missingRemark, type Remark } from '@espalier/service';
import { type Diagnostic, DiagnosticSeverity, type Range } from 'vscode-languageserver/node';
import type { Feature, FeatureContext, ParsedDocument } from './feature.js';
import { budgetOf, isBudget, isRecipe, recipeInput, recipeOf } from './ourDocuments.js';
import { replacementFor } from './replacement.js';

/** Where a code is explained. */
const DOCUMENTATION = 'https://github.com/espalier-dev/espalier/blob/main/docs/findings.md';
/** Changes of files come in swarms. */
const DEBOUNCE_MS = 250;
export const SOURCE = 'espalier';

const SEVERITY = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
} as const;

/** What a fix needs to know; travels in `Diagnostic.data`. */
export interface DiagnosticData {
  readonly path?: string;
  readonly suggestion?: string;
  /** What the range's text becomes. */
  readonly replacement?: string;
  /** The range that the replacement takes, where it is not the diagnostic's own; `title` says what it does. */
  readonly edit?: Range;
  readonly title?: string;
  readonly command?: string;
}

/** Missing, unreadable and broken checkpoints, where they are named. Never for outputs, hub names and computed paths. */
export const diagnostics: Feature = (context) => {
  const { connection, documents } = context;
  const runs = new Map<string, AbortController>();

  async function publish(uri: string): Promise<void> {
    runs.get(uri)?.abort();
    const run = new AbortController();
    runs.set(uri, run);
    const parsed = documents.get(uri);
    if (parsed === null) return;
    try {
      const found = context.settings().diagnostics ? await diagnose(context, parsed, run.signal) : [];
      if (!run.signal.aborted)
        await connection.sendDiagnostics({ uri, version: parsed.document.version, diagnostics: found });
    } catch (error) {
      if (!run.signal.aborted)
        context.log(
          `diagnostics of ${uri}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
    }
  }

  context.onDocument((uri, closed) => {
    if (!closed) return void publish(uri);
    runs.get(uri)?.abort();
    runs.delete(uri);
    void connection.sendDiagnostics({ uri, diagnostics: [] });
  });
  let timer: NodeJS.Timeout | null = null;
  context.onChange(() => {
    if (timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      for (const { document } of documents.all()) void publish(document.uri);
    }, DEBOUNCE_MS);
  });
  return {};
};

async function diagnose(context: FeatureContext, parsed: ParsedDocument, signal: AbortSignal): Promise<Diagnostic[]> {
  const { document, references } = parsed;
  if (isBudget(document.uri))
    return budgetOf(document.getText()).problems.map((problem) => toDiagnostic(document, problem));
  const found: Diagnostic[] = isRecipe(document.uri) ? await recipeProblems(context, parsed, signal) : [];
  for (const reference of references.checkpoints) {
    signal.throwIfAborted();
    if (reference.direction === 'output' || isRecipeOutput(parsed, reference)) continue;
    const add = (remark: Remark, data: DiagnosticData): void => {
      found.push({
        range: { start: document.positionAt(reference.begin), end: document.positionAt(reference.end) },
        severity: SEVERITY[remark.severity],
        code: remark.code,
        codeDescription: { href: `${DOCUMENTATION}#${remark.code.replaceAll(/[^\w-]/g, '')}` },
        source: SOURCE,
        message: remark.message,
        data,
      });
    };
    const resolution = await context.service.resolve(reference, document.uri);
    if (resolution.kind === 'missing' && resolution.pointer !== undefined) {
      const pointer = context.service.displayName(resolution.pointer);
      add(dvcRemark(reference.path, pointer), { command: `dvc pull "${pointer}"` });
      continue;
    }
    if (resolution.kind === 'missing') {
      if (reference.certain && !resolution.elsewhere) {
        const { suggestion } = resolution;
        add(missingRemark(reference.path, suggestion), fixOf(parsed, reference, suggestion));
      }
      continue;
    }
    const path = resolution.kind === 'file' ? resolution.path : resolution.kind === 'hub' ? resolution.path : undefined;
    if (path === undefined) continue;
    const head = await context.service.head(path, signal);
    if (!head.ok) {
      // A shared ending such as .bin or .json may be no checkpoint at all: that is not for us to complain about.
      if (head.fault.code === 'checkpoint/unknown-format' || head.fault.code === 'checkpoint/no-model-in-folder')
        continue;
      add(faultRemark(head.fault, path), { path, ...commandOf(head.fault.hint) });
      continue;
    }
    context.service.requestScan(path);
    const facts = await context.service.facts(path, signal);
    for (const remark of facts === null ? [] : findingRemarks(facts)) add(remark, { path });
    const budget = await context.service.budget(path, signal);
    for (const remark of budget === null ? [] : limitRemarks(budget.limits)) add(remark, { path });
  }
  return found;
}

/** What is wrong with a recipe, with the fix where one is known: by its text, and by the head of its checkpoint where that can be opened. */
async function recipeProblems(
  { service }: FeatureContext,
  { document }: ParsedDocument,
  signal: AbortSignal,
): Promise<Diagnostic[]> {
  const text = document.getText();
  const input = recipeInput(document.uri, text);
  const outlook = input === null ? null : await service.outlook(input, text, signal);
  signal.throwIfAborted();
  const ofCheckpoint = outlook?.ok === true ? outlook.value.problems : [];
  const missing = await missingFiles(service, document, signal);
  return [
    ...[...recipeOf(text).problems, ...ofCheckpoint].map((problem) => toDiagnostic(document, problem)),
    ...missing,
  ];
}

/** Files that options of steps name, masks and samples, and that are not there. */
async function missingFiles(
  service: FeatureContext['service'],
  document: ParsedDocument['document'],
  signal: AbortSignal,
): Promise<Diagnostic[]> {
  const parsed = recipeOf(document.getText());
  const found: Diagnostic[] = [];
  for (const { path, from, to } of filesOfSteps(parsed)) {
    signal.throwIfAborted();
    const reference: CheckpointReference = {
      kind: 'checkpoint',
      begin: from,
      end: to,
      path,
      form: 'file',
      direction: 'input',
      certain: true,
      via: 'recipe',
    };
    const resolution = await service.resolve(reference, document.uri);
    if (resolution.kind !== 'missing') continue;
    const { code, severity, message } = missingRemark(path, resolution.suggestion);
    found.push(toDiagnostic(document, { code, severity, message, from, to }));
  }
  return found;
}

export function toDiagnostic(
  document: ParsedDocument['document'],
  { code, severity, message, from, to, fix }: Problem,
): Diagnostic {
  const rangeOf = (begin: number, end: number): Range => ({
    start: document.positionAt(begin),
    end: document.positionAt(end),
  });
  const data: DiagnosticData =
    fix === undefined
      ? {}
      : {
          suggestion: fix.text,
          replacement: fix.text,
          ...(fix.at === undefined ? {} : { title: fix.title, edit: rangeOf(fix.at.from, fix.at.to) }),
        };
  return {
    range: rangeOf(from, to),
    severity: SEVERITY[severity],
    code,
    codeDescription: { href: `${DOCUMENTATION}#${code.replaceAll(/[^\w-]/g, '')}` },
    source: SOURCE,
    message,
    data,
  };
}

/** What a recipe writes need not be there. */
function isRecipeOutput({ document }: ParsedDocument, reference: CheckpointReference): boolean {
  if (!isRecipe(document.uri)) return false;
  return recipeOf(document.getText()).recipe?.outputs.some(({ path }) => path === reference.path) ?? true;
}

function fixOf({ document }: ParsedDocument, reference: CheckpointReference, suggestion?: string): DiagnosticData {
  if (suggestion === undefined) return {};
  const raw = document.getText().slice(reference.begin, reference.end);
  const replacement = replacementFor(raw, reference.path, suggestion);
  return replacement === null ? {} : { suggestion, replacement };
}

/** `git lfs pull --include "x" fetches it.`: the command of a hint. */
function commandOf(hint: string | undefined): { command?: string } {
  const command = /^((?:git lfs|dvc) .*) fetches it\.$/.exec(hint ?? '')?.[1];
  return command === undefined ? {} : { command };
}
