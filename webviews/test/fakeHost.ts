import type { Fault } from '@espalier/base';
import type {
  CompareTileQuery,
  CompareTotals,
  Envelope,
  FileHead,
  Finding,
  HeatmapQuery,
  PageStart,
  PlanQuery,
  ScanQuery,
  TensorFacts,
  TensorHead,
  TensorStats,
  ValueDiff,
  ValuesQuery,
} from '@espalier/protocol';
import { layoutOf, sizeOfLayout, statsOf, tileOf, valuesIn } from './fakeAnalysis.js';
import { laterModel, pairDiff, pairTile, structureOf, trendOf } from './fakeCompare.js';
import { type FakeTensor, headOf, resnet, unpruned } from './fakeModel.js';
import { FAKE_RECIPE, planOf, quantized, reportOf, wished } from './fakeReport.js';
import { sweepReport } from './fakeSweep.js';

/** What the fake editor and server do. Plain data, so that a test can hand it into the page. */
export interface Scenario {
  readonly model: 'resnet' | 'plain' | 'many' | 'one' | 'empty' | 'unreadable' | 'one-fault' | 'strange';
  /** Channels of the first stage of the ResNet. */
  readonly width?: number;
  /** Facts of this many tensors, then nothing until `resume()` is called. */
  readonly pauseAfter?: number;
  readonly scanAutomatically?: boolean;
  readonly sampled?: boolean;
  /** The page of a run: a report, or the preview of a recipe that is fine, wrong, or may not run. */
  readonly report?: 'done' | 'quantized' | 'unreadable' | 'preview' | 'problems' | 'untrusted';
  /** What became of the input of a report since its run. */
  readonly input?: 'changed' | 'gone';
  /** The comparison of a sweep: all points, one that is not finished yet, or none that can be read. */
  readonly sweep?: 'done' | 'running' | 'unreadable';
  /** Sizes after gzip do not come with the values: they are asked for. */
  /** The page of the doctor: a tool is missing and can be installed, cannot for want of trust or network, or is there. */
  readonly doctor?: 'missing' | 'untrusted' | 'offline' | 'installed';
  readonly gzipApart?: boolean;
  readonly locale?: string;
  readonly select?: string;
  readonly stored?: Readonly<Record<string, unknown>>;
  /** Two files, or more with a trend. Without it the page of one checkpoint is served. */
  readonly compare?: 'changed' | 'equal' | 'trend';
  /** Tiles cannot be read. */
  readonly tileFault?: boolean;
  /** Answers that never come, by method. */
  readonly silent?: readonly string[];
}

const PROBLEM = {
  code: 'option/range',
  severity: 'error',
  message: 'sparsity is 0 to less than 1; 80 looks like a percentage, 0.8?',
  from: 62,
  to: 65,
};

/** What a test sees of the host, as `window.fakeHost`. */
export interface FakeHost {
  /** Every envelope that the page sent. */
  readonly sent: Envelope[];
  resume(): void;
  /** Says an event to the page. */
  tell(method: string, body: unknown): void;
  /** Changes what the next questions are answered with. */
  become(scenario: Scenario): void;
}

const FILE = 'resnet18-80.safetensors';
const LATER = 'resnet18-83-tuned.safetensors';
const TREND = ['dense', 'step-1', 'step-2', 'step-3', 'step-4'].map((name) => `${name}.safetensors`);

function tensorsOf(scenario: Scenario): FakeTensor[] {
  const width = scenario.width ?? 16;
  switch (scenario.model) {
    case 'resnet':
    case 'one-fault':
    case 'unreadable':
      return resnet(width);
    case 'empty':
      return [];
    case 'one':
      return resnet(width).filter(({ head }) => head.name === 'layer3.0.conv2.weight');
    case 'plain':
      return resnet(width).filter(({ head }) => !head.prunable);
    case 'many':
      return manyTensors();
    case 'strange':
      return strangeTensors();
  }
}

