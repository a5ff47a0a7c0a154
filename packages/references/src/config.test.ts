import { expect, test } from 'vitest';
import { checkpointsOf, layersOf, siteOf, underCursor } from '../test/marked.js';

test.each([
  ['json', '{"checkpoint": "m.pt"}'],
  ['jsonc', '{/* "checkpoint": "x.pt" */ "checkpoint": "m.pt", // "y.pt"\n}'],
  ['yaml', 'checkpoint: m.pt'],
  ['yaml', 'checkpoint: "m.pt" # "x.pt"'],
  ['yaml', "checkpoint: &a !path 'm.pt'"],
  ['toml', 'checkpoint = "m.pt"'],
  ['toml', "checkpoint = 'm.pt' # 'x.pt'"],
])('a value that ends like a checkpoint is one, in %s: %s', (language, text) =>
  expect(checkpointsOf(text, language)).toEqual(['m.pt ← key "checkpoint"']),
);

test.each([
  ['json', '{"model": {"weights": ["a.bin", "b.h5"]}}'],
  ['yaml', 'model:\n  weights:\n    - a.bin\n    - b.h5'],
  ['yaml', 'model: {weights: [a.bin, b.h5]}'],
  ['toml', '[model]\nweights = [\n  "a.bin", # first\n  "b.h5",\n]'],
  ['toml', 'model.weights = ["a.bin", "b.h5"]'],
  ['toml', 'model = { weights = ["a.bin", "b.h5"] }'],
])('shared extensions count under a key that says so, in %s: %s', (language, text) =>
  expect(checkpointsOf(text, language)).toEqual(['a.bin ← key "weights"', 'b.h5 ← key "weights"']),
);

