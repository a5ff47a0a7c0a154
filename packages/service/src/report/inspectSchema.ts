import { z } from 'zod';

/** Raised when a field changes its meaning or goes away; new fields do not raise it. */
export const SCHEMA_VERSION = 1;

const finding = z.object({
  code: z.string().describe('Stable code such as checkpoint/non-finite; see docs/findings.md.'),
  severity: z.enum(['error', 'warning', 'information']),
  message: z.string(),
  tensor: z.string().optional(),
  file: z.string().optional().describe('File of the checkpoint that the finding is about, where there are several.'),
  offset: z.number().int().optional().describe('Byte offset in that file.'),
});

const obtained = z.union([
  z.object({ kind: z.literal('exact') }),
  z.object({
    kind: z.literal('sampled'),
    share: z.number().describe('Share of the values that were read, 0 to 1.'),
    error: z.number().describe('Half width of the 95 % interval of a ratio.'),
    seed: z.number().int(),
  }),
]);

const count = z.number().int().nullable();
const figure = z
  .union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])
  .nullable()
  .describe('null: not read, or no finite value. Non-finite numbers are strings.');

const pattern = z.object({
  axis: z.number().int(),
  groups: z.number().int(),
  compliantGroups: z.number().int(),
  strict: z.boolean().describe('Every group complies.'),
});

const blocks = z.object({
  blocks: z.number().int(),
  zeroBlocks: z.number().int(),
  zerosInBlocks: z.number().nullable().describe('Share of all zeros that lie in whole zero blocks.'),
});

const tensor = z.object({
  name: z.string(),
  dtype: z.string().describe('Logical type: F32 for a Q4_K block tensor or an affine uint8 weight.'),
  storage: z.string().describe('Type as stored.'),
  shape: z.array(z.number().int()),
  elements: z.number().int(),
  bytes: z.number().int().describe('Bytes in the file, scales and zero points included.'),
  zeros: count.describe('Zeros by the quantization where there is one, else exact zeros.'),
  exactZeros: count,
  nearZeros: count.describe('Finite |w| ≤ 1e-8 × absmax (or the ratio given), exact zeros included.'),
  sparsity: z
    .number()
    .nullable()
    .describe('zeros / elements; null for empty and text tensors, and where values were not read.'),
  nan: count,
  inf: count,
  min: figure,
  max: figure,
  mean: figure,
  std: figure.describe('Population standard deviation of the finite values.'),
  absmax: figure,
  quantiles: z
    .record(z.string(), figure)
    .nullable()
    .describe('By share: the smallest element such that at least this share of the finite elements is ≤ it.'),
  outputChannels: count,
  deadOutputChannels: count,
  deadInputChannels: count,
  patterns: z.record(z.string(), z.array(pattern)).describe('N:M along each axis.'),
  blocks: z.record(z.string(), blocks).optional(),
  sizes: z
    .object({
      raw: z.number(),
      gzip: z.object({ bytes: z.number(), obtained }).nullable(),
      csr: z.number(),
      bitmask: z.number(),
      packed24: z.object({ bytes: z.number(), fits: z.number() }).nullable(),
    })
    .optional()
    .describe('Bytes in other encodings.'),
  role: z.string(),
  layer: z.string(),
  obtained: obtained.optional(),
  error: z.object({ code: z.string(), message: z.string(), offset: z.number().optional() }).optional(),
});

const operator = z.object({
  name: z.string(),
  operator: z.string(),
  layer: z.string().optional(),
  path: z.array(z.string()).optional().describe('Enclosing branches and loop bodies, outermost first.'),
  inputShapes: z.array(z.array(z.number().nullable()).nullable()),
  outputShape: z.array(z.number().nullable()).nullable(),
  macs: z
    .number()
    .nullable()
    .describe('Multiply-accumulates, at batch 1 where the file leaves the batch open; null: not known.'),
  activations: z.number().nullable().describe('Elements of all outputs.'),
  unknown: z.string().optional().describe('What is not known: operator, shape, trip count, size.'),
  inTotal: z
    .literal(false)
    .optional()
    .describe('Does not run beside the others: a branch beside a costlier one, a training graph, a function.'),
});

const readableFile = z.object({
  path: z.string(),
  format: z.string(),
  metadata: z.record(z.string(), z.string()),
  findings: z.array(finding),
  totals: z.object({
    tensors: z.number().int(),
    parameters: z.number().int(),
    bytes: z.number().int(),
    zeros: count,
    sparsity: z.number().nullable(),
    prunableParameters: z.number().int(),
    prunableSparsity: z.number().nullable(),
  }),
  tensors: z.array(tensor),
  operators: z.array(operator).optional(),
});

const unreadableFile = z.object({
  path: z.string(),
  error: z.object({
    code: z.string(),
    message: z.string(),
    offset: z.number().optional(),
    expected: z.union([z.string(), z.number()]).optional(),
    found: z.union([z.string(), z.number()]).optional(),
  }),
});

/** What `espalier inspect --format json` prints. */
export const inspectReport = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  files: z.array(z.union([readableFile, unreadableFile])),
  error: z
    .object({ code: z.string(), message: z.string() })
    .optional()
    .describe('Why the command as a whole has no result: a wrong option, or it was cancelled. `files` is empty then.'),
});

export type InspectReport = z.infer<typeof inspectReport>;
export type InspectedFile = z.infer<typeof readableFile>;
export type UnreadableFile = z.infer<typeof unreadableFile>;
export type InspectedTensor = z.infer<typeof tensor>;