/** 2,000 tensors of a transformer. All share the values of a few, because only their number matters. */
function manyTensors(): FakeTensor[] {
  const kinds = [
    'self_attn.q_proj',
    'self_attn.k_proj',
    'self_attn.v_proj',
    'self_attn.o_proj',
    'mlp.gate_proj',
    'mlp.up_proj',
    'mlp.down_proj',
  ];
  const shared = resnet(8).filter(({ head }) => head.role === 'conv' && head.elements >= 24 * 24);
  const tensors: FakeTensor[] = [];
  for (let layer = 0; tensors.length < 2000; layer++) {
    for (const [i, kind] of kinds.entries()) {
      const values = () => shared[(layer + i) % shared.length]!.values().subarray(0, 24 * 24);
      tensors.push({ head: headOf(`model.layers.${layer}.${kind}.weight`, [24, 24], 'linear'), values });
    }
    tensors.push({
      head: headOf(`model.layers.${layer}.input_layernorm.weight`, [24], 'norm'),
      values: () => new Float32Array(24).fill(1),
    });
  }
  return tensors.slice(0, 2000);
}

/** Shapes and values at the edges: scalars, text, nothing, NaN, long names, all zero, names of other frameworks. */
function strangeTensors(): FakeTensor[] {
  const of = (values: readonly number[]) => () => Float32Array.from(values);
  const plain = (head: TensorHead, values: readonly number[]): FakeTensor => ({ head, values: of(values) });
  const text = headOf('vocabulary', [6], 'text');
  return [
    plain(headOf('scale', [], 'scale'), [0.5]),
    ...['two\nlines.weight', 'rtl\u202eevil.weight', '', '  '].map((name) => plain(headOf(name, [2], 'other'), [1, 2])),
    plain(headOf('all_zero.weight', [8, 4, 3, 3], 'conv'), new Array(288).fill(0)),
    plain(
      headOf('not_finite.weight', [16, 16], 'linear'),
      Array.from({ length: 256 }, (_, i) =>
        i === 17 ? Number.NaN : i === 40 ? Number.POSITIVE_INFINITY : Math.sin(i),
      ),
    ),
    plain(headOf('all_the_same.bias', [64], 'bias'), new Array(64).fill(0.25)),
    plain(
      headOf('tiny.weight', [4, 4], 'linear'),
      Array.from({ length: 16 }, (_, i) => (i % 3 === 0 ? 0 : (i - 8) * 1e-7)),
    ),
    plain(
      headOf(
        'StatefulPartitionedCall/functional_1/a_module_with_a_rather_long_name/conv2d_transpose_17/Conv2D',
        [8, 8, 3, 3],
        'conv',
      ),
      Array.from({ length: 576 }, (_, i) => Math.cos(i)),
    ),
    { head: { ...text, dtype: 'STRING', storage: 'string', noValues: { why: 'text' } }, values: of([]) },
    { head: { ...headOf('nothing', [0, 4], 'other'), noValues: { why: 'empty' } }, values: of([]) },
    {
      head: { ...headOf('blocks.0.q4.weight', [32, 32], 'linear'), storage: 'Q4_K', bytes: 576 },
      values: of(Array.from({ length: 1024 }, (_, i) => Math.sin(i * 0.7) * (i % 4 < 2 ? 0 : 1))),
    },
  ];
}

const TENSOR_FAULT: Fault = {
  code: 'checkpoint/truncated',
  message: 'Values end at byte 32,505,856; the header places the end at 33,014,272.',
  file: FILE,
  offset: 32_505_856,
  expected: '9,437,184 bytes',
  found: '8,928,768 bytes',
};

const FILE_FAULT: Fault = {
  code: 'checkpoint/header-truncated',
  message: 'The header ends at byte 4,120, the file has 4,096.',
  file: FILE,
  offset: 4096,
  expected: 4120,
  found: 4096,
  hint: 'It may be an unfinished download.',
};

const FAULTY = 'layer4.0.conv2.weight';

