import { commands, type ExtensionContext, window } from 'vscode';
import type { Client } from '../client.js';

/** Registers commands by name. What one throws is told in our words: VS Code hides some errors of commands from the person. */
export function register(
  context: ExtensionContext,
  client: Client,
  all: Readonly<Record<string, (...args: never[]) => unknown>>,
): void {
  for (const [name, run] of Object.entries(all)) {
    const told = async (...args: unknown[]): Promise<unknown> => {
      try {
        return await (run as (...args: unknown[]) => unknown)(...args);
      } catch (error) {
        client.log.error(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
        void window.showErrorMessage(error instanceof Error ? error.message : String(error));
        return undefined;
      }
    };
    context.subscriptions.push(commands.registerCommand(name, told));
  }
}
