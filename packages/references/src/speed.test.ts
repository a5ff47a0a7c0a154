import { expect, test, vi } from 'vitest';
import { findReferences } from './index.js';

vi.setConfig({ testTimeout: 120_000 });

/** A piece of ordinary text in each language. */
const PIECES: readonly [language: string, piece: string][] = [
  [
    'python',
    `def evaluate(args, path="runs/best.pt"):
    """Loads a model and measures it. """
    state = torch.load(path, map_location="cpu", weights_only=True)
    for index, (images, labels) in enumerate(loader):
        logits = model.layer1[0].conv1(images.to(device))
        loss = F.cross_entropy(logits, labels, reduction="mean")
        if index % 10 == 0:
            print(f"{index}: {loss.item():.3f}", state["layer1.0.conv1.weight"].abs().mean())
    return {"loss": loss.item(), "checkpoint": path, "steps": index + 1}

`,
  ],
  [
    'typescript',
    `export async function evaluate(path = './models/net.onnx', options: Options = {}): Promise<number> {
  const session = await ort.InferenceSession.create(path, { executionProviders: ['cpu'], ...options });
  for (const [name, tensor] of Object.entries(session.inputs)) {
    const feeds = { [name]: new ort.Tensor('float32', data, tensor.dims) };
    console.log(\`\${name}: \${model.layers[0].conv1.weight.data().length}\`, feeds);
  }
  return session.outputs.length > 0 ? 1 : weights["layer1.0.conv1.weight"].length;
}

`,
  ],
  [
    'json',
    '{ "name": "net", "checkpoint": "models/net.safetensors", "layers": ["layer1.0.conv1", "fc"], "sparsity": 0.8 },\n',
  ],
  ['yaml', '- name: net\n  checkpoint: models/net.safetensors\n  layers: [layer1.0.conv1, "fc"]\n  sparsity: 0.8\n'],
  [
    'toml',
    '[[run]]\nname = "net"\ncheckpoint = "models/net.safetensors"\nlayers = ["layer1.0.conv1", "fc"]\nsparsity = 0.8\n',
  ],
  [
    'markdown',
    '# Results\n\nThe [network](models/net.safetensors) is dense in `layer1.0.conv1` and sparse elsewhere, see the table.\n\n',
  ],
];

const text = (piece: string, characters: number): string => piece.repeat(Math.ceil(characters / piece.length));

/** Processor time of this process, the best of a few: the machine may have other things to do. */
function costMs(run: () => void, rounds: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

test.each(PIECES)('a megabyte of %s takes about half a second, and time grows with length', (language, piece) => {
  const whole = text(piece, 1_000_000);
  const quarter = text(piece, 250_000);
  findReferences(quarter, language);
  const quarterMs = costMs(() => findReferences(quarter, language), 3);
  const wholeMs = costMs(() => findReferences(whole, language), 3);
  expect(findReferences(whole, language).checkpoints.length).toBeGreaterThan(1_000);
  // Half a second of processor time by itself; among other tests on a busy machine it has been three times that.
  expect(wholeMs).toBeLessThan(2_000);
  // Four times the text: four times the work, with room for the noise of a busy machine.
  expect(wholeMs / Math.max(quarterMs, 10)).toBeLessThan(10);
});