function findingsOf(head: TensorHead, stats: TensorStats): Finding[] {
  const found: Finding[] = [];
  const { deadOutputChannels: dead } = stats;
  if (stats.nan + stats.inf > 0) {
    found.push({
      code: 'checkpoint/non-finite',
      severity: 'error',
      message: `${stats.nan} NaN and ${stats.inf} Inf weights.`,
      tensor: head.name,
    });
  }
  if (stats.zeros === head.elements) {
    found.push({
      code: 'checkpoint/dead-layer',
      severity: 'information',
      message: `All ${head.elements} weights are zero.`,
      tensor: head.name,
    });
  } else if (dead !== null && dead > 0) {
    const many = dead / head.outputChannels! >= 0.1;
    found.push({
      code: 'checkpoint/dead-channels',
      severity: many ? 'information' : 'warning',
      message: `${dead} of ${head.outputChannels} output channels hold only zeros${many ? ' and could be removed' : ''}`,
      tensor: head.name,
    });
  }
  const along = stats.patterns['2:4']?.[0];
  if (
    along !== undefined &&
    !along.strict &&
    along.compliantGroups / along.groups > 0.96 &&
    stats.zeros / head.elements < 0.76
  ) {
    const percent = ((along.compliantGroups / along.groups) * 100).toFixed(1);
    found.push({
      code: 'checkpoint/pattern-broken',
      severity: 'warning',
      message: `2:4 holds in ${percent} % of groups, not in all`,
      tensor: head.name,
    });
  }
  return found;
}

/** A machine, and one tool that may be there. */
function examination(doctor: Scenario['doctor']) {
  const there = doctor === 'installed';
  return {
    version: '0.1.0',
    node: '22.14.0',
    platform: 'linux x64, 6.8.0',
    processor: 'A processor with sixteen cores',
    threads: 16,
    memoryBytes: 64e9,
    freeMemoryBytes: 41e9,
    kernels: 'wasm-simd',
    sharedMemory: true,
    toolsFolder: '/home/a/.config/Code/User/globalStorage/espalier.espalier/tools',
    mayInstall: doctor !== 'untrusted',
    tools: [
      {
        name: 'onnxruntime-node',
        adds: 'times whole ONNX models, and sees the ranges of activations for quantization',
        version: there ? '1.30.0' : null,
        folder: there ? '/tools/onnxruntime-node-1.30.0' : null,
        where: there ? 'installed' : null,
        pinnedVersion: '1.30.0',
      },
    ],
  };
}

class Host {
  readonly sent: Envelope[] = [];
  private tensors: FakeTensor[] = [];
  private byName = new Map<string, FakeTensor>();
  /** The input of a report, before the run. */
  private dense: FakeTensor[] = [];
  private later: FakeTensor[] = [];
  private laterByName = new Map<string, FakeTensor>();
  private stats = new Map<string, TensorStats>();
  private cancelled = new Set<number>();
  private paused: (() => void)[] = [];
  private memory: unknown;
  private reply: (envelope: Envelope) => void = () => {};

  constructor(private scenario: Scenario) {
    this.become(scenario);
  }

  become(scenario: Scenario): void {
    this.scenario = scenario;
    this.tensors = tensorsOf(scenario);
    this.byName = new Map(this.tensors.map((tensor) => [tensor.head.name, tensor]));
    this.stats = new Map();
    this.dense = this.tensors.map(unpruned);
    this.later =
      scenario.report !== undefined
        ? this.tensors
        : laterModel(this.tensors, scenario.compare === 'equal' ? 'equal' : 'changed');
    this.laterByName = new Map(this.later.map((tensor) => [tensor.head.name, tensor]));
  }

  resume(): void {
    for (const go of this.paused.splice(0)) go();
  }

  tell(method: string, body: unknown): void {
    this.reply({ type: 'event', method, body });
  }

  /** The editor's API as a page sees it. Messages cross as copies and later, as they do in the editor. */
  api() {
    this.reply = (envelope) => {
      const copy = structuredClone(envelope);
      setTimeout(() => window.postMessage(copy, '*'));
    };
    return {
      postMessage: (message: unknown) => {
        const envelope = structuredClone(message) as Envelope;
        this.sent.push(envelope);
        setTimeout(() => this.receive(envelope));
      },
      getState: () => this.memory,
      setState: (state: unknown) => {
        this.memory = structuredClone(state);
      },
    };
  }

  private receive(envelope: Envelope): void {
    if (envelope.type === 'cancel') this.cancelled.add(envelope.id);
    if (envelope.type !== 'ask' || this.scenario.silent?.includes(envelope.method)) return;
    const { id, method, query } = envelope;
    void this.answer(id, method, query).then((answer) => {
      if (!this.cancelled.has(id)) this.reply({ type: 'answer', id, answer });
    });
  }

