import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Graph, type GraphNode, type GraphValue, openCheckpoint, readValues } from '@espalier/checkpoint';
import { memorySource } from '@espalier/tensor';
import { fileSource, protoMessage } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { toHeads } from '../../heads.js';
import { operatorCosts } from '../operatorCosts.js';

/** The ONNX project's own tests, as Debian packs them (`apt-get install libonnx-testdata`): models with inputs and outputs, which have the true shapes. */
const root = '/usr/share/libonnx-testdata/data';
const folders = ['node', 'simple', 'pytorch-operator', 'pytorch-converted'];

/** Sequences and optionals have no shape. */
const NO_TENSORS = /sequence|_seq|optional|_opt/;
/** How many there are is found at run time, or texts decide. */
const OPEN = /compress|nonzero|nonmaxsuppression|unique|str(?:ing)?norm|tfidf|loop11/;
/** Not understood, as `unknown` says: training, and Scan of opset 8, which has a batch. */
const NOT_UNDERSTOOD = /adagrad|adam|momentum|gradient|scan_sum/;

interface Found {
  readonly name: string;
  readonly found: GraphValue['shape'];
  readonly truth: readonly number[];
}

describe.skipIf(!existsSync(root))('libonnx-testdata', () => {
  test('every output has the shape that the reference has', { timeout: 120_000 }, async () => {
    let exact = 0;
    const wrong: string[] = [];
    for await (const { name, found, truth } of outputs(true)) {
      if (NO_TENSORS.test(name)) continue;
      if (isEqual(found, truth)) exact++;
      else if (!NOT_UNDERSTOOD.test(name) && !(OPEN.test(name) && isCompatible(found, truth)))
        wrong.push(`${name}: ${JSON.stringify(found)}, not ${JSON.stringify(truth)}`);
    }
    expect(wrong).toEqual([]);
    expect(exact).toBeGreaterThan(1100);
  });

  test('without the values of inputs less is known, and nothing wrong', { timeout: 120_000 }, async () => {
    let exact = 0;
    for await (const { name, found, truth } of outputs(false)) {
      if (NO_TENSORS.test(name)) continue;
      if (isEqual(found, truth)) exact++;
      else expect([name, isCompatible(found, truth)]).toEqual([name, true]);
    }
    expect(exact).toBeGreaterThan(950);
  });
});

const isEqual = (found: Found['found'], truth: readonly number[]): boolean =>
  JSON.stringify(found) === JSON.stringify(truth);

/** Nothing that is found contradicts the truth. */
const isCompatible = (found: Found['found'], truth: readonly number[]): boolean =>
  found === null || (found.length === truth.length && found.every((axis, at) => axis === null || axis === truth[at]));

/** Shapes of all outputs. Of what the files state only the inputs and weights are kept; `withValues` also gives small inputs as constants. */
async function* outputs(withValues: boolean): AsyncGenerator<Found> {
  for (const folder of folders) {
    for (const name of readdirSync(join(root, folder))) {
      const path = join(root, folder, name);
      const set = existsSync(join(path, 'model.onnx'))
        ? readdirSync(path).find((file) => file.startsWith('test_data_set'))
        : undefined;
      if (set === undefined) continue;
      const opened = await openCheckpoint(await fileSource(join(path, 'model.onnx')));
      if (!opened.ok) throw new Error(`${name}: ${opened.fault.message}`);
      const { graph } = opened.value;
      const values = new Map<string, GraphValue>();
      for (const [value, known] of graph!.values)
        values.set(value, known.tensor === undefined ? { shape: null } : known);
      for (const [at, input] of graph!.inputs.entries()) {
        const given = await tensorOf(join(path, set, `input_${at}.pb`), withValues);
        if (given !== null) values.set(input, given);
      }
      // An Identity behind each output shows its shape.
      const probes = graph!.outputs.map(
        (output, at): GraphNode => ({
          name: `probe ${at}`,
          operator: 'Identity',
          inputs: [output],
          outputs: [`probe ${at}`],
          attributes: {},
        }),
      );
      const probed: Graph = { ...graph!, values, nodes: [...graph!.nodes, ...probes] };
      const costs = operatorCosts(probed, toHeads(opened.value)).slice(graph!.nodes.length);
      await opened.value.close();
      for (const [at, cost] of costs.entries()) {
        const truth = await tensorOf(join(path, set, `output_${at}.pb`), false);
        if (truth !== null)
          yield {
            name: `${name} ${graph!.outputs[at]}`,
            found: cost.outputShape,
            truth: truth.shape as number[],
          };
      }
    }
  }
}

/** A TensorProto in a file, read as the one initializer of a model. */
async function tensorOf(path: string, withValues: boolean): Promise<GraphValue | null> {
  if (!existsSync(path)) return null;
  const model = protoMessage([7, protoMessage([5, new Uint8Array(readFileSync(path))])]);
  const opened = await openCheckpoint(memorySource('tensor.onnx', model));
  const tensor = opened.ok ? opened.value.tensors[0] : undefined;
  if (tensor === undefined) return null;
  const { shape, dtype, elements, data } = tensor;
  const isSmall = withValues && elements <= 64 && /^(?:[IU]|F|BOOL)/.test(dtype) && data.kind !== 'none';
  const constant = isSmall ? Array.from(await readValues(tensor), Number) : elements === 0 ? [] : undefined;
  return { shape, dtype, ...(constant === undefined ? {} : { constant }) };
}
