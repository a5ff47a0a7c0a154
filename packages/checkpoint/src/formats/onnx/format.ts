import type { Checkpoint, Finding, Format, TensorEntry } from '../../checkpoint.js';
import { UniqueNames } from '../../names.js';
import { spanOfFile } from '../../protobuf/index.js';
import { unreadableFindings } from '../../values/unreadable.js';
import { assignAxes } from './axes.js';
import { collect } from './collect.js';
import { type Draft, toDrafts } from './entries.js';
import { ExternalFiles } from './external.js';
import { toGraph } from './graph.js';
import { Links } from './links.js';
import { foldNBits } from './nBits.js';
import type { OnnxModel } from './proto.js';
import { applyQuantization } from './quantization.js';
import { readModel } from './readModel.js';
import { looksLikeOnnx } from './sniff.js';
import { withSteering } from './steering.js';

/** ONNX: one protobuf message, weights inside of it or in files beside it. */
export const onnx: Format = {
  name: 'onnx',
  matches: (head, source) => /\.onnx$/i.test(source.name) || looksLikeOnnx(head),
  async open(source, { signal }): Promise<Checkpoint> {
    const model = await readModel(spanOfFile(source), signal);
    const external = new ExternalFiles(source);
    try {
      const doubles: Finding[] = [];
      const collected = collect(model, new UniqueNames(source.name, doubles));
      const place = { source, external, signal };
      const drafts = await toDrafts(collected.tensors, place);
      const links = new Links(collected, drafts);
      const quantized = [...(await applyQuantization(links, signal)), ...(await foldNBits(links, signal))];
      assignAxes(links);
      const tensors = [...links.drafts.values()].map(toEntry);
      return {
        format: 'onnx',
        formatLabel: 'ONNX',
        tensors,
        metadata: metadataOf(model),
        findings: [...doubles, ...unreadableFindings(tensors), ...quantized, ...emptyModel(model, source.name)],
        files: [{ name: source.name, sizeBytes: source.sizeBytes }, ...(await external.files())],
        container: source,
        graph: await withSteering(toGraph(links), links, place),
        async close() {
          await external.close();
          await source.close();
        },
      };
    } catch (error) {
      await external.close();
      throw error;
    }
  },
};

function toEntry({ origin: _, ...entry }: Draft): TensorEntry {
  return entry;
}

function emptyModel(model: OnnxModel, file: string): Finding[] {
  if (model.graph !== null) return [];
  return [{ code: 'checkpoint/no-graph', severity: 'warning', message: 'The model has no graph.', file }];
}

function metadataOf(model: OnnxModel): Record<string, string> {
  const opsets = model.opsets.map(({ domain, version }) => `${domain || 'ai.onnx'} ${version}`).join(', ');
  const facts: Record<string, string> = {
    producer: [model.producerName, model.producerVersion].filter((text) => text !== '').join(' '),
    opset: opsets,
    irVersion: String(model.irVersion),
    domain: model.domain,
    modelVersion: model.modelVersion === 0 ? '' : String(model.modelVersion),
    graph: model.graph?.name ?? '',
  };
  return { ...model.metadata, ...Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== '')) };
}