  private async answer(id: number, method: string, query: unknown): Promise<unknown> {
    switch (method) {
      case 'page/start':
        return this.start();
      case 'checkpoint/open':
        return this.scenario.model === 'unreadable'
          ? { ok: false, fault: FILE_FAULT }
          : { ok: true, value: this.head() };
      case 'checkpoint/scan':
        return this.scan(id, query as ScanQuery);
      case 'checkpoint/gzip':
        return { ok: true, value: this.statsOf((query as { tensor: string }).tensor).sizes.gzip };
      case 'checkpoint/matrix': {
        const { head } = this.tensorIn(query as { path: string; tensor: string });
        const of = (layout: 'kernel' | 'channel' | 'raw') => sizeOfLayout(layoutOf(head, layout));
        return { ok: true, value: { kernel: of('kernel'), channel: of('channel'), raw: of('raw') } };
      }
      case 'checkpoint/heatmap': {
        const tile = query as HeatmapQuery;
        if (this.scenario.tileFault === true)
          return { ok: false, fault: { code: 'checkpoint/truncated', message: 'The file ends early.' } };
        const { head, values } = this.tensor(tile.tensor);
        const { kept } = this.statsOf(head.name);
        return {
          ok: true,
          value: tileOf(layoutOf(head, tile.layout, tile.channel), values(), tile, kept.absmin ?? 0, kept.abs99 ?? 0),
        };
      }
      case 'checkpoint/values': {
        const window = query as ValuesQuery;
        const { head, values } = this.tensorIn(window);
        return { ok: true, value: valuesIn(head, layoutOf(head, window.layout, window.channel), values(), window) };
      }
      case 'compare/open':
        return this.scenario.model === 'unreadable'
          ? { ok: false, fault: FILE_FAULT }
          : { ok: true, value: this.heads() };
      case 'compare/values':
        return this.compare(id);
      case 'compare/heatmap': {
        const tile = query as CompareTileQuery;
        const before = this.tensorIn({ path: tile.before, tensor: tile.tensorBefore ?? tile.tensor });
        return { ok: true, value: pairTile(before, this.laterByName.get(tile.tensor)!, tile) };
      }
      case 'compare/trend':
        return { ok: true, value: { layers: trendOf(this.tensors, (query as { paths: string[] }).paths.length) } };
      case 'change/report':
        return this.scenario.report === 'unreadable'
          ? { ok: false, fault: FILE_FAULT }
          : {
              ok: true,
              value: this.scenario.report === 'quantized' ? quantized(reportOf(this.tensors)) : reportOf(this.tensors),
            };
      case 'change/files':
        return { ok: true, value: { input: this.scenario.input ?? 'same', outputs: ['same'] } };
      case 'change/sweep':
        return this.scenario.sweep === 'unreadable'
          ? { ok: false, fault: FILE_FAULT }
          : { ok: true, value: sweepReport(this.scenario.sweep === 'running') };
      case 'change/plan':
        return this.scenario.report === 'problems'
          ? { kind: 'problems', problems: [PROBLEM] }
          : { kind: 'plan', plan: wished(planOf(this.tensors), query as PlanQuery) };
      case 'doctor/examine':
        return examination(this.scenario.doctor);
      case 'doctor/install':
        for (let seconds = 1; seconds <= 3; seconds++) {
          await new Promise((resolve) => setTimeout(resolve, 60));
          this.reply({ type: 'item', id, item: { seconds } });
        }
        if (this.scenario.doctor === 'offline')
          return {
            ok: false,
            fault: {
              code: 'tool/install',
              message: 'onnxruntime-node was not installed: the registry was not reached.',
            },
          };
        this.become({ ...this.scenario, doctor: 'installed' });
        return { ok: true, value: '/tools/onnxruntime-node-1.30.0' };
      case 'page/action':
        return { done: true };
      default:
        throw new Error(`the fake host knows no ${method}`);
    }
  }

