import type { ChangeReport, Figure, LayerChange, Plan } from '@espalier/protocol';
import type { FakeTensor } from './fakeModel.js';

const RECIPE =
  'input: resnet18.safetensors\nsteps:\n  - prune: { method: magnitude, sparsity: 0.8 }\noutput: resnet18-80.safetensors\n';

/** A report that follows from a model's own weights: what is zero in it was pruned, everything else was there before. */
export function reportOf(tensors: readonly FakeTensor[], more: Partial<Plan> = {}): ChangeReport {
  const plan = timed(planOf(tensors, more));
  const [before, ideal, after] = [sumOf(plan, 'dense'), idealOf(plan), sumOf(plan, 'csr')];
  return {
    schemaVersion: 1,
    title: 'resnet18.safetensors · magnitude 80 % model-wide',
    verdict: [
      [{ text: '79.6 %', strong: true }, { text: ' of 695,664 weights are zero, 0 % were;' }],
      [
        { text: `${(before / after).toFixed(1)}x`, strong: true },
        { text: ' as fast here, if layers skip their zeros,' },
      ],
      [{ text: '1.0x', strong: true }, { text: ' where a runtime computes dense, as most do.' }],
    ],
    plan,
    latency: [
      {
        engine: 'Espalier kernels, WASM SIMD, 1 thread',
        per: 'ms for the products of 21 layers in one run',
        before: measured(before),
        masked: null,
        after: measured(after),
      },
    ],
    bridge: [
      { label: 'dense', ms: before, kind: 'end' },
      { label: 'if every zero saved its share', ms: ideal, kind: 'ideal' },
      { label: '1 layer is quickest dense', ms: 0.1 * (after - ideal), kind: 'loss' },
      { label: 'skipping takes longer for each weight than computing', ms: 0.9 * (after - ideal), kind: 'loss' },
      { label: 'each layer in its quickest way', ms: after, kind: 'end' },
    ],
    runtimes: [
      {
        runtime: 'Espalier kernels, here',
        version: 'WASM SIMD, 1 thread',
        pattern: 'any',
        dtype: 'f32',
        condition: 'each layer in its quickest way',
        gain: measured(before / after),
        why: '20 of 21 layers skip their zeros',
        source: 'measured on this machine',
        date: '',
      },
      {
        runtime: 'onnxruntime',
        version: '1.4 and later',
        pattern: 'any',
        dtype: 'any',
        condition: 'all operators',
        gain: { value: 1, how: { kind: 'published', source: 'a maintainer' } },
        why: 'no kernel takes sparse weights',
        source: 'a maintainer',
        date: '2026-01-01',
      },
      {
        runtime: 'TensorRT, sparse tensor cores',
        version: '8.0 and later',
        pattern: '2:4',
        dtype: 'f16, int8',
        condition: 'NVIDIA A100 and later',
        gain: null,
        why: 'n/a: the pattern is broken in 21 layers',
        source: 'NVIDIA',
        date: '2026-01-01',
      },
    ],
    accuracy: null,
    accuracyMissing: 'no evaluate command',
    limits: [
      { code: 'budget/size', verdict: 'kept', message: '2.8 MB on disk, the budget allows 3 MB.' },
      { code: 'budget/pattern', verdict: 'broken', message: '2:4 does not hold in 20 of 21 tensors of **.' },
      { code: 'budget/accuracy', verdict: 'unknown', message: 'Accuracy was not measured: no evaluate command.' },
    ],
    provenance: {
      recipe: RECIPE,
      seed: 1,
      engine: 'Espalier',
      version: '0.1.0',
      inputSha256: 'a'.repeat(64),
      outputs: [{ ...plan.outputs[0]!, sha256: 'b'.repeat(64) }],
      machine: 'a processor, 2 threads',
      startedAt: '2026-01-01T00:00:00.000Z',
      seconds: 1.5,
    },
  };
}

