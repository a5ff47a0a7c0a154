import { event } from './request.js';

/** Scans under way, sent whenever that changes. */
export const scansChanged = event<{
  readonly running: readonly {
    readonly path: string;
    readonly state: { readonly doneBytes: number; readonly bytes: number };
  }[];
}>('espalier/scans');
/** From the editor: read every value of a checkpoint, also above the limit. */
export const scanFully = event<{ readonly path: string }>('espalier/scanFully');
/** From the editor: stop every scan. */
export const cancelScans = event<Record<string, never>>('espalier/cancelScans');
/** From the editor: drop all facts in memory. */
export const forgetFacts = event<Record<string, never>>('espalier/forget');
/** From the editor: the workspace is trusted from now on. */
export const trusted = event<Record<string, never>>('espalier/trusted');
