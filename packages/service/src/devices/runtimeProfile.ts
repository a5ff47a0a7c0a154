import { FEWEST_PRODUCTS, type TimedProduct } from '@espalier/analysis';
import { type Fault, fail, ok, type Result } from '@espalier/base';
import { z } from 'zod';

/** Products of weights that are told by the shapes of inputs and outputs alone. */
const CONVOLUTIONS = new Set(['Conv', 'FusedConv']);
const MATRICES = new Set(['Gemm', 'FusedGemm', 'MatMul', 'FusedMatMul']);
const TYPES = new Map([
  ['float', 'f32'],
  ['float16', 'f16'],
] as const);

const shapes = z.array(z.record(z.string(), z.array(z.int().min(0))));
const nodeEvent = z.object({
  cat: z.literal('Node'),
  name: z.string().endsWith('_kernel_time'),
  dur: z.number().min(0),
  args: z.object({
    op_name: z.string(),
    node_index: z.string().optional(),
    input_type_shape: shapes,
    output_type_shape: shapes,
  }),
});

/** What a profile of onnxruntime tells of the products in it. */
export interface RuntimeProfile {
  /** One an operator and shape: the median over its runs. */
  readonly products: readonly TimedProduct[];
  /** Operators that are no product of a known form, and how many of each. */
  readonly others: ReadonlyMap<string, number>;
}

/**
 * Reads the JSON that onnxruntime writes with `enable_profiling` (trace event format; `dur` in µs). Convolutions in groups and operators on other types than floats are
 * counted among the others. Faults: `device/profile` for what is no such profile, or has too few products.
 */
export function readRuntimeProfile(text: string, file: string): Result<RuntimeProfile, Fault> {
  const wrong = (message: string): Result<never, Fault> => fail({ code: 'device/profile', message, file });
  let events: unknown;
  try {
    events = JSON.parse(text);
  } catch (error) {
    return wrong(`It is no JSON: ${(error as Error).message}.`);
  }
  if (!Array.isArray(events)) return wrong('It is no list of events, as onnxruntime writes with enable_profiling.');
  const timed = new Map<string, { product: Omit<TimedProduct, 'seconds'>; seconds: number[] }>();
  const others = new Map<string, Set<string>>();
  for (const each of events) {
    const parsed = nodeEvent.safeParse(each);
    if (!parsed.success) continue;
    const { name: raw, dur, args } = parsed.data;
    const name = raw.replace(/_kernel_time$/, '');
    const key = `${args.node_index ?? ''} ${name} ${JSON.stringify(args.input_type_shape)}`;
    const product = productOfNode(name, args);
    if (product === null || dur === 0) {
      const known = others.get(args.op_name) ?? new Set<string>();
      others.set(args.op_name, known.add(key));
      continue;
    }
    const known = timed.get(key);
    if (known === undefined) timed.set(key, { product, seconds: [dur / 1e6] });
    else known.seconds.push(dur / 1e6);
  }
  const products = [...timed.values()].map(({ product, seconds }) => ({
    ...product,
    seconds: seconds.sort((a, b) => a - b)[seconds.length >> 1]!,
  }));
  if (products.length < FEWEST_PRODUCTS)
    return wrong(
      `It has ${products.length} convolutions and matrix products in floats; at least ${FEWEST_PRODUCTS} are needed.`,
    );
  return ok({ products, others: new Map([...others].map(([operator, all]) => [operator, all.size])) });
}

type Args = z.infer<typeof nodeEvent>['args'];

function productOfNode(name: string, args: Args): Omit<TimedProduct, 'seconds'> | null {
  const [input, second] = args.input_type_shape.map(typed);
  const [output] = args.output_type_shape.map(typed);
  if (input === undefined || output === undefined || output.shape.length < 2) return null;
  const type = TYPES.get(input.type as 'float');
  const sizes = CONVOLUTIONS.has(args.op_name)
    ? convolution(input.shape, second?.shape ?? [], output.shape)
    : MATRICES.has(args.op_name) && isWeight(second?.shape)
      ? matrix(input.shape, output.shape)
      : null;
  if (type === undefined || sizes === null) return null;
  if (!Object.values(sizes).every((size) => Number.isSafeInteger(size) && size > 0)) return null;
  return { name, type, ...sizes };
}

/** A weight that was packed ahead is no input any more; more than two axes are a product of activations. */
const isWeight = (shape: readonly number[] | undefined): boolean => shape === undefined || shape.length <= 2;

type Sizes = Pick<TimedProduct, 'rows' | 'inner' | 'columns'>;

/** NCHW: the output channels are rows, batch and positions columns. */
function convolution(input: readonly number[], weight: readonly number[], output: readonly number[]): Sizes | null {
  const [rows, ...kernel] = weight;
  if (rows === undefined || kernel[0] !== input[1] || output[1] !== rows) return null;
  return { rows, inner: times(kernel), columns: times(output) / rows };
}

/** The last axis of the output are rows of the weight, all others columns. */
function matrix(input: readonly number[], output: readonly number[]): Sizes {
  const rows = output.at(-1)!;
  const columns = times(output) / rows;
  return { rows, inner: times(input) / columns, columns };
}

const times = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);
const typed = (entry: Readonly<Record<string, readonly number[]>>) => {
  const [type, shape] = Object.entries(entry)[0] ?? ['', []];
  return { type, shape };
};
