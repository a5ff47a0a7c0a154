import { built, type Configuration, type Family, notBuilt } from './family.js';
import type { Net } from './net.js';

/** Where the weights of a block are, within the block: `attn.qkv` for `blocks.0.attn.qkv.weight`. */
interface Names {
  readonly family: string;
  /** Names of blocks up to their number; the first tensor that must be there. */
  readonly block: RegExp;
  readonly attention:
    | { readonly query: string; readonly key: string; readonly value: string; readonly out: string }
    | { readonly fused: string; readonly out: string }
    | null;
  readonly mlp: { readonly gate?: string; readonly up: string; readonly down: string };
  /** Tensors beside these whose widths have nothing to do with heads or hidden channels. */
  readonly others: RegExp;
  /** Width of a head where no configuration tells it. */
  readonly headSize: number;
}

const NAMES: readonly Names[] = [
  {
    family: 'ViT, DeiT (timm)',
    block: /^(.*\bblocks\.\d+\.)attn\.qkv\.weight$/,
    attention: { fused: 'attn.qkv', out: 'attn.proj' },
    mlp: { up: 'mlp.fc1', down: 'mlp.fc2' },
    others: /^(norm\d|ls\d|attn\.[qk]_norm)\.|^gamma_\d$/,
    headSize: 64,
  },
  {
    family: 'ViT (torchvision)',
    block: /^(.*\bencoder_layer_\d+\.)self_attention\.in_proj_weight$/,
    attention: { fused: 'self_attention.in_proj_', out: 'self_attention.out_proj' },
    mlp: { up: 'mlp.0', down: 'mlp.3' },
    others: /^ln_\d\./,
    headSize: 64,
  },
  {
    family: 'ViT, DeiT (Hugging Face)',
    block: /^(.*\blayer\.\d+\.)attention\.attention\.query\.weight$/,
    attention: {
      query: 'attention.attention.query',
      key: 'attention.attention.key',
      value: 'attention.attention.value',
      out: 'attention.output.dense',
    },
    mlp: { up: 'intermediate.dense', down: 'output.dense' },
    others: /^(layernorm_(before|after)|layer_scale\d)\./,
    headSize: 64,
  },
  {
    // Since transformers 5.
    family: 'ViT, DeiT (Hugging Face)',
    block: /^(.*\blayers\.\d+\.)attention\.q_proj\.weight$/,
    attention: {
      query: 'attention.q_proj',
      key: 'attention.k_proj',
      value: 'attention.v_proj',
      out: 'attention.o_proj',
    },
    mlp: { up: 'mlp.fc1', down: 'mlp.fc2' },
    others: /^(layernorm_(before|after)|layer_scale\d)\./,
    headSize: 64,
  },
  {
    family: 'BERT',
    block: /^(.*\blayer\.\d+\.)attention\.self\.query\.weight$/,
    attention: {
      query: 'attention.self.query',
      key: 'attention.self.key',
      value: 'attention.self.value',
      out: 'attention.output.dense',
    },
    mlp: { up: 'intermediate.dense', down: 'output.dense' },
    others: /^(attention\.)?output\.LayerNorm\./,
    headSize: 64,
  },
  {
    family: 'LLaMA',
    block: /^(.*\blayers\.\d+\.)self_attn\.q_proj\.weight$/,
    attention: {
      query: 'self_attn.q_proj',
      key: 'self_attn.k_proj',
      value: 'self_attn.v_proj',
      out: 'self_attn.o_proj',
    },
    mlp: { gate: 'mlp.gate_proj', up: 'mlp.up_proj', down: 'mlp.down_proj' },
    others: /(layernorm|norm)\.weight$|rotary_emb\./,
    headSize: 128,
  },
];

/** Blocks of attention and of two or three matrix products: heads and hidden channels are their own, the width between blocks is everybody's. */
export const transformers: readonly Family[] = NAMES.map((own) => ({
  name: own.family,
  matches: (names) => names.some((name) => own.block.test(name)),
  build(net, names, configuration) {
    const blocks = [...new Set(names.flatMap((name) => own.block.exec(name)?.[1] ?? []))];
    const notes: string[] = [];
    for (const block of blocks) {
      const foreign = foreignIn(names, block, own);
      if (foreign !== undefined) return notBuilt(`${foreign} is no part of a ${own.family} block`);
      const problem = attend(net, block, own, configuration, notes);
      if (problem !== null) return notBuilt(problem);
      feedForward(net, block, own);
    }
    return built([...new Set(notes)]);
  },
}));

/** A tensor of the block that nobody accounts for: it may depend on heads, as tables of positions do. */
function foreignIn(names: readonly string[], block: string, { attention, mlp, others }: Names): string | undefined {
  const known = [...Object.values(attention ?? {}), ...Object.values(mlp)];
  return names.find((name) => {
    if (!name.startsWith(block)) return false;
    const rest = name.slice(block.length);
    return (
      !others.test(rest) &&
      !known.some(
        (module) =>
          rest === `${module}.weight` ||
          rest === `${module}.bias` ||
          (module.endsWith('_') && (rest === `${module}weight` || rest === `${module}bias`)),
      )
    );
  });
}

