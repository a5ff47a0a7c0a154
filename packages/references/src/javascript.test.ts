import { expect, test } from 'vitest';
import { checkpointsOf, layersOf, siteOf } from '../test/marked.js';

const check = (text: string, ...expected: string[]): void =>
  expect(checkpointsOf(text, 'typescript')).toEqual(expected);

test.each([
  ['new URL("./m.onnx", import.meta.url)', './m.onnx ← new URL'],
  ['import m from "./m.onnx"', './m.onnx ← import'],
  ['import m from "./m.onnx?url"', './m.onnx ← import'],
  ['const m = await import("../m.safetensors")', '../m.safetensors ← import'],
  ['const m = await tf.loadLayersModel("file://models/model.json")', 'models/model.json ← loadLayersModel [as m]'],
  ['tf.loadGraphModel(new URL("./model.json", import.meta.url).href)', './model.json ← loadGraphModel'],
  [
    'import * as ort from "onnxruntime-node"\nconst s = await ort.InferenceSession.create("m.onnx")',
    'm.onnx ← InferenceSession.create [as s]',
  ],
  [
    'import { InferenceSession as S } from "onnxruntime-node"\nconst s = await S.create(path.join(__dirname, "m.onnx"))',
    './m.onnx ← InferenceSession.create [as s]',
  ],
  [
    'import { readFileSync } from "node:fs"\nconst b = readFileSync("m.safetensors")',
    'm.safetensors ← fs.readFileSync [as b]',
  ],
  ['const fs = require("fs")\nfs.readFileSync(`m.gguf`)', 'm.gguf ← fs.readFileSync'],
  ['tf.node.loadSavedModel("exported")', 'exported ← loadSavedModel [folder]'],
])('a loading call names its file: %s', (text, expected) => check(text, expected));

test.each([
  ['ort.InferenceSession.create("./m.onnx")', '?./m.onnx ← InferenceSession.create'],
  ['tf.loadLayersModel("/models/model.json")', '?/models/model.json ← loadLayersModel'],
  ['import "@tensorflow/tfjs"\nfetch("./model.json")', '?./model.json ← fetch'],
  ['fetch("./m.onnx")', '?./m.onnx ← fetch'],
  [
    'const c = { weights: "w.bin", "checkpoint": "c.pt" }',
    '?w.bin ← variable "weights"',
    '?c.pt ← variable "checkpoint"',
  ],
  ['AutoModel.from_pretrained("Xenova/x")', '?Xenova/x ← from_pretrained [folder]'],
  ['import m from "@/models/m.onnx"', '?@/models/m.onnx ← import'],
  ['if (existsSync("m.gguf")) fs.readFileSync("m.gguf")', '?m.gguf ← existsSync', '?m.gguf ← fs.readFileSync'],
])('an address of a page is no certain file: %s', (text, ...expected) => check(text, ...(expected as string[])));

test.each([
  ['fs.writeFileSync("m.onnx", b)', 'm.onnx → fs.writeFileSync'],
  ['await model.save("file://out/model.json")', 'out/model.json → save'],
])('an output is told apart: %s', (text, expected) => check(text, expected));

test.each([
  'fetch("./model.json")',
  'tf.loadLayersModel("https://host/model.json")',
  'tf.loadLayersModel("localstorage://m")',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of another language
  'tf.loadLayersModel(`${base}/model.json`)',
  'create(base + "/m.onnx")',
  'import c from "./config.json"',
  'name.endsWith(".onnx")',
  '// "m.onnx"',
  'x = "a" === "m.onnx"',
])('what is computed, remote or prose is no reference: %s', (text) => check(text));

test('JSX attributes and expressions', () =>
  expect(checkpointsOf('<A src="./m.onnx" weights={"w.bin"}/>', 'typescriptreact')).toEqual([
    '?./m.onnx ← variable "src"',
    '?w.bin ← variable "weights"',
  ]));

test.each([
  ['model.layers[0].conv1.weight.data()', ['model: layers.0.conv1.weight']],
  ['this.net.fc?.bias', ['this: net.fc.bias']],
  ['weights["conv1/filters"]', ['weights: conv1/filters']],
  ['model.getLayer("dense")', ['model: getLayer', 'dense']],
  ['Math.max(1)', []],
  ['import * as tf from "x"\ntf.layers.dense()', []],
  ['const { b } = require("c"); b.d.e', []],
])('layers: %s', (text, expected) =>
  expect(layersOf(text, 'javascript').filter((name) => !name.endsWith('getLayer'))).toEqual(
    expected.filter((name) => !name.endsWith('getLayer')),
  ),
);

test.each([
  ['tf.loadLayersModel("mod|', 'path:mod<mod>'],
  ['new URL("./m|", import.meta.url)', 'path:./m<./m>'],
  ['import m from "./m|"', 'path:./m<./m>'],
  ['import m from "re|act"', null],
  ['weights["|"]', 'layer:<>'],
  ['model.layers[1].|', 'layer[layers.1]:<>'],
  ['const weights = "|"', 'path:<>'],
])('completion knows where it stands: %s', (marked, expected) => expect(siteOf(marked, 'typescript')).toBe(expected));