test.each([
  ['yaml', 'data: x.bin\nconfig: config.json\nmodel: tokenizer.json'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of another language
  ['yaml', 'model: ${dir}/m.pt\nother: "{{ root }}/m.pt"\nthird: $HOME/m.pt'],
  ['yaml', 'url: https://host/m.pt'],
  ['yaml', 'run: python eval.py --weights m.pt'],
  ['yaml', 'text: |\n  m.pt'],
  ['json', '{"bom-ref": "tool:pkg:pypi/setuptools#distutils-precedence.pth"}'],
  ['json', '{"weightsManifest": [{"paths": ["group1-shard1of1.bin"]}]}'],
  ['json', '{"m.pt": 1}'],
  ['toml', 'x = 1 # "m.pt"'],
])('other values are none, in %s: %s', (language, text) => expect(checkpointsOf(text, language)).toEqual([]));

test.each([
  ['yaml', 'output: m.pt', 'm.pt → key "output"'],
  ['yaml', 'outs:\n  - path: m.pt', 'm.pt → key "path"'],
  ['yaml', 'save_path: m.pt', 'm.pt → key "save_path"'],
  ['yaml', 'export:\n  weights: m.pt', '?m.pt ← key "weights"'],
  ['json', '{"name": "distutils-precedence.pth"}', '?distutils-precedence.pth ← key "name"'],
  ['yaml', 'filename: best.pt', '?best.pt ← key "filename"'],
  ['yaml', 'snapshot_path: last.pt', '?last.pt ← key "snapshot_path"'],
  ['yaml', 'model: best.pt', '?best.pt ← key "model"'],
  ['yaml', 'model: yolov8n.pt', '?yolov8n.pt ← key "model"'],
  ['yaml', 'model: /path/to/m.pt', '?/path/to/m.pt ← key "model"'],
  ['json', '{"files": ["m.onnx"]}', '?m.onnx ← key "files"'],
  ['json', '{"siblings": [{"rfilename": "m.safetensors"}]}', '?m.safetensors ← key "rfilename"'],
  ['json', '{"checkpoint": "m.pt', '?m.pt ← key "checkpoint"'],
  ['yaml', 'files: ck/*.pt', '?ck/*.pt ← key "files" [glob]'],
])('outputs, listings and templates are not certain, in %s: %s', (language, text, expected) =>
  expect(checkpointsOf(text, language)).toEqual([expected]),
);

test('a shard of an index is told once', () =>
  expect(
    checkpointsOf(
      '{"weight_map": {"a.weight": "s1.safetensors", "b.weight": "s1.safetensors", "c.weight": "s2.safetensors"}}',
      'json',
    ),
  ).toEqual(['s1.safetensors ← key "a.weight"', 's2.safetensors ← key "c.weight"']));

test.each([
  ['json', '{"layer1.0.conv1": 0.5, "skip": ["fc.weight"], "glob": "layer*.weight"}', ['layer1.0.conv1', 'fc.weight']],
  ['yaml', 'layer1.0.conv1: 0.5\nskip: [fc.weight, 1.2.3]', ['layer1.0.conv1', 'fc.weight']],
  ['toml', 'layer1.0.conv1 = 0.5\n"fc.weight" = 1\nskip = "a.b"', ['layer1.0.conv1', 'fc.weight', 'a.b']],
])('keys and values name layers, in %s', (language, text, expected) =>
  expect(layersOf(text, language)).toEqual(expected),
);

test.each([
  ['toml', 'a = "x\ncheckpoint = "m.pt"', 'm.pt'],
  ['toml', 'a = ["x.pt",\ncheckpoint = "m.pt"', 'm.pt'],
  ['toml', 'a = { b = \ncheckpoint = "m.pt"', 'm.pt'],
  ['toml', '[table\ncheckpoint = "m.pt"', 'm.pt'],
  ['toml', '= = [\ncheckpoint = "m.pt"', 'm.pt'],
  ['toml', 'text = """\nx = "no.pt"\n"""\ncheckpoint = "m.pt"', 'm.pt'],
  ['json', '{"a": [1, 2, "b": "x", "checkpoint": "m.pt"', 'm.pt'],
  ['json', '{"a": "x\n"checkpoint": "m.pt"}', 'm.pt'],
  ['yaml', 'a: [x\nb: {\ncheckpoint: m.pt', 'm.pt'],
])('half-typed %s costs no more than itself: %s', (language, text, expected) =>
  expect(checkpointsOf(text, language).map((line) => line.replace('?', '').split(' ')[0])).toContain(expected),
);

test('a list of lists ends where it was closed', () =>
  expect(checkpointsOf('{"a": [["x"], "y"], "checkpoint": "m.pt"}', 'json')).toEqual(['m.pt ← key "checkpoint"']));

test('JSON lines', () =>
  expect(checkpointsOf('{"model": "a.pt"}\n{"model": "b.pt"}', 'jsonl')).toEqual([
    '?a.pt ← key "model"',
    '?b.pt ← key "model"',
  ]));

test.each([
  ['json', '{"model": "dir\\\\m|.pt"}', 'dir\\\\m.pt'],
  ['yaml', "model: 'it''s/m|.pt'", "it''s/m.pt"],
])('a range is the raw inner text, in %s', (language, marked, expected) =>
  expect(underCursor(marked, language)).toBe(expected),
);

test.each([
  ['json', '{"checkpoint": "mo|"}', 'path:mo<mo>'],
  ['json', '{"checkpoint": "mo|', 'path:mo<mo>'],
  ['json', '{"layers": ["|"]}', 'layer:<>'],
  ['json', '{"name": "he|"}', null],
  ['yaml', 'checkpoint: |', 'path:<>'],
  ['yaml', 'checkpoint: mo|', 'path:mo<mo>'],
  ['yaml', 'checkpoint: "mo|"', 'path:mo<mo>'],
  ['yaml', 'checkpoint: m|o.pt\nb: 1', 'path:m<mo.pt>'],
  ['yaml', 'skip_layers:\n  - |', 'layer:<>'],
  ['yaml', 'layer1.0.c|: 5', 'layer:layer1.0.c<layer1.0.c>'],
  ['toml', 'checkpoint = "mo|"', 'path:mo<mo>'],
  ['toml', 'checkpoint = "mo|\nb = 1', 'path:mo<mo>'],
  ['toml', 'layers = ["a", "|"]', 'layer:<>'],
])('completion knows where it stands, in %s: %s', (language, marked, expected) =>
  expect(siteOf(marked, language)).toBe(expected),
);
