import type { ChangeReport, LayerChange, Plan } from '@espalier/protocol';
import type { FakeTensor } from './fakeModel.js';

const RECIPE =
  'input: resnet18.safetensors\nsteps:\n  - prune: { method: magnitude, sparsity: 0.8 }\noutput: resnet18-80.safetensors\n';

/** A report that follows from a model's own weights: what is zero in it was pruned, everything else was there before. */
export function reportOf(tensors: readonly FakeTensor[], more: Partial<Plan> = {}): ChangeReport {
  const plan = planOf(tensors, more);
  return {
    schemaVersion: 1,
    title: 'resnet18.safetensors · magnitude 80 % model-wide',
    verdict: [
      [{ text: '79.6 %', strong: true }, { text: ' of 695,664 weights are zero, 0 % were;' }],
      [{ text: 'time was not measured: zeros alone make nothing faster where a runtime computes dense.' }],
    ],
    plan,
    latency: [],
    bridge: null,
    runtimes: [],
    accuracy: null,
    accuracyMissing: 'no evaluate command',
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
    sensitivity: touched.map(({ name }, i) => ({
      name,
      energyLost: [0.01, 0.05, 0.1, 0.3, 0.5].map((share) => share + i / 1000),
    })),
    ...more,
  };
}

export const FAKE_RECIPE = RECIPE;
