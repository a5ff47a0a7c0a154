import type { KeyLine } from '../shared/sheet.js';

/** Everything a person reads on the comparison of a sweep. */
export const S = {
  title: 'Sweep',
  waiting: 'Reading the comparison',
  actions: {
    again: 'Read Again',
    recipe: 'Recipe',
    export: 'Export',
    keys: 'Keys (?)',
    keysLabel: 'Keys',
  },
  exportMenu: {
    markdown: 'Markdown',
    html: 'HTML (one file)',
    csv: 'Table (CSV)',
    json: 'Everything (JSON)',
    copy: 'Copy verdict as text',
  },
  picture: {
    heading: 'What does each method keep?',
    choose: 'What is shown',
    about: (measure: string) => `${measure} by zeros`,
    label: (measure: string, series: string) => `${measure} over the share of zeros, ${series}. Shown as a table by t.`,
    lines: (n: string) => `${n} lines`,
    x: 'Zeros of the prunable weights, %',
    none: 'No point is finished yet.',
    seeds: 'A mark is the mean over seeds; its bar goes from the lowest to the highest.',
    heads: { series: 'Steps', zeros: 'Zeros %', mean: 'Mean', lowest: 'Lowest', highest: 'Highest', runs: 'Runs' },
  },
  measures: {
    energy: { short: 'Energy', long: 'Energy kept, %' },
    accuracy: { short: 'Accuracy', long: 'Accuracy' },
    sqnr: { short: 'SQNR', long: 'Lowest SQNR of a layer, dB' },
    speed: { short: 'Speed-up', long: 'Speed-up, measured here' },
    size: { short: 'Size', long: 'Size as sparse, MB' },
    work: { short: 'Work', long: 'Multiply-adds if zeros are skipped, %' },
  },
  points: {
    heading: 'Points',
    label: 'Points of the sweep',
    heads: {
      series: 'Steps',
      zeros: 'Zeros %',
      energy: 'Energy kept %',
      sqnr: 'Lowest SQNR, dB',
      file: 'File',
      size: 'As sparse',
      speed: 'Speed-up',
      accuracy: 'Accuracy',
      open: 'Open',
    },
    report: 'Report',
    recipe: 'Recipe',
    /** What a button belongs to, for those who do not see its row. */
    of: (word: string, point: string) => `${word} of ${point}`,
    waiting: 'not run yet',
    times: (n: string) => `${n}x`,
  },
} as const;

export const SWEEP_KEYS: readonly KeyLine[] = [
  [['m'], 'next figure of the picture'],
  [['t'], 'picture as a table, and back'],
  [['r'], 'read again'],
  [['e'], 'export'],
  [['?'], 'this list'],
];