  private tensorIn({ path, tensor }: { readonly path: string; readonly tensor: string }): FakeTensor {
    if (this.scenario.report !== undefined && path === '/models/resnet18.safetensors')
      return this.dense.find(({ head }) => head.name === tensor)!;
    return path.endsWith(LATER) ? this.laterByName.get(tensor)! : this.tensor(tensor);
  }

  private heads() {
    const before = this.head(this.scenario.report === undefined ? this.tensors : this.dense, FILE);
    const after = this.head(this.later, LATER);
    return { before, after, structure: structureOf(before.tensors, after.tensors) };
  }

  private async compare(id: number): Promise<unknown> {
    const { before, after, structure } = this.heads();
    const renamed = new Map(structure.renamed.map((pair) => [pair.after, pair.before]));
    const pairs = this.later.flatMap((tensor) => {
      const earlier = this.byName.get(renamed.get(tensor.head.name) ?? tensor.head.name);
      return earlier === undefined ? [] : [[earlier, tensor] as const];
    });
    const diffs: ValueDiff[] = [];
    for (const [i, [earlier, later]] of pairs.entries()) {
      if (this.scenario.pauseAfter === i) await new Promise<void>((resolve) => this.paused.push(resolve));
      else if (i % 8 === 7) await new Promise((resolve) => setTimeout(resolve));
      if (this.cancelled.has(id)) return undefined;
      const diff = pairDiff(earlier, later);
      diffs.push(diff);
      this.reply({ type: 'item', id, item: { kind: 'values', values: [diff] } });
      const progress = {
        doneTensors: i + 1,
        tensors: pairs.length,
        doneBytes: i + 1,
        bytes: pairs.length,
        msLeft: 4000,
      };
      this.reply({ type: 'item', id, item: { kind: 'progress', ...progress } });
    }
    const sum = (of: (diff: ValueDiff) => number, list = diffs): number =>
      list.reduce((total, diff) => total + of(diff), 0);
    const prunable = new Set(after.tensors.filter((head) => head.prunable).map(({ name }) => name));
    const weights = diffs.filter(({ name }) => prunable.has(name));
    const share = (of: (diff: ValueDiff) => number): number =>
      sum((diff) => of(diff) * diff.elements, weights) / sum((diff) => diff.elements, weights);
    const totals: CompareTotals = {
      elements: sum((diff) => diff.elements),
      changed: sum((diff) => diff.changed),
      maskChanged: sum((diff) => diff.maskChanged),
      maxAbsDelta: Math.max(...diffs.map((diff) => diff.maxAbsDelta)),
      l2Delta: Math.sqrt(sum((diff) => diff.l2Delta ** 2)),
      sparsityBefore: null,
      sparsityAfter: null,
      prunableSparsityBefore: share((diff) => diff.sparsityBefore),
      prunableSparsityAfter: share((diff) => diff.sparsityAfter),
    };
    const same = before.tensors.length === after.tensors.length && totals.changed === 0;
    return { structure, totals, identical: same };
  }

  private tensor(name: string): FakeTensor {
    return this.byName.get(name)!;
  }

  private statsOf(name: string): TensorStats {
    let stats = this.stats.get(name);
    if (stats === undefined) {
      const { head, values } = this.tensor(name);
      stats = statsOf(head, values());
      if (this.scenario.sampled === true)
        stats = { ...stats, obtained: { kind: 'sampled', share: 0.02, error: 0.003, seed: 1 } };
      this.stats.set(name, stats);
    }
    return stats;
  }

  private start(): PageStart {
    const { locale = 'en', scanAutomatically = true, select, stored } = this.scenario;
    const { compare, report, sweep } = this.scenario;
    if (this.scenario.doctor !== undefined) return { kind: 'doctor', paths: [], names: [], locale, scanAutomatically };
    if (sweep !== undefined)
      return {
        kind: 'sweep',
        paths: ['/models/out.sweep/sweep.json'],
        names: ['sweep.json'],
        locale,
        scanAutomatically,
      };
    if (report !== undefined) {
      const isReport = report === 'done' || report === 'quantized' || report === 'unreadable';
      const recipe = { recipe: FAKE_RECIPE, folder: '/models', trusted: report !== 'untrusted' };
      if (!isReport) setTimeout(() => this.tell('page/recipe', recipe));
      const name = isReport ? 'resnet18-80.safetensors.report.json' : 'resnet18.espalier.yaml';
      return {
        kind: isReport ? 'report' : 'preview',
        paths: [`/models/${name}`],
        names: [name],
        locale,
        scanAutomatically,
      };
    }
    const names = compare === undefined ? [FILE] : compare === 'trend' ? TREND : [FILE, LATER];
    return {
      kind: compare === undefined ? 'checkpoint' : 'compare',
      paths: names.map((name) => `/models/${name}`),
      names,
      locale,
      scanAutomatically,
      ...(select === undefined ? {} : { select }),
      ...(stored === undefined ? {} : { stored }),
    };
  }

