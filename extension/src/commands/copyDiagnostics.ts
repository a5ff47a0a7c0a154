import { type ExtensionContext, env, l10n, version, window, workspace } from 'vscode';
import type { Client } from '../client.js';

/** Puts on the clipboard what a bug report needs: versions, states, settings. No names in checkpoints, no values. */
export async function copyDiagnostics(context: ExtensionContext, client: Client): Promise<void> {
  await env.clipboard.writeText(diagnostics(context, client));
  window.setStatusBarMessage(l10n.t('Diagnostics are on the clipboard; they hold no weights'), 3000);
}

function diagnostics(context: ExtensionContext, client: Client): string {
  const folders = workspace.workspaceFolders ?? [];
  const schemes = [...new Set(folders.map(({ uri }) => uri.scheme))].join(', ') || 'none';
  const memory = (process.memoryUsage().rss / 1e6).toFixed(0);
  const lines = [
    `Espalier ${context.extension.packageJSON.version}, VS Code ${version}, ${process.platform} ${process.arch}, Node ${process.versions.node}`,
    `language server: ${client.running ? `running, process ${client.processId ?? 'unknown'}` : 'not running'}, ended unexpectedly ${client.crashes} times`,
    `workspace: ${folders.length} folders (${schemes}), ${workspace.isTrusted ? 'trusted' : 'not trusted'}, remote: ${env.remoteName ?? 'no'}`,
    `extension host: ${memory} MB for all extensions`,
    `settings: ${JSON.stringify(workspace.getConfiguration('espalier'))}`,
  ];
  return `${lines.join('\n')}\n`;
}