const partsOf = (module: string): readonly [weight: string, bias: string] =>
  module.endsWith('_') ? [`${module}weight`, `${module}bias`] : [`${module}.weight`, `${module}.bias`];

/** What normalizes queries and keys head by head, where a block has it. */
const HEAD_NORMS: readonly string[] = ['attn', 'self_attn'].flatMap((module) => [
  `${module}.q_norm`,
  `${module}.k_norm`,
]);

/** Heads of attention; null, or why they cannot be told apart. */
function attend(net: Net, block: string, own: Names, configuration: Configuration, notes: string[]): string | null {
  const { attention } = own;
  if (attention === null) return null;
  const [outWeight, outBias] = partsOf(block + attention.out);
  const all = net.shape(outWeight)?.[1];
  if (all === undefined) return `${outWeight} is missing`;
  const size = headSizeOf(all, own, configuration, notes);
  if (size === null) return `the size of a head is not known: ${all} channels are no multiple of ${own.headSize}`;
  const wide = HEAD_NORMS.map((norm) => `${block}${norm}.weight`).find(
    (name) => net.has(name) && net.shape(name)!.join() !== String(size),
  );
  if (wide !== undefined) return `${wide} is not for one head of ${size} channels, so it depends on all of them`;
  const heads = all / size;
  const [q, k, v] =
    'fused' in attention
      ? fused(net, block + attention.fused, heads, size)
      : separate(net, block, attention, heads, size);
  const scores = net.op('Softmax', [net.op('MatMul', [q, net.op('Transpose', [k], { perm: [0, 2, 1] })])], {
    axis: -1,
  });
  const read = net.op('Transpose', [net.op('MatMul', [scores, v])], { perm: [1, 0, 2] });
  net.output(net.linear(net.op('Reshape', [read, net.numbers([0, all])]), outWeight, outBias));
  return null;
}

/** Values are tokens × channels; heads come first, then tokens. */
function byHead(net: Net, x: string, heads: number, size: number): string {
  return net.op('Transpose', [net.op('Reshape', [x, net.numbers([0, heads, size])])], { perm: [1, 0, 2] });
}

function fused(net: Net, module: string, heads: number, size: number): [string, string, string] {
  const made = net.linear('x', ...partsOf(module));
  const stack = net.op('Transpose', [net.op('Reshape', [made, net.numbers([0, 3, heads, size])])], {
    perm: [1, 2, 0, 3],
  });
  const [zero, one, two] = [0, 1, 2].map((index) =>
    net.op('Squeeze', [
      net.op('Slice', [stack, net.numbers([index]), net.numbers([index + 1]), net.numbers([0])]),
      net.numbers([0]),
    ]),
  );
  return [zero!, one!, two!];
}

function separate(
  net: Net,
  block: string,
  names: { readonly query: string; readonly key: string; readonly value: string },
  heads: number,
  size: number,
): [string, string, string] {
  const of = (module: string): string => {
    const [weight, bias] = partsOf(block + module);
    const own = (net.shape(weight)?.[0] ?? 0) / size;
    const made = byHead(net, net.linear('x', weight, bias), own, size);
    if (own === heads || heads % own !== 0) return made;
    // Several heads share one.
    const copies = net.op('Expand', [
      net.op('Unsqueeze', [made, net.numbers([1])]),
      net.numbers([1, heads / own, 1, 1]),
    ]);
    return net.op('Reshape', [copies, net.numbers([heads, 0, size])]);
  };
  return [of(names.query), of(names.key), of(names.value)];
}

function feedForward(net: Net, block: string, { mlp }: Names): void {
  const read = (module: string): string => net.linear('x', ...partsOf(block + module));
  const up = read(mlp.up);
  const hidden = mlp.gate === undefined ? net.activation(up) : net.op('Mul', [net.activation(read(mlp.gate)), up]);
  net.output(net.linear(hidden, ...partsOf(block + mlp.down)));
}

/** By the configuration beside the checkpoint where there is one, else as usual in the family. */
function headSizeOf(all: number, own: Names, configuration: Configuration, notes: string[]): number | null {
  const counted = (key: string): number | null => {
    // `null` stands there where the model works it out.
    const value = Number(configuration[key] || Number.NaN);
    return Number.isInteger(value) && value > 0 ? value : null;
  };
  const told = counted('head_dim') ?? all / (counted('num_attention_heads') ?? Number.NaN);
  if (Number.isInteger(told) && all % told === 0) return told;
  if (all % own.headSize !== 0) return null;
  notes.push(`Heads are taken to have ${own.headSize} channels, as usual in ${own.family}: no configuration tells.`);
  return own.headSize;
}
