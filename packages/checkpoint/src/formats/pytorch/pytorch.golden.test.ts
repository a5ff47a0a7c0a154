import { openCheckpoint } from '@espalier/checkpoint';
import {
  allGolden,
  comparable,
  expected,
  fileSource,
  fixturePath,
  type Golden,
  type GoldenTensor,
} from '@espalier/testkit';
import { describe, expect, test, vi } from 'vitest';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

const LABELS: Record<string, string> = {
  zip: 'pytorch-zip',
  legacy: 'pytorch-legacy',
  torchscript: 'pytorch-torchscript',
};

describe.each(allGolden('pytorch/'))('%s', (_, golden) => {
  test('agrees with torch.load, to the last bit of every tensor', async () => {
    const opened = await openCheckpoint(await fileSource(fixturePath(golden.fixture)));
    if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
    const checkpoint = opened.value;
    expect(checkpoint.format).toBe(LABELS[golden.layout ?? '']);

    // Meta tensors have no values, so that the golden file leaves them out.
    const listed = checkpoint.tensors.filter((tensor) => tensor.data.kind !== 'none' || tensor.data.why !== 'meta');
    const wantedTensors = folded(golden);
    expect(listed.map((tensor) => tensor.name)).toEqual(wantedTensors.map((tensor) => tensor.name));
    for (const [index, tensor] of listed.entries()) {
      const wanted = wantedTensors[index]!;
      // The golden file counts bytes of the dense, contiguous tensor; the product those in the file.
      const { bytes: _bytes, ...truth } = expected(wanted);
      const { bytes, ...found } = await comparable(tensor, wanted);
      expect(found).toEqual(truth);
      expect(tensor.storage).toBe(wanted.storage);
      if (wanted.sparse === undefined && tensor.name !== 'expanded') expect(bytes).toBe(wanted.bytes);
      if (wanted.alias === undefined) expect(tensor.sharesStorageWith).toBeUndefined();
    }
    const foreign = checkpoint.findings.filter((finding) => finding.code === 'checkpoint/foreign-global');
    expect(foreign.map((finding) => /names (\S+)\. Nothing/.exec(finding.message)?.[1])).toEqual(
      golden.foreignGlobals ?? [],
    );
    await checkpoint.close();
  });
});

/** The tensors as they are listed: a weight and its mask are one, their product, in which a dropped weight has no sign. */
function folded({ tensors, effective }: Golden): readonly GoldenTensor[] {
  const pairs = effective ?? [];
  return tensors.flatMap((tensor) => {
    const pair = pairs.find(({ parts }) => parts.includes(tensor.name));
    if (pair === undefined) return [tensor];
    if (pair.parts[0] !== tensor.name) return [];
    const sha256 = pair.digest.unsignedZero!;
    return [{ ...pair, storage: 'F32 with a mask', bytes: 2 * pair.bytes!, digest: { ...pair.digest, sha256 } }];
  });
}
