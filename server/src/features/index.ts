import { codeActions } from './codeActions.js';
import { codeLens } from './codeLens.js';
import { completion } from './completion.js';
import { diagnostics } from './diagnostics.js';
import { documentLinks } from './documentLinks.js';
import { documentSymbols } from './documentSymbols.js';
import type { Feature } from './feature.js';
import { folding } from './folding.js';
import { formatting } from './formatting.js';
import { hover } from './hover.js';
import { inlayHints } from './inlayHints.js';
import { renaming } from './renaming.js';
import { semanticTokens } from './semanticTokens.js';
import { workspaceSymbols } from './workspaceSymbols.js';

/** Every language feature, one line each. */
export const features: readonly Feature[] = [
  hover,
  documentLinks,
  inlayHints,
  codeLens,
  codeActions,
  diagnostics,
  completion,
  workspaceSymbols,
  documentSymbols,
  folding,
  formatting,
  renaming,
  semanticTokens,
];
