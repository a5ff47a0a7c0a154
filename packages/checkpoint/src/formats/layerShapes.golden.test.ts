import { readFileSync } from 'node:fs';
import { fixturePath } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import type { JsonRecord } from '../json.js';
import type { KerasLayer } from './keras/config.js';
import { outputShapes as kerasShapes } from './keras/shapes.js';
import type { KnownShape } from './tensorflow/nodeDef.js';
import { outputShapes as tensorflowShapes } from './tensorflow/shapeRules.js';
import { readGraphDef } from './tfjs/jsonNodes.js';

/** Layers and operators with the shapes that Keras and TensorFlow give their outputs: generate/layer_shapes.py. */
const golden = JSON.parse(readFileSync(fixturePath('golden/layer-shapes.json'), 'utf8')) as {
  keras: { layer: { class_name: string; config: JsonRecord }; inputs: KnownShape[]; outputs: KnownShape[] }[];
  tensorflow: {
    node: JsonRecord & { op: string };
    inputs: KnownShape[];
    constants: Record<string, number[]>;
    outputs: KnownShape[];
  }[];
};

describe('Keras layers', () => {
  test('there are many', () => expect(golden.keras.length).toBeGreaterThan(120));

  test.each(golden.keras.map((entry, index) => [`${index} ${entry.layer.class_name}`, entry] as const))(
    '%s',
    (_, { layer, inputs, outputs }) => {
      const described: KerasLayer = {
        name: 'x',
        className: layer.class_name,
        config: layer.config,
        path: [],
        place: 'layers/x',
      };
      const found = kerasShapes(described, inputs);
      // Keras does not follow the letters of an equation to the lengths of the input's axes.
      const expected =
        layer.class_name === 'EinsumDense'
          ? outputs.map((shape, i) => shape!.map((axis, j) => axis ?? found[i]![j]!))
          : outputs;
      expect(found).toEqual(expected);
    },
  );
});

/** Operators whose output shapes depend on values, or that no layer of weights is followed by. */
const UNKNOWN = new Set(['StridedSlice', 'L2Loss', 'Range', 'Fill']);

describe('TensorFlow operators', () => {
  test('there are many', () => expect(new Set(golden.tensorflow.map(({ node }) => node.op)).size).toBeGreaterThan(30));

  test.each(golden.tensorflow.map((entry, index) => [`${index} ${entry.node.op}`, entry] as const))(
    '%s',
    (_, { node, inputs, constants, outputs }) => {
      const [def] = readGraphDef({ node: [node] }).nodes;
      const graphNode = {
        name: 'n',
        operator: def!.op,
        inputs: inputs.map((_shape, index) => `i${index}`),
        outputs: outputs.map((_shape, index) => `o${index}`),
        attributes: def!.attributes,
      };
      const found = tensorflowShapes(
        graphNode,
        inputs,
        (index) => constants[index < 0 ? inputs.length + index : index],
      );
      if (UNKNOWN.has(node.op)) expect(found[0] ?? null).toBeNull();
      else expect(outputs.map((_shape, index) => found[index] ?? null)).toEqual(outputs);
    },
  );
});
