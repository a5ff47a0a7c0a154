import type { RecipeQuery } from './change.js';
import { event, request } from './request.js';

/** What a page is told when it starts. */
export interface PageStart {
  readonly kind: 'checkpoint' | 'compare' | 'report' | 'preview' | 'sweep' | 'doctor';
  /** `checkpoint`: one path; `compare`: before, after; `report` and `sweep`: the file that a run wrote; `preview`: the recipe's document; `doctor`: none. */
  readonly paths: readonly string[];
  /** Names to show, aligned with `paths`: `resnet.safetensors`, `resnet.safetensors (HEAD)`. */
  readonly names: readonly string[];
  /** BCP 47 tag for numbers. */
  readonly locale: string;
  /** Scan at once, unless the person switched that off. */
  readonly scanAutomatically: boolean;
  /** Tensor to show first (from a link or a hover). */
  readonly select?: string;
  /** State that the page stored for this workspace (sash position, columns, layout). */
  readonly stored?: Readonly<Record<string, unknown>>;
}

/** First question of every page. */
export const pageStart = request<Record<string, never>, PageStart>('page/start');
/** Kept for the workspace, given back in `PageStart.stored`. */
export const pageStore = event<{ readonly key: string; readonly value: unknown }>('page/store');
/** What only the editor can do for a page. */
export type PageAction =
  | { readonly action: 'compare'; readonly path: string }
  | { readonly action: 'swap' }
  | {
      readonly action: 'export';
      readonly format: 'json' | 'csv' | 'markdown';
      readonly path: string;
      /** Of a comparison: all its files, the earlier first. */
      readonly compared?: readonly string[];
    }
  | { readonly action: 'open-file'; readonly path: string }
  /** Asks where to save and writes a picture of the page; `base64` is a PNG. */
  | { readonly action: 'save-image'; readonly name: string; readonly base64: string }
  | { readonly action: 'copy'; readonly text: string }
  | { readonly action: 'documentation'; readonly code: string }
  /** Opens input and output of a report beside each other. */
  | { readonly action: 'compare-files'; readonly before: string; readonly after: string }
  /** Opens the report of a run, as the path says. */
  | { readonly action: 'open-report'; readonly path: string }
  /** Opens a text as a new recipe. */
  | { readonly action: 'open-recipe'; readonly text: string }
  /** Runs the recipe that the preview shows. */
  | { readonly action: 'run-recipe' }
  /** Moves the cursor in the recipe that the preview shows. */
  | { readonly action: 'reveal-in-recipe'; readonly from: number; readonly to: number }
  /** Shows a file in the explorer. */
  | { readonly action: 'reveal-file'; readonly path: string }
  /** Puts the output in place of the input where the code names it. */
  | { readonly action: 'use-output'; readonly input: string; readonly output: string }
  /** Saves the report, as the server writes it. */
  | { readonly action: 'export-report'; readonly path: string; readonly format: ReportFormat };

/** How a report leaves the page. */
export type ReportFormat = 'markdown' | 'html' | 'csv' | 'json';
/** Asks the editor for one of them. */
export const pageAction = request<PageAction, { readonly done: boolean; readonly message?: string }>('page/action');
/** From the editor to a preview: the recipe as it reads now, and whether it may run. */
export const pageRecipe = event<RecipeQuery & { readonly trusted: boolean }>('page/recipe');
/** From the editor to the page: select a tensor. */
export const pageSelect = event<{ readonly tensor: string }>('page/select');
/** From the editor to the page: what may be read is not what it was, so open the file again. */
export const pageReload = event<Record<string, never>>('page/reload');
