/** Words that several pages share. Everything a person reads in this folder stands here. */
export const HOW = {
  measured: (runs: string, spread: string) => `measured here, median of ${runs}, ±${spread}\u202f%`,
  measuredWhy: (baseline: string) => `Timed on this machine; compared with ${baseline}.`,
  estimate: (error: string | null) => (error === null ? 'estimate' : `estimate, ±${error}\u202f%`),
  estimateWhy: (profile: string) => `From the profile ${profile}, not from a measurement.`,
  published: 'published',
  sampledPart: 'Counted on a part.',
  exact: 'exact',
  exactWhy: 'Counted over every value',
  sampled: (percent: string) => `sampled ±${percent}\u202f%`,
  sampledWhy: (percent: string) =>
    `From a seeded sample of ${percent}\u202f% of the values, with the half width of its 95\u202f% interval`,
};

export const SEVERITY = { error: 'Error', warning: 'Warning', information: 'Information' } as const;

export const TABLE_TWIN = { show: 'Show as table', hide: 'Show as picture' };

export const KEYS_SHEET = { title: 'Keys', close: 'Close' };

export const SASH = 'Width of the table';

export const SCALAR = 'scalar';

export const ROLES = {
  conv: 'Convolution weight',
  'depthwise-conv': 'Depthwise convolution weight',
  'transposed-conv': 'Transposed convolution weight',
  linear: 'Linear weight',
  embedding: 'Embedding',
  recurrent: 'Recurrent weight',
  attention: 'Attention weight',
  norm: 'Normalization',
  bias: 'Bias',
  statistic: 'Running statistic',
  position: 'Position',
  scale: 'Scale',
  index: 'Index',
  optimizer: 'Optimizer state',
  constant: 'Constant',
  text: 'Text',
  other: 'Tensor',
} as const;

export const FAULT = {
  title: 'This file cannot be read.',
  file: 'File',
  offset: 'At byte',
  expected: 'Expected',
  found: 'Found',
  code: 'Code',
  again: 'Try Again',
  explain: 'Explain',
};

/** Words of the selectors and buttons of every map. */
export const MAPS = {
  layout: 'Layout',
  kernel: { long: 'Kernel matrix', short: 'Kernel' },
  kernelTitle: 'A row for each output channel, a column for each input channel, each cell one kernel',
  channel: { long: 'Per channel', short: 'Channel' },
  channelTitle: 'All kernels of one output channel',
  raw: { long: 'Raw rows', short: 'Raw' },
  rawTitle: 'As stored',
  previousChannel: 'Previous output channel',
  nextChannel: 'Next output channel',
  outputChannel: 'Output channel',
  zoomIn: 'Zoom in (+)',
  zoomOut: 'Zoom out (−)',
  whole: 'Whole tensor (0)',
};
