import { RegistrationRequest, type ServerCapabilities } from 'vscode-languageserver/node';
import type { FeatureContext } from './feature.js';

/** Recipes and budgets, as the client tells them. */
const SELECTOR = [{ pattern: '**/*.espalier.{yaml,yml}' }, { pattern: '**/espalier.budget.{yaml,yml}' }];

/**
 * Says that the server can do something with recipes and budgets; `feature` is the name in the client's abilities and in the method. Other texts have tools of their own, beside which ours would be
 * asked in vain or ask for a choice: where the client allows it, our files alone are named.
 */
export function registerForOurs(
  { connection, client, onReady }: FeatureContext,
  feature: 'documentSymbol' | 'foldingRange' | 'formatting' | 'rename' | 'semanticTokens',
  options: object,
): Partial<ServerCapabilities> {
  if (!client.dynamic.has(feature)) return { [PROVIDERS[feature]]: options };
  const registerOptions = { documentSelector: SELECTOR, ...options };
  const method = `textDocument/${feature}`;
  onReady(() => {
    const registrations = [{ id: `espalier ${method}`, method, registerOptions }];
    connection
      .sendRequest(RegistrationRequest.type, { registrations })
      .catch((error) => connection.console.error(`${method} was not registered: ${String(error)}`));
  });
  return {};
}

const PROVIDERS = {
  documentSymbol: 'documentSymbolProvider',
  foldingRange: 'foldingRangeProvider',
  formatting: 'documentFormattingProvider',
  rename: 'renameProvider',
  semanticTokens: 'semanticTokensProvider',
} as const;
