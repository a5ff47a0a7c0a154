import { QUANTILES, type TensorFacts, type TensorStats } from '@espalier/analysis';
import type { Fault } from '@espalier/base';
import type { FileFacts } from '../fileFacts.js';
import type { InspectedFile, InspectedTensor, UnreadableFile } from './inspectSchema.js';

/** One file of the report. `chosen` narrows the list of tensors; totals are always of the whole file. */
export function inspectedFile(path: string, facts: FileFacts, chosen: (name: string) => boolean): InspectedFile {
  const { head, totals } = facts;
  return {
    path,
    format: head.format,
    metadata: { ...head.metadata },
    findings: facts.findings.map((finding) => ({ ...finding })),
    totals: {
      tensors: totals.tensors,
      parameters: totals.parameters,
      bytes: totals.bytes,
      zeros: totals.zeros,
      sparsity: totals.sparsity,
      prunableParameters: totals.prunableParameters,
      prunableSparsity: totals.prunableSparsity,
    },
    tensors: head.tensors
      .filter(({ name }) => chosen(name))
      .map((tensor) => inspectedTensor(facts.facts.get(tensor.name) ?? { head: tensor })),
    ...(head.operators === undefined ? {} : { operators: head.operators.map(plain) }),
  };
}

export function unreadableFile(path: string, fault: Fault): UnreadableFile {
  return {
    path,
    error: {
      code: fault.code,
      message: fault.hint === undefined ? fault.message : `${fault.message} ${fault.hint}`,
      ...(fault.offset === undefined ? {} : { offset: fault.offset }),
      ...(fault.expected === undefined ? {} : { expected: fault.expected }),
      ...(fault.found === undefined ? {} : { found: fault.found }),
    },
  };
}

function inspectedTensor({ head, stats, fault }: TensorFacts): InspectedTensor {
  const error = fault ?? head.noValues?.fault;
  return {
    name: head.name,
    dtype: head.dtype,
    storage: head.storage,
    shape: [...head.shape],
    elements: head.elements,
    bytes: head.bytes,
    ...(stats === undefined ? UNREAD : figuresOf(stats, head.elements)),
    outputChannels: head.outputChannels,
    role: head.role,
    layer: head.layer,
    ...(error === undefined
      ? {}
      : {
          error: {
            code: error.code,
            message: error.message,
            ...(error.offset === undefined ? {} : { offset: error.offset }),
          },
        }),
  };
}

type Figures = Omit<
  InspectedTensor,
  'name' | 'dtype' | 'storage' | 'shape' | 'elements' | 'bytes' | 'outputChannels' | 'role' | 'layer' | 'error'
>;

const UNREAD: Figures = {
  zeros: null,
  exactZeros: null,
  nearZeros: null,
  sparsity: null,
  nan: null,
  inf: null,
  min: null,
  max: null,
  mean: null,
  std: null,
  absmax: null,
  quantiles: null,
  deadOutputChannels: null,
  deadInputChannels: null,
  patterns: {},
};

function figuresOf(stats: TensorStats, elements: number): Figures {
  return {
    zeros: stats.zeros,
    exactZeros: stats.exactZeros,
    nearZeros: stats.nearZeros,
    sparsity: elements === 0 ? null : stats.zeros / elements,
    nan: stats.nan,
    inf: stats.inf,
    min: figure(stats.min),
    max: figure(stats.max),
    mean: figure(stats.mean),
    std: figure(stats.std),
    absmax: figure(stats.absmax),
    quantiles:
      stats.quantiles === null
        ? null
        : Object.fromEntries(QUANTILES.map((share, i) => [String(share), figure(stats.quantiles![i]!)])),
    deadOutputChannels: stats.deadOutputChannels,
    deadInputChannels: stats.deadInputChannels,
    patterns: plain(stats.patterns),
    blocks: plain(stats.blocks),
    sizes: plain(stats.sizes),
    obtained: plain(stats.obtained),
  };
}

type Figure = number | 'NaN' | 'Infinity' | '-Infinity' | null;

/** JSON has no non-finite numbers: they are written as text. */
function figure(value: number | null): Figure {
  if (value === null || Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

/** Plain data loses nothing but its `readonly`. */
type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;
const plain = <T>(value: T): Plain<T> => value as Plain<T>;