  private head(all: readonly FakeTensor[] = this.tensors, file = FILE): FileHead {
    const tensors = all.map(({ head }) => head);
    const sum = (of: (head: TensorHead) => number): number => tensors.reduce((total, head) => total + of(head), 0);
    return {
      path: `/models/${file}`,
      format: 'safetensors',
      formatLabel: 'safetensors',
      metadata: { format: 'pt', 'espalier.recipe': 'magnitude 0.8, layer by layer' },
      findings: [],
      files: [{ name: file, sizeBytes: sum((head) => head.bytes) + 6200 }],
      tensors,
      totals: {
        tensors: tensors.length,
        parameters: sum((head) => head.elements),
        bytes: sum((head) => head.bytes) + (tensors.length === 0 ? 104 : 6200),
        zeros: null,
        sparsity: null,
        prunableParameters: sum((head) => (head.prunable ? head.elements : 0)),
        prunableZeros: null,
        prunableSparsity: null,
        readableParameters: 0,
        readablePrunable: 0,
        scannedTensors: 0,
      },
    };
  }

  private async scan(id: number, query: ScanQuery): Promise<unknown> {
    const skip = new Set(query.skip ?? []);
    const names = this.tensors
      .map(({ head }) => head.name)
      .filter((name) => this.tensor(name).head.noValues === undefined);
    const first = (query.first ?? []).filter((name) => !skip.has(name));
    const order = [...first, ...names.filter((name) => !first.includes(name) && !skip.has(name))];
    const bytesOf = (list: readonly string[]): number =>
      list.reduce((sum, name) => sum + this.tensor(name).head.bytes, 0);
    const done = names.filter((name) => skip.has(name));
    const findings: Finding[] = [];
    for (const [i, name] of order.entries()) {
      if (this.scenario.pauseAfter !== undefined && done.length === this.scenario.pauseAfter && i > 0) {
        await new Promise<void>((resolve) => this.paused.push(resolve));
      } else if (i % 8 === 7) await new Promise((resolve) => setTimeout(resolve));
      if (this.cancelled.has(id)) return undefined;
      const { head } = this.tensor(name);
      const fault = this.scenario.model === 'one-fault' && name === FAULTY;
      const stats = this.statsOf(name);
      const told = this.scenario.gzipApart ? { ...stats, sizes: { ...stats.sizes, gzip: null } } : stats;
      const facts: TensorFacts = fault ? { head, fault: TENSOR_FAULT } : { head, stats: told };
      const found = facts.stats === undefined ? [] : findingsOf(head, facts.stats);
      findings.push(...found);
      done.push(name);
      this.reply({ type: 'item', id, item: { kind: 'facts', facts: [facts], findings: found } });
      this.reply({
        type: 'item',
        id,
        item: {
          kind: 'progress',
          doneTensors: done.length,
          tensors: names.length,
          doneBytes: bytesOf(done),
          bytes: bytesOf(names),
          msLeft: 2000,
        },
      });
    }
    const all = names.flatMap((name) =>
      this.stats.has(name) ? findingsOf(this.tensor(name).head, this.stats.get(name)!) : [],
    );
    return { totals: this.head().totals, findings: all, sampled: this.scenario.sampled === true };
  }
}

/** Puts the fake editor where the page looks for the real one. */
export function install(scenario: Scenario): void {
  const host = new Host(scenario);
  const target = globalThis as unknown as { acquireVsCodeApi: () => unknown; fakeHost: FakeHost };
  const api = host.api();
  target.acquireVsCodeApi = () => api;
  target.fakeHost = host;
}
