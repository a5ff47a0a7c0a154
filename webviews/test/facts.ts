import type { Finding, TensorHead, TensorStats } from '@espalier/protocol';

/** Heads and stats for tests of this folder: only what a test names differs from a plain 64 × 64 linear weight. */
export function headFor(name: string, more: Partial<TensorHead> = {}): TensorHead {
  return {
    name,
    dtype: 'F32',
    storage: 'F32',
    shape: [64, 64],
    elements: 4096,
    bytes: 16_384,
    role: 'linear',
    prunable: true,
    layer: name.replace(/\.[^.]*$/, ''),
    outputChannels: 64,
    inputChannels: 64,
    axes: { output: [0], input: [1], kernel: [], groups: 1 },
    description: '',
    ...more,
  };
}

export function statsFor(more: Partial<TensorStats> = {}): TensorStats {
  return {
    zeros: 0,
    exactZeros: more.zeros ?? 0,
    nearZeros: more.zeros ?? 0,
    nan: 0,
    inf: 0,
    firstNonFinite: null,
    min: -1,
    max: 1,
    mean: 0,
    std: 0.5,
    absmax: 1,
    kept: { count: 4096 - (more.zeros ?? 0), absmin: 0.01, std: 0.5, absMedian: 0.3, abs99: 0.9 },
    quantiles: [-0.9, -0.7, -0.3, 0, 0.3, 0.7, 0.9],
    histogram: null,
    deadOutputChannels: 0,
    deadInputChannels: 0,
    deadOutputs: [],
    deadInputs: [],
    patterns: {},
    blocks: {},
    digest: null,
    sizes: { raw: 16_384, gzip: null, csr: 20_000, bitmask: 16_896, packed24: null },
    obtained: { kind: 'exact' },
    ...more,
  };
}

export const findingFor = (severity: Finding['severity'], tensor?: string, code = 'checkpoint/example'): Finding => ({
  code,
  severity,
  message: `something about it`,
  ...(tensor === undefined ? {} : { tensor }),
});
