import { statSync } from 'node:fs';
import { attempt } from '@espalier/base';
import { openCheckpoint } from '@espalier/checkpoint';
import { allGoldenFaults, fileSource, fixturePath, type GoldenFault } from '@espalier/testkit';
import { describe, expect, test, vi } from 'vitest';
import { readValues } from './values/readValues.js';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

const OURS = /^checkpoints\/(?:faults\/(?:safetensors|npy|zip|pytorch|pointers)|npy|pytorch|huggingface)\//;

/** Code of the fault or of the finding that says what is wrong; '' where the fixture is odd, but fine. */
const CODES: Record<string, string> = {
  'huggingface-index-escape': 'path/outside-folder',
  'huggingface-index-mismatch': 'checkpoint/shards-differ',
  'npy-code.npy': 'checkpoint/header-malformed',
  'npy-huge-header.npy': 'checkpoint/header-too-long',
  'npy-huge-shape.npy': 'checkpoint/header-malformed',
  'npy-negative-shape.npy': 'checkpoint/header-malformed',
  'npy-object': 'checkpoint/pickled-array',
  'npy-short.npy': 'checkpoint/truncated',
  'npy-version-9.npy': 'checkpoint/unsupported-version',
  'plain-pickle': 'checkpoint/foreign-global',
  'pointers-best.pt': 'checkpoint/lfs-pointer',
  'pointers-decoder.onnx': 'checkpoint/lfs-pointer',
  'pointers-encoder.safetensors.dvc': 'checkpoint/dvc-pointer',
  'pointers-model.gguf': 'checkpoint/lfs-pointer',
  'pointers-resnet18.safetensors': 'checkpoint/lfs-pointer',
  'pytorch-billion-laughs.pt': '',
  'pytorch-deep.pt': 'checkpoint/too-deep',
  'pytorch-elements-lie.pt': '',
  'pytorch-long-string.pt': 'pickle/too-large',
  'pytorch-memo.pt': '',
  'pytorch-no-stop.pt': 'checkpoint/truncated',
  'pytorch-offset-lies.pt': 'checkpoint/truncated',
  'pytorch-proto-state.pt': '',
  'pytorch-shape-huge.pt': 'checkpoint/unsupported-tensor',
  'pytorch-size-lies.pt': 'checkpoint/truncated',
  'pytorch-storage-missing.pt': 'checkpoint/missing-data',
  'pytorch-stride-lies.pt': 'checkpoint/truncated',
  'pytorch-stride-negative.pt': 'checkpoint/unsupported-tensor',
  'pytorch-truncated-legacy.pt': 'checkpoint/truncated',
  'pytorch-truncated.pt': 'checkpoint/truncated',
  'pytorch-underflow.pt': 'pickle/malformed',
  'safetensors-array.safetensors': 'checkpoint/header-not-json',
  'safetensors-backwards.safetensors': 'checkpoint/header-malformed',
  'safetensors-deep.safetensors': 'checkpoint/header-malformed',
  'safetensors-dtype-unknown.safetensors': 'checkpoint/unsupported-tensor',
  'safetensors-empty.safetensors': 'checkpoint/empty',
  'safetensors-fields-missing.safetensors': 'checkpoint/header-malformed',
  'safetensors-fraction.safetensors': 'checkpoint/header-malformed',
  'safetensors-header-cut.safetensors': 'checkpoint/truncated',
  'safetensors-length-2-63.safetensors': 'checkpoint/header-too-long',
  'safetensors-length-zero.safetensors': 'checkpoint/header-not-json',
  'safetensors-negative.safetensors': 'checkpoint/header-malformed',
  'safetensors-not-json.safetensors': 'checkpoint/header-not-json',
  'safetensors-not-utf8.safetensors': 'checkpoint/header-not-json',
  'safetensors-offset-2-63.safetensors': 'checkpoint/header-malformed',
  'safetensors-overlap.safetensors': 'checkpoint/overlap',
  'safetensors-seven-bytes.safetensors': 'checkpoint/truncated',
  'safetensors-shape-lies.safetensors': 'checkpoint/size-mismatch',
  'safetensors-shape-overflow.safetensors': 'checkpoint/header-malformed',
  'safetensors-trailing.safetensors': 'checkpoint/unused-bytes',
  'safetensors-truncated.safetensors': 'checkpoint/truncated',
  'safetensors-web-page.safetensors': 'checkpoint/text',
  'zip-bad-deflate.npz': 'zip/inflate',
  'zip-bomb.npz': 'zip/inflate',
  'zip-crc.npz': 'checkpoint/header-malformed',
  'zip-escape.npz': '',
  'zip-no-directory.npz': 'checkpoint/truncated',
  'zip-outside.npz': 'zip/directory',
  'zip-overlap.npz': 'zip/overlap',
  'zip-too-many.npz': 'zip/directory',
  'zip-zeros.npz': '',
};

const cases = allGoldenFaults()
  .filter(([, golden]) => OURS.test(golden.fixture))
  .map(([path, golden]): [string, GoldenFault] => [path.replace(/^faults\/(.*)\.json$/, '$1'), golden]);

describe.each(cases)('%s', (name, golden) => {
  test(golden.note, async () => {
    const path = fixturePath(golden.fixture);
    const opened = await openCheckpoint(await fileSource(statSync(path).isDirectory() ? `${path}/config.json` : path));
    const codes = opened.ok ? opened.value.findings.map((finding) => finding.code) : [opened.fault.code];
    expect(CODES).toHaveProperty([name]);
    if (CODES[name] === '') expect(codes).toEqual([]);
    else expect(codes).toContain(CODES[name]);

    const readable: string[] = [];
    for (const tensor of opened.ok ? opened.value.tensors : []) {
      if (tensor.data.kind !== 'none' && (await attempt(() => readValues(tensor))).ok) readable.push(tensor.name);
    }
    if (golden.readable === true) expect(opened.ok).toBe(true);
    // What stands in a pickle of Python's own besides the call is an ordinary array.
    if (golden.readable === false && name !== 'plain-pickle') expect(readable).toEqual([]);
    for (const missing of golden.missing ?? []) {
      const unexpected = golden.unexpected?.includes(missing) ?? name === 'huggingface-index-escape';
      if (!unexpected) expect(readable).not.toContain(missing);
    }
    if (opened.ok) await opened.value.close();
  });
});

test('nothing of what the pickles ask for was executed', () => {
  expect(statSync('espalier-was-here', { throwIfNoEntry: false })).toBeUndefined();
});
