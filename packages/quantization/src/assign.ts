import { globMatcher } from '@espalier/base';
import type { TensorHead } from '@espalier/model';
import type { Granularity } from './cells.js';
import type { ClipMethod } from './clip.js';
import type { ScaleType } from './quantizer.js';
import { SCHEMES, type Scheme } from './scheme.js';

/** What the options of a step say of a tensor. */
export interface How {
  readonly scheme: Scheme;
  readonly granularity: Granularity;
  readonly clip: ClipMethod;
  readonly percentile: number;
  readonly scaleType: ScaleType;
  /** A rule states the scheme of this very tensor. */
  readonly ruled: boolean;
}

interface HowOptions {
  readonly scheme?: string;
  readonly granularity?: Granularity['kind'];
  readonly groupSize?: number;
  readonly range?: ClipMethod;
  readonly percentile?: number;
  readonly scales?: 'f32' | 'f16';
}

export interface PostTrainingOptions {
  readonly default?: HowOptions;
  readonly rules?: readonly (HowOptions & { readonly match: string })[];
  readonly mixed?: { readonly bitsPerWeight?: number; readonly bytes?: number; readonly fewest?: string };
  readonly nonFinite?: 'refuse' | 'keep' | 'clamp';
}

const INITIAL: Required<HowOptions> = {
  scheme: 'int8-sym',
  granularity: 'channel',
  groupSize: 128,
  range: 'max',
  percentile: 99.99,
  scales: 'f32',
};

/**
 * How each tensor is quantized: by the first rule that matches its name, else by the default if it is one of `weights`. Rules that match nothing are told.
 */
export function assignSchemes(
  heads: readonly TensorHead[],
  weights: ReadonlySet<string>,
  options: PostTrainingOptions,
): { readonly how: ReadonlyMap<string, How>; readonly idle: readonly string[] } {
  const rules = (options.rules ?? []).map((rule) => ({ rule, matches: globMatcher(rule.match), used: false }));
  const how = new Map<string, How>();
  for (const head of heads) {
    const found = rules.find(({ matches }) => matches(head.name));
    if (found !== undefined) found.used = true;
    if (found === undefined && !weights.has(head.name)) continue;
    const ruled = found?.rule.scheme !== undefined;
    how.set(head.name, { ...howOf(head, { ...INITIAL, ...options.default, ...found?.rule }), ruled });
  }
  return { how, idle: rules.filter(({ used }) => !used).map(({ rule }) => rule.match) };
}

function howOf(head: TensorHead, options: Required<HowOptions>): Omit<How, 'ruled'> {
  const scheme = SCHEMES.get(options.scheme)!;
  const { range, percentile, scales } = options;
  const scaleType = scales === 'f16' ? 'F16' : 'F32';
  return { scheme, granularity: granularityOf(head, options), clip: range, percentile, scaleType };
}

/** Tensors without output channels have one scale; so do those whose channels lie along several axes. */
function granularityOf({ shape, axes, elements }: TensorHead, options: Required<HowOptions>): Granularity {
  if (options.granularity === 'tensor' || shape.length < 2) return { kind: 'tensor' };
  const [axis, ...more] = axes.output;
  if (options.granularity === 'channel')
    return axis === undefined || more.length > 0 ? { kind: 'tensor' } : { kind: 'channel', axis };
  // A row is what belongs to an output channel where channels come first, else the innermost axis.
  const columns = axis === 0 ? elements / shape[0]! : shape[shape.length - 1]!;
  return { kind: 'group', size: options.groupSize, columns };
}