const measured = (value: number): Figure => ({
  value,
  how: { kind: 'measured', runs: 9, spread: 0.018, baseline: 'dense f32, WASM SIMD, 1 thread' },
});

/** Times that follow from the number of weights and the share of zeros; the first layer is quickest dense. */
function timed(plan: Plan): Plan {
  const layers = plan.layers.map((layer, i): LayerChange => {
    if (layer.leftAlone !== null) return layer;
    const dense = layer.elements.before / 20_000;
    const kept = 1 - layer.zeros.after / layer.elements.after;
    const csr = Math.max(0.01, dense * kept * (i === 0 ? 9 : 1.7));
    const ways = [
      { way: 'dense', ms: measured(dense) },
      { way: 'csr', ms: measured(csr) },
      { way: 'block-4x1', ms: measured(dense * (i === 0 ? 3 : 0.9)) },
      { way: 'int8', ms: measured(dense / 2) },
    ];
    return { ...layer, latency: { problem: `${layer.shape.after[0]}×576 by 49`, ways, devices: [] } };
  });
  return { ...plan, layers };
}

/** A plan with what was asked for: times, and sizes of half of the bytes before and a quarter after. */
export function wished(plan: Plan, { gzip, measure }: { readonly gzip?: boolean; readonly measure?: boolean }): Plan {
  const { before, after } = plan.totals.sizes;
  const zipped = (bytes: number) => ({ bytes, obtained: { kind: 'exact' } as const });
  const sized: Plan =
    gzip !== true
      ? plan
      : {
          ...plan,
          totals: {
            ...plan.totals,
            sizes: {
              before: { ...before, gzip: zipped(before.raw / 2) },
              after: { ...after, gzip: zipped(after.raw / 4) },
            },
          },
        };
  if (measure !== true) return sized;
  const measuredPlan = timed(sized);
  return {
    ...measuredPlan,
    latency: [
      {
        engine: 'Espalier kernels, WASM SIMD, 1 thread',
        per: 'ms for the products of 21 layers in one run',
        before: measured(sumOf(measuredPlan, 'dense')),
        masked: null,
        after: measured(sumOf(measuredPlan, 'csr')),
      },
    ],
  };
}

const timesOf = ({ layers }: Plan) =>
  layers.flatMap(({ latency, zeros, elements }) => {
    if (latency === null) return [];
    const [dense, csr] = latency.ways.map(({ ms }) => ms.value) as [number, number];
    return [{ dense, csr: Math.min(dense, csr), ideal: dense * (1 - zeros.after / elements.after) }];
  });
const sumOf = (plan: Plan, which: 'dense' | 'csr'): number => timesOf(plan).reduce((sum, each) => sum + each[which], 0);
const idealOf = (plan: Plan): number => timesOf(plan).reduce((sum, { ideal }) => sum + ideal, 0);

