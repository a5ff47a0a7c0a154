import { costs, type Operation, type Outcome, type Rule } from '../operation.js';
import { type Axis, type PartialShape, plus, times } from '../shape.js';

/** Scores of every query with every key, then the weighted sums of the values. Masks save nothing: causal attention is counted in full. */
export const attentionMacs = (
  batch: Axis,
  heads: Axis,
  queries: Axis,
  keys: Axis,
  keySize: Axis,
  valueSize: Axis,
): number | null => times(batch, heads, queries, keys, plus(keySize, valueSize));

const ratio = (whole: Axis, parts: Axis): Axis =>
  whole === null || parts === null || parts === 0 ? null : Math.floor(whole / parts);

/** Attention of ai.onnx: [batch, heads, length, size], or [batch, length, heads · size] with the numbers of heads stated. */
const attention: Rule = (operation) => {
  const [q, k, v] = [operation.shape(0), operation.shape(1), operation.shape(2)];
  if (q === null || k === null || v === null || q.length !== k.length || q.length !== v.length) return costs(null);
  if (q.length !== 3 && q.length !== 4) return costs(null);
  const flat = q.length === 3;
  const heads = flat ? operation.int('q_num_heads', 0) || null : q[1]!;
  const kvHeads = flat ? operation.int('kv_num_heads', 0) || null : k[1]!;
  const keySize = flat ? ratio(q[2]!, heads) : q[3]!;
  const valueSize = flat ? ratio(v[2]!, kvHeads) : v[3]!;
  const [batch, queries] = [q[0]!, q[flat ? 1 : 2]!];
  const past = operation.has(4) ? operation.axis(4, 2) : 0;
  const keys = plus(past, k[flat ? 1 : 2]!);
  const y: PartialShape = flat ? [batch, queries, times(heads, valueSize)] : [batch, heads, queries, valueSize];
  return costs(
    attentionMacs(batch, heads, queries, keys, keySize, valueSize),
    y,
    [batch, kvHeads, keys, keySize],
    [batch, kvHeads, keys, valueSize],
    [batch, heads, queries, keys],
  );
};

/** com.microsoft Attention: projects the input with one matrix to queries, keys and values, then attends. */
export const projectedAttention =
  (pastAt: number): Rule =>
  (operation): Outcome => {
    const [x, weight] = [operation.shape(0), operation.shape(1)];
    if (x?.length !== 3 || weight?.length !== 2) return costs(null);
    const [batch, length] = [x[0]!, x[1]!];
    const sizes = operation.ints('qkv_hidden_sizes');
    const third = ratio(weight[1]!, 3);
    const [keySize, valueSize] = sizes?.length === 3 ? [sizes[0]!, sizes[2]!] : [third, third];
    const past = operation.has(pastAt) ? operation.axis(pastAt, 3) : 0;
    const keys = plus(past, length);
    const heads = operation.int('num_heads', 0) || null;
    const projection = times(batch, length, weight[0]!, weight[1]!);
    const attended = times(batch, length, keys, plus(keySize, valueSize));
    return costs(
      plus(projection, attended),
      [batch, length, valueSize],
      [2, batch, heads, keys, ratio(keySize, heads)],
    );
  };

/** com.microsoft MultiHeadAttention and GroupQueryAttention on inputs that are projected already. */
export const multiHeadAttention =
  (options: { readonly past: number; readonly kvHeads: boolean }): Rule =>
  (operation): Outcome => {
    const [q, k, v] = [operation.shape(0), operation.shape(1), operation.shape(2)];
    // Packed inputs have five axes, or stand in the query alone.
    if (q?.length !== 3 || k?.length !== 3 || v?.length !== 3 || !operation.has(1) || !operation.has(2))
      return costs(null);
    const heads = operation.int('num_heads', 0) || null;
    const kvHeads = options.kvHeads ? operation.int('kv_num_heads', 0) || null : heads;
    const keySize = ratio(q[2]!, heads);
    const valueSize = ratio(v[2]!, kvHeads);
    // A past that lies in a buffer is counted with the length of the buffer.
    const past = pastLength(operation, options.past);
    const keys = plus(past, k[1]!);
    return costs(
      attentionMacs(q[0]!, heads, q[1]!, keys, keySize, valueSize),
      [q[0]!, q[1]!, times(heads, valueSize)],
      [q[0]!, kvHeads, keys, keySize],
      [q[0]!, kvHeads, keys, valueSize],
    );
  };

const pastLength = (operation: Operation, at: number): Axis => (operation.has(at) ? operation.axis(at, 2) : 0);

export const attentions: Readonly<Record<string, Rule>> = { Attention: attention };
