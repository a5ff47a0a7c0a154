import { join } from 'node:path';
import { type ExtensionContext, env, type LogOutputChannel, workspace } from 'vscode';
import { type LanguageClientOptions, type ServerOptions, TransportKind } from 'vscode-languageclient/node';

/** Languages whose texts the server reads. */
const LANGUAGES = [
  'python',
  'typescript',
  'javascript',
  'typescriptreact',
  'javascriptreact',
  'json',
  'jsonc',
  'yaml',
  'toml',
  'markdown',
];
/** Commands that hovers of the server may link to. */
const LINKED_COMMANDS = [
  'espalier.inspect',
  'espalier.compareFiles',
  'espalier.scanFully',
  'espalier.measureSpeed',
  'espalier.compareWithPrevious',
];

/** The server is a process of its own; the extension host computes nothing. */
export function serverOptions(context: ExtensionContext): ServerOptions {
  const module = context.asAbsolutePath(join('dist', 'server.mjs'));
  const variables = {
    ...process.env,
    NODE_OPTIONS: '',
    ESPALIER_TOOLS: join(context.globalStorageUri.fsPath, 'tools'),
  };
  return {
    // Options for the editor's own Node are none of the server's.
    run: { module, transport: TransportKind.ipc, options: { env: variables } },
    debug: { module, transport: TransportKind.ipc, options: { env: variables, execArgv: ['--inspect=6010'] } },
  };
}

export const clientOptions = (
  context: ExtensionContext,
  log: LogOutputChannel,
  trace: LogOutputChannel,
): LanguageClientOptions => ({
  documentSelector: [
    ...LANGUAGES.flatMap((language) => [
      { scheme: 'file', language },
      { scheme: 'untitled', language },
    ]),
    { notebook: '*', language: 'python' },
  ],
  outputChannel: log,
  traceOutputChannel: trace,
  diagnosticCollectionName: 'espalier',
  markdown: { isTrusted: { enabledCommands: LINKED_COMMANDS }, supportHtml: false },
  // Asked at each start: a server that is started again learns what holds then.
  initializationOptions: () => {
    const settings = workspace.getConfiguration('espalier');
    const threads = settings.get<number>('threads', 0);
    return {
      commands: true,
      trusted: workspace.isTrusted,
      cacheFolder: join(context.globalStorageUri.fsPath, 'facts'),
      locale: env.language,
      settings,
      ...(threads > 0 ? { threads } : {}),
    };
  },
});