export function planOf(tensors: readonly FakeTensor[], more: Partial<Plan> = {}): Plan {
  const layers = tensors.map(({ head, values }): LayerChange => {
    const zeros = head.prunable ? values().filter((value) => value === 0).length : 0;
    const sizes = (kept: number) => ({
      raw: head.bytes,
      gzip: null,
      csr: kept * 6,
      bitmask: kept * 4 + head.elements / 8,
      packed24: null,
    });
    return {
      name: head.name,
      role: head.role,
      storage: { before: head.storage, after: head.storage },
      shape: { before: head.shape, after: head.shape },
      elements: { before: head.elements, after: head.elements },
      zeros: { before: 0, after: zeros },
      energy: { before: 10, after: 9 },
      energyKept: head.prunable ? 0.9 : 1,
      sizes: { before: sizes(head.elements), after: sizes(head.elements - zeros) },
      macs: null,
      leftAlone: head.prunable ? null : `${head.role}, not a weight of a convolution or a linear layer`,
      patterns: zeros > 0 && head.shape.length === 4 ? ['2:4'] : [],
      latency: null,
    };
  });
  const touched = layers.filter(({ leftAlone }) => leftAlone === null);
  const sum = (of: (layer: LayerChange) => number, all = touched): number =>
    all.reduce((total, layer) => total + of(layer), 0);
  const sizesOf = (side: 'before' | 'after') => ({
    raw: sum((layer) => layer.sizes[side].raw, layers),
    gzip: null,
    csr: sum((layer) => layer.sizes[side].csr, layers),
    bitmask: sum((layer) => layer.sizes[side].bitmask, layers),
    packed24: null,
  });
  return {
    input: {
      path: '/models/resnet18.safetensors',
      name: 'resnet18.safetensors',
      format: 'safetensors',
      formatLabel: 'safetensors',
      bytes: 2_800_000,
    },
    steps: [
      {
        id: 'prune-1',
        verb: 'prune',
        method: 'magnitude',
        options: { sparsity: 0.8, scope: 'model' },
        summary: '',
        tensors: touched.length,
      },
    ],
    layers,
    totals: {
      parameters: {
        before: sum((layer) => layer.elements.before, layers),
        after: sum((layer) => layer.elements.after, layers),
      },
      zeros: { before: 0, after: sum((layer) => layer.zeros.after) },
      prunableElements: { before: sum((layer) => layer.elements.before), after: sum((layer) => layer.elements.after) },
      prunableZeros: { before: 0, after: sum((layer) => layer.zeros.after) },
      energyKept: 0.9,
      sizes: { before: sizesOf('before'), after: sizesOf('after') },
      macs: {
        before: { dense: 1_814_000_000, effective: 1_814_000_000 },
        after: { dense: 1_814_000_000, effective: 442_000_000 },
      },
      macConvention: 'One multiply-accumulate is 1.',
      masked: null,
    },
    outputs: [{ path: '/models/resnet18-80.safetensors', format: 'safetensors', bytes: 2_800_000 }],
    notes: [
      {
        code: 'prune/layer-empty',
        severity: 'warning',
        message: 'All weights of layer4.1.conv2.weight would be zero: the layer gives a constant.',
      },
    ],
    devices: [
      {
        device: 'a100',
        label: 'NVIDIA A100 40 GB SXM',
        beforeMs: { value: 0.21, how: { kind: 'estimate', profile: 'NVIDIA A100 40 GB SXM' } },
        afterMs: { value: 0.17, how: { kind: 'estimate', profile: 'NVIDIA A100 40 GB SXM' } },
        boundBy: { overhead: 15, memory: 6 },
        sparse: { layers: 6, of: 21 },
        sources: ['a data sheet'],
      },
    ],
    sensitivity: touched.map(({ name }, i) => ({
      name,
      energyLost: [0.01, 0.05, 0.1, 0.3, 0.5].map((share) => share + i / 1000),
    })),
    ...more,
  };
}

export const FAKE_RECIPE = RECIPE;

/** The same with weights of 8 bits. */
export const quantized = (report: ChangeReport): ChangeReport => ({
  ...report,
  plan: {
    ...report.plan,
    steps: report.plan.steps.map((step) => ({ ...step, verb: 'quantize', method: 'post-training' })),
    layers: report.plan.layers.map((layer) =>
      layer.leftAlone !== null
        ? layer
        : {
            ...layer,
            quantization: {
              scheme: 'int8-sym',
              bits: 8,
              bitsPerWeight: 8.125,
              granularity: 'channel',
              sqnrDb: 43.21,
              mse: 1.2e-5,
              maxAbsError: 0.0041,
              cosine: 0.99998,
              clippedShare: 0,
              levels: { used: 240, all: 255 },
              ranges: {
                sqnrDb: { max: 43.2, percentile: 43.4, mse: 43.9, kl: 12.1 },
                best: 'mse',
                values: 100_000,
                of: 1_048_576,
              },
            },
          },
    ),
  },
});
