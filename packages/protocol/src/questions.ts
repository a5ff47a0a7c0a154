import { plan, report, reportFiles } from './change.js';
import { gzip, heatmap, matrix, openHead, scan, values } from './checkpoint.js';
import { compare, compareHeads, compareTile, trend } from './compare.js';
import { examine, install } from './doctor.js';
import type { PageStart } from './page.js';
import { sweep } from './sweep.js';

/** A question as hosts pass it on: they do not look into it. */
export interface Question {
  readonly kind: 'request' | 'stream';
  readonly method: string;
}

/** What each page asks of the server. Editors pass on these questions and no others. */
export const QUESTIONS: Readonly<Record<PageStart['kind'], readonly Question[]>> = {
  checkpoint: [openHead, scan, gzip, matrix, heatmap, values],
  compare: [openHead, scan, matrix, heatmap, values, compareHeads, compare, compareTile, trend],
  report: [report, reportFiles, matrix, values, compareHeads, compareTile],
  preview: [plan],
  sweep: [sweep],
  doctor: [examine, install],
};
